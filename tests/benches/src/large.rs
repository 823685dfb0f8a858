//! A directory of very many files that are not the lock's.

use std::{ops::Range, path::Path};

use lockhost_tests::fixture::Fixture;
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::Signal,
};

use super::{
    Outcome, child, cycle,
    paired::{Samples, Side, batch},
    place::Place,
    program, refused,
    report::{Measured, Row},
    unasked,
};

const FILES: u32 = 100_000;
const BATCH: u32 = 20;

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let beside = "an empty directory";
    let mut rows = [
        Row::new(
            "among 100,000 other files: acquire + release",
            beside,
            "≤ 1.2x",
        ),
        Row::new("among 100,000 other files: refused", beside, "≤ 1.2x"),
        Row::new("among 100,000 other files: inspect", beside, "≤ 1.2x"),
        Row::new(
            "among 100,000 other files: acquire + release of the one identity in 64 that sweeps unasked",
            beside,
            "-",
        ),
    ];
    for place in places {
        let (full, empty) = (place.fixture(), place.fixture());
        fill(&full, 0..FILES)?;
        rows[0].push(both(&full, &empty, samples, cycle::lockhost)?);
        let mut owners = [&full, &empty].map(|fixture| program::owner(fixture.path()));
        rows[1].push(both(&full, &empty, samples, refused::lockhost)?);
        rows[2].push(both(&full, &empty, samples, inspect)?);
        for owner in &mut owners {
            owner.end(Signal::TERM);
        }
        let told = child::ask_who_sweeps(&[
            "sweep".as_ref(),
            empty.path(),
            full.path(),
            (samples / 5).to_string().as_ref(),
        ])?;
        rows[3].push(Measured::ratio(&Samples::read(&told, 2), 0, 1));
    }
    Ok(rows.into())
}

/// Puts files of these numbers there.
pub(crate) fn fill(fixture: &Fixture, mut numbers: Range<u32>) -> Outcome<()> {
    numbers.try_for_each(|number| {
        let file = fixture.path().join(format!("{number}.data"));
        Ok(mknodat(CWD, file, FileType::RegularFile, Mode::RUSR, 0)?)
    })
}

fn both(
    full: &Fixture,
    empty: &Fixture,
    samples: u32,
    operation: fn(&Path) -> Outcome<()>,
) -> Outcome<Measured> {
    let mut sides = [full, empty].map(|fixture| -> Side<'_> {
        Box::new(move || batch(BATCH, || operation(fixture.path())))
    });
    let samples = Samples::take(samples, &mut sides)?;
    Ok(Measured::ratio(&samples, 0, 1))
}

/// In a child: samples of both, if it sweeps unasked.
pub(crate) fn sweeping(empty: &Path, full: &Path, samples: &str) -> Outcome<()> {
    if !unasked::sweeps(empty)? {
        return Ok(());
    }
    let mut sides = [full, empty]
        .map(|directory| -> Side<'_> { Box::new(move || batch(1, || cycle::lockhost(directory))) });
    Samples::take(samples.parse()?, &mut sides)?.tell();
    Ok(())
}

fn inspect(directory: &Path) -> Outcome<()> {
    match lockhost::inspect(directory, lockhost::DEFAULT_NAME)?.state() {
        lockhost::State::Held => Ok(()),
        other => Err(format!("it is held, and not {other:?}").into()),
    }
}
