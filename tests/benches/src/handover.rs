//! From a release to the end of a program that waited for it and has nothing to do, alone or in a crowd.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};

use super::{
    Outcome,
    paired::{Samples, Side},
    place::Place,
    processor, program,
    report::{Measured, Row, time},
};

/// How many waiters a crowd has.
const CROWD: u32 = 256;

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    Ok(vec![
        row(places, samples, program::lockhost(), COMPONENT)?,
        row(places, samples, program::native(), NATIVE)?,
    ])
}

const COMPONENT: (&str, &str) = (
    "hand-over: from a release to the end of `lockhost acquire --wait DIR -- true`",
    "≤ 1.25x",
);

const NATIVE: (&str, &str) = ("hand-over, native: the same", "≤ 1.1x");

fn row(
    places: &[Place],
    samples: u32,
    program: &Path,
    (what, goal): (&'static str, &'static str),
) -> Outcome<Row> {
    let mut row = Row::new(what, "`flock FILE true`", goal);
    for place in places {
        let fixture = place.fixture();
        let file = place.path().join("flock");
        let mut sides: [Side<'_>; 2] = [
            Box::new(|| lockhost(program, fixture.path(), 1)),
            Box::new(|| through_flock(&file, 1)),
        ];
        let samples = Samples::take(samples / 2, &mut sides)?;
        let more = time(samples.difference(0, 1).median);
        row.push(Measured::ratio(&samples, 0, 1).and(&format!(", {more} more")));
    }
    Ok(row)
}

/// Measures hand-overs among many waiters: all of them wait for one release, and each then hands over to another one.
pub(crate) fn crowd(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let what = "a hand-over with 256 waiters";
    let cost = "processor time of all waiters, whole processes, for each of 256 hand-overs";
    let mut rows = [
        Row::new(what, "with 1 waiter", "≤ 2x"),
        Row::new(what, "`flock FILE true` with 256", "-"),
        Row::new(cost, "with 1 waiter", "≤ 2x"),
        Row::new(cost, "`flock FILE true` with 256", "-"),
    ];
    for place in places {
        let fixture = place.fixture();
        let file = place.path().join("flock");
        let [mut times, mut costs] = [const { [const { Vec::new() }; 3] }; 2];
        for _ in 0..(samples / 10).max(1) {
            // As many hand-overs on each side, or the ticks of the kernel's count would be too coarse.
            let alone = || -> Outcome<f64> {
                let mut sum = 0.0;
                for _ in 0..CROWD {
                    sum += lockhost(program::lockhost(), fixture.path(), 1)?;
                }
                Ok(sum / f64::from(CROWD))
            };
            let many = || lockhost(program::lockhost(), fixture.path(), CROWD);
            let flocks = || through_flock(&file, CROWD);
            let sides: [&dyn Fn() -> Outcome<f64>; 3] = [&many, &alone, &flocks];
            for (side, (times, costs)) in sides.iter().zip(times.iter_mut().zip(&mut costs)) {
                let before = processor::of_children()?;
                times.push(side()?);
                costs.push((processor::of_children()? - before) / f64::from(CROWD));
            }
        }
        let (times, costs) = (Samples::of_sides(times), Samples::of_sides(costs));
        rows[0].push(Measured::ratio(&times, 0, 1));
        rows[1].push(Measured::ratio(&times, 0, 2));
        rows[2].push(Measured::ratio(&costs, 0, 1));
        rows[3].push(Measured::ratio(&costs, 0, 2));
    }
    Ok(rows.into())
}

/// Returns the microseconds of each hand-over to one of so many waiters.
fn lockhost(program: &Path, directory: &Path, waiters: u32) -> Outcome<f64> {
    let lock = lockhost::acquire(directory)?;
    let mut command = program::command(program);
    // This process is its parent, and releases the lock all the same.
    command
        .args(["acquire", "--quiet", "--wait", "--wait-for-ancestor"])
        .arg(directory);
    let waiters = waiting(command.args(["--", "true"]), waiters)?;
    from_release(waiters, || Ok(lock.release()?))
}

fn through_flock(path: &Path, waiters: u32) -> Outcome<f64> {
    let file = File::create(path)?;
    flock(&file, FlockOperation::LockExclusive)?;
    let mut command = program::command(program::flock());
    let waiters = waiting(command.arg(path).arg("true"), waiters)?;
    from_release(waiters, || {
        drop(file);
        Ok(())
    })
}

/// Starts so many, and returns once all of them sleep.
fn waiting(command: &mut Command, count: u32) -> Outcome<Vec<Child>> {
    command.stdin(Stdio::null());
    let children: Result<Vec<_>, _> = (0..count).map(|_| command.spawn()).collect();
    let children = children?;
    for child in &children {
        let stat = format!("/proc/{}/stat", child.id());
        let mut in_a_row = 0;
        // No process reports that another one waits. It may sleep for a moment before that, on a page of its file.
        while in_a_row < 5 {
            thread::sleep(Duration::from_millis(1));
            let stat = fs::read_to_string(&stat)?;
            if stat.contains(") Z ") {
                return Err("a waiter ended before it waited".into());
            }
            let sleeps = stat.contains(") S ");
            in_a_row = if sleeps { in_a_row + 1 } else { 0 };
        }
    }
    Ok(children)
}

/// Returns the microseconds from before the release to after the end of the last waiter, for each of them.
fn from_release(waiters: Vec<Child>, release: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let count = waiters.len() as f64;
    let start = Instant::now();
    release()?;
    let mut ended = Ok(());
    for mut waiter in waiters {
        let status = waiter.wait()?;
        if !status.success() {
            ended = Err(format!("a waiter ended: {status}").into());
        }
    }
    let elapsed = start.elapsed().as_secs_f64() * 1e6;
    ended.map(|()| elapsed / count)
}
