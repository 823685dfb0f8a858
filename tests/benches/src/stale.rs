//! Taking over the lock of a process that is dead. What it left is made anew each time, and that is not timed, and nor is
//! the release.

use std::{env, path::Path, time::Instant};

use lockhost::{
    DEFAULT_NAME,
    comparison::{Native, acquire_natively},
};
use lockhost_tests::{fixture::Fixture, identity::Identity};

use super::{
    Outcome, child,
    paired::{Samples, Side},
    place::Place,
    report::{Measured, Row},
};

const BATCH: u32 = 20;

/// How many processes take locks over, on each side.
const PROCESSES: u32 = 50;

/// Beyond what Linux ever counts to.
const NO_PROCESS: &str = "999999999";

/// The variable with this program as another commit has it, to measure beside: its absolute path.
const BEFORE: &str = "LOCKHOST_BEFORE";

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let what = "taking over a stale lock";
    let mut rows = vec![
        Row::new(what, "native backend", "-"),
        Row::new(what, "acquiring a free one", "≤ 3x"),
    ];
    let mut beside = Row::new(what, "the same before, each in new processes", "≤ 0.65x");
    let before = env::var_os(BEFORE);
    for place in places {
        let fixture = place.fixture();
        let dead = Identity::mine(fixture.path()).with('p', NO_PROCESS);
        let leave = || dead.leave_at(&fixture, &["tinyforge.lock"]);
        let mut sides: [Side<'_>; 3] = [
            Box::new(|| timed(leave, || replaced(&fixture))),
            Box::new(|| timed(leave, || native(&fixture))),
            Box::new(|| timed(|| (), || Ok(lockhost::acquire(fixture.path())?))),
        ];
        let samples = Samples::take(samples, &mut sides)?;
        rows[0].push(Measured::ratio(&samples, 0, 1));
        rows[1].push(Measured::ratio(&samples, 0, 2));
        if let Some(before) = &before {
            let programs = [env::current_exe()?, before.into()];
            let mut sides = programs.each_ref().map(|program| -> Side<'_> {
                Box::new(move || {
                    let [time] = child::ask_of(program, "stale", place)?;
                    Ok(time)
                })
            });
            let samples = Samples::take(PROCESSES, &mut sides)?;
            beside.push(Measured::ratio(&samples, 0, 1));
        }
    }
    if before.is_some() {
        rows.push(beside);
    }
    Ok(rows)
}

/// In a child: microseconds for each take-over, once it has had one.
pub(crate) fn alone(directory: &Path) -> Outcome<()> {
    let fixture = Fixture::free_in(directory);
    let dead = Identity::mine(fixture.path()).with('p', NO_PROCESS);
    let leave = || dead.leave_at(&fixture, &["tinyforge.lock"]);
    timed(leave, || replaced(&fixture))?;
    println!("{}", timed(leave, || replaced(&fixture))?);
    Ok(())
}

/// Microseconds that an attempt takes, without what is done before and after it.
fn timed<L>(before: impl Fn(), attempt: impl Fn() -> Outcome<L>) -> Outcome<f64> {
    let mut sum = 0.0;
    for _ in 0..BATCH {
        before();
        let start = Instant::now();
        let lock = attempt()?;
        sum += start.elapsed().as_secs_f64();
        drop(lock);
    }
    Ok(sum * 1e6 / f64::from(BATCH))
}

fn replaced(fixture: &Fixture) -> Outcome<lockhost::Lock> {
    let lock = lockhost::acquire(fixture.path())?;
    match lock.replaced() {
        [] => Err("it was stale".into()),
        _ => Ok(lock),
    }
}

fn native(fixture: &Fixture) -> Outcome<Native> {
    let mut lock = acquire_natively(fixture.path(), DEFAULT_NAME)??;
    match lock.replaced()? {
        0 => Err("it was stale".into()),
        _ => Ok(lock),
    }
}
