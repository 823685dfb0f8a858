//! Many locks in one process, each on a directory of its own, as a host of plugins has them.

use std::path::Path;

use lockhost_tests::fixture::Fixture;

use super::{
    Outcome, child, cycle,
    paired::{Samples, Side, batch},
    place::Place,
    report::{Measured, Row},
};

/// How many plugins the host has.
const PLUGINS: u32 = 64;

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let mut first = Row::new(
        "64 locks in one process, each its own directory, the first time: all taken, then all released",
        "64 times one in another process, the first time, too",
        "≤ 1.3x",
    );
    let mut again = Row::new(
        "64 locks in one process, each its own directory, again: all taken, then all released",
        "64 times one, again, too",
        "-",
    );
    for place in places {
        let mut sides = ["many at once", "many in turn"].map(|what| -> Side<'_> {
            Box::new(move || {
                let [time] = child::ask(what, place)?;
                Ok(time)
            })
        });
        let first_times = Samples::take(samples, &mut sides)?;
        first.push(Measured::ratio(&first_times, 0, 1));
        let fixtures: Vec<Fixture> = (0..PLUGINS).map(|_| place.fixture()).collect();
        let mut sides: [Side<'_>; 2] = [
            Box::new(|| batch(1, || at_once(&fixtures))),
            Box::new(|| batch(1, || in_turn(&fixtures))),
        ];
        let samples = Samples::take(samples, &mut sides)?;
        again.push(Measured::ratio(&samples, 0, 1));
    }
    Ok(vec![first, again])
}

/// In a child that has had no lock yet: microseconds for all, on directories of which none has had one.
pub(crate) fn alone(directory: &Path, all: fn(&[Fixture]) -> Outcome<()>) -> Outcome<()> {
    let fixtures: Vec<Fixture> = (0..PLUGINS).map(|_| Fixture::free_in(directory)).collect();
    println!("{}", batch(1, || all(&fixtures))?);
    Ok(())
}

pub(crate) fn at_once(fixtures: &[Fixture]) -> Outcome<()> {
    let locks: Result<Vec<_>, _> = fixtures
        .iter()
        .map(|it| lockhost::acquire(it.path()))
        .collect();
    for lock in locks? {
        lock.release()?;
    }
    Ok(())
}

pub(crate) fn in_turn(fixtures: &[Fixture]) -> Outcome<()> {
    fixtures
        .iter()
        .try_for_each(|it| cycle::lockhost(it.path()))
}
