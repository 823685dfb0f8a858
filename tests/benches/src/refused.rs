//! Being refused, by another process that is alive.

use std::path::Path;

use lockhost::{DEFAULT_NAME, comparison::acquire_natively};
use rustix::process::Signal;

use super::{
    Outcome,
    paired::{Samples, Side, batch},
    place::Place,
    program,
    report::{Measured, Row},
};

const BATCH: u32 = 100;

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let what = "refused by a live owner";
    let mut rows = [
        Row::new(what, "native backend", "≤ 1.3x"),
        Row::new(what, "-", "≤ 15 µs"),
    ];
    for place in places {
        let fixture = place.fixture();
        let mut owner = program::owner(fixture.path());
        let mut sides: [Side<'_>; 2] = [
            Box::new(|| batch(BATCH, || lockhost(fixture.path()))),
            Box::new(|| batch(BATCH, || native(fixture.path()))),
        ];
        let samples = Samples::take(samples, &mut sides)?;
        owner.end(Signal::TERM);
        rows[0].push(Measured::ratio(&samples, 0, 1));
        rows[1].push(Measured::time(samples.of(0)));
    }
    Ok(rows.into())
}

/// One refusal of ours.
pub(crate) fn lockhost(directory: &Path) -> Outcome<()> {
    match lockhost::acquire(directory) {
        Err(error) if error.is_refusal() => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err("it is held".into()),
    }
}

fn native(directory: &Path) -> Outcome<()> {
    match acquire_natively(directory, DEFAULT_NAME)? {
        Err(_) => Ok(()),
        Ok(_) => Err("it is held".into()),
    }
}
