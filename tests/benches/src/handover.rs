//! From a release to the end of the one program that waited for it, and has nothing to do.

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
    program,
    report::{Measured, Row, time},
};

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let mut row = Row::new(
        "hand-over: from a release to the end of `lockhost acquire --wait DIR -- true`",
        "`flock FILE true`",
        "≤ 1.5x or 1 ms more",
    );
    for place in places {
        let fixture = place.fixture();
        let file = place.path().join("flock");
        let mut sides: [Side<'_>; 2] = [
            Box::new(|| lockhost(fixture.path())),
            Box::new(|| through_flock(&file)),
        ];
        let samples = Samples::take(samples / 2, &mut sides)?;
        let more = time(samples.difference(0, 1).median);
        row.push(Measured::ratio(&samples, 0, 1).and(&format!(", {more} more")));
    }
    Ok(vec![row])
}

fn lockhost(directory: &Path) -> Outcome<f64> {
    let lock = lockhost::acquire(directory)?;
    let mut command = program::command(program::lockhost());
    command
        .args(["acquire", "--quiet", "--wait"])
        .arg(directory);
    let waiter = waiting(command.args(["--", "true"]))?;
    from_release(waiter, || Ok(lock.release()?))
}

fn through_flock(path: &Path) -> Outcome<f64> {
    let file = File::create(path)?;
    flock(&file, FlockOperation::LockExclusive)?;
    let waiter = waiting(program::command(program::flock()).arg(path).arg("true"))?;
    from_release(waiter, || {
        drop(file);
        Ok(())
    })
}

/// Starts it, and returns once it sleeps.
fn waiting(command: &mut Command) -> Outcome<Child> {
    let child = command.stdin(Stdio::null()).spawn()?;
    let stat = format!("/proc/{}/stat", child.id());
    let mut in_a_row = 0;
    // No notification says that a process waits. It may sleep for a moment before that, on a page of its file.
    while in_a_row < 5 {
        thread::sleep(Duration::from_millis(1));
        let sleeps = fs::read_to_string(&stat)?.contains(") S ");
        in_a_row = if sleeps { in_a_row + 1 } else { 0 };
    }
    Ok(child)
}

/// Microseconds from before the release to after the waiter's end.
fn from_release(mut waiter: Child, release: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    release()?;
    let status = waiter.wait()?;
    let elapsed = start.elapsed().as_secs_f64() * 1e6;
    match status.success() {
        true => Ok(elapsed),
        false => Err(format!("a waiter ended: {status}").into()),
    }
}
