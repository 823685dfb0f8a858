//! The whole program, from its start to its end, around a command that does nothing.

use std::{path::Path, process::Command};

use super::{
    Outcome,
    paired::{Samples, Side, batch},
    place::Place,
    program,
    report::{Measured, Row},
};

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    Ok(vec![
        row(places, samples, program::lockhost(), COMPONENT)?,
        row(places, samples, program::native(), NATIVE)?,
    ])
}

const COMPONENT: (&str, &str) = (
    "cold: `lockhost acquire DIR -- true`, a whole process",
    "≤ 1.2x",
);

const NATIVE: (&str, &str) = ("cold, native: the same", "≤ 1.0x");

fn row(
    places: &[Place],
    samples: u32,
    program: &Path,
    (what, goal): (&'static str, &'static str),
) -> Outcome<Row> {
    let mut row = Row::new(what, "`flock -n FILE true`", goal);
    for place in places {
        let fixture = place.fixture();
        let file = place.path().join("flock");
        let mut lockhost = program::command(program);
        lockhost
            .arg("acquire")
            .arg(fixture.path())
            .args(["--", "true"]);
        let mut flock = program::command(program::flock());
        flock.arg("-n").arg(file).arg("true");
        let mut sides: [Side<'_>; 2] = [
            Box::new(|| batch(1, || ends_well(&mut lockhost))),
            Box::new(|| batch(1, || ends_well(&mut flock))),
        ];
        let samples = Samples::take(3 * samples, &mut sides)?;
        row.push(Measured::ratio(&samples, 0, 1));
    }
    Ok(row)
}

/// Runs it to its end.
pub(crate) fn ends_well(command: &mut Command) -> Outcome<()> {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {status}").into()),
    }
}
