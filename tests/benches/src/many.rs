//! Many locks in one process, each on a directory of its own, as a host of plugins has them.

use lockhost_tests::scene::Scene;

use super::{
    Outcome, cycle,
    paired::{Samples, Side, batch},
    place::Place,
    report::{Measured, Row},
};

/// How many plugins the host has.
const PLUGINS: u32 = 64;

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let mut row = Row::new(
        "64 locks in one process, each its own directory: all taken, then all released",
        "64 times one",
        "≤ 1.1x",
    );
    for place in places {
        let scenes: Vec<Scene> = (0..PLUGINS).map(|_| place.scene()).collect();
        let mut sides: [Side<'_>; 2] = [
            Box::new(|| batch(1, || at_once(&scenes))),
            Box::new(|| batch(1, || in_turn(&scenes))),
        ];
        let samples = Samples::take(samples, &mut sides)?;
        row.push(Measured::ratio(&samples, 0, 1));
    }
    Ok(vec![row])
}

fn at_once(scenes: &[Scene]) -> Outcome<()> {
    let locks: Result<Vec<_>, _> = scenes
        .iter()
        .map(|it| lockhost::acquire(it.path()))
        .collect();
    for lock in locks? {
        lock.release()?;
    }
    Ok(())
}

fn in_turn(scenes: &[Scene]) -> Outcome<()> {
    scenes.iter().try_for_each(|it| cycle::lockhost(it.path()))
}
