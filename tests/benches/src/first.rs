//! What a process pays once, and what it pays for a lock while all instances that it has are in use.

use std::{fs, path::Path, time::Instant};

use lockhost::{DEFAULT_NAME, comparison::acquire_natively};

use super::{
    Outcome, child,
    paired::Spread,
    place::Place,
    report::{Measured, Row, time},
};

/// How many further locks a child takes.
const FURTHER: u32 = 32;

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let mut first = Row::new("first lock in a process, engine included", "-", "≤ 0.6 ms");
    let mut further = Row::new(
        "a further instance: a lock while others are held",
        "the native backend's is taken off",
        "≤ 30 µs",
    );
    for place in places {
        let mut firsts = Vec::new();
        let mut instances = Vec::new();
        let mut locks = Vec::new();
        for _ in 0..samples {
            let [once, lock, native] = child::ask("first", place)?;
            firsts.push(once);
            instances.push(lock - native);
            locks.push(lock);
        }
        let whole = time(Spread::of(locks).median);
        first.push(Measured::time(Spread::of(firsts)));
        let instance = Measured::time(Spread::of(instances));
        further.push(instance.and(&format!(" (of {whole})")));
    }
    Ok(vec![first, further])
}

/// In a child: microseconds for the first lock, for a further one, and for a further one of the native backend's.
pub(crate) fn alone(directory: &Path) -> Outcome<()> {
    let start = Instant::now();
    let lock = lockhost::acquire(directory)?;
    let first = start.elapsed().as_secs_f64() * 1e6;
    let mut of_ours = vec![lock];
    let mut of_natives = Vec::new();
    let (mut ours, mut natives) = (0.0, 0.0);
    for number in 0..FURTHER {
        let [one, other] = ["one", "other"].map(|it| directory.join(format!("{it}{number}")));
        fs::create_dir(&one)?;
        fs::create_dir(&other)?;
        let start = Instant::now();
        of_ours.push(lockhost::acquire(&one)?);
        ours += start.elapsed().as_secs_f64();
        let start = Instant::now();
        of_natives.push(acquire_natively(&other, DEFAULT_NAME)??);
        natives += start.elapsed().as_secs_f64();
    }
    let each = 1e6 / f64::from(FURTHER);
    println!("{first} {} {}", ours * each, natives * each);
    Ok(())
}
