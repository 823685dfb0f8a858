//! Taking over the lock of a process that is dead. What it left is made anew each time, and that is not timed, and nor is
//! the release.

use std::time::Instant;

use lockhost::{
    DEFAULT_NAME,
    comparison::{Native, acquire_natively},
};
use lockhost_tests::{fixture::Fixture, identity::Identity};

use super::{
    Outcome,
    paired::{Samples, Side},
    place::Place,
    report::{Measured, Row},
};

const BATCH: u32 = 20;

/// Beyond what Linux ever counts to.
const NO_PROCESS: &str = "999999999";

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let what = "taking over a stale lock";
    let mut rows = [
        Row::new(what, "native backend", "≤ 1.3x"),
        Row::new(what, "acquiring a free one", "≤ 3x"),
    ];
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
    }
    Ok(rows.into())
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
