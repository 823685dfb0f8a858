//! Taking a free lock and giving it up, in a process that has done so before.

use std::{fs::File, path::Path};

use fd_lock::RwLock;
use fslock::LockFile;
use lockhost::{DEFAULT_NAME, comparison};
use lockhost_tests::original::{self, Original};
use pidlock::Pidlock;

use super::{
    Outcome,
    paired::{Samples, Side, batch},
    place::Place,
    report::{Measured, Row},
};

/// How often in a row, for a sample.
const BATCH: u32 = 50;

pub(crate) fn measure(places: &[Place], samples: u32) -> Outcome<Vec<Row>> {
    let what = "in process, acquire + release";
    let mut rows = [
        Row::new(what, "native backend", "≤ 1.35x"),
        Row::new(what, "the Go original's algorithm", "-"),
        Row::new(what, "crate `pidlock`", "-"),
        Row::new(what, "crate `fd-lock`", "-"),
        Row::new(what, "crate `fslock`, no pid", "-"),
        Row::new(
            "in process, acquire + release, native",
            "the Go original's algorithm",
            "≤ 2.0x tmpfs, ≤ 1.6x disk",
        ),
    ];
    for place in places {
        let fixtures: [_; 6] = std::array::from_fn(|_| place.fixture());
        let paths = fixtures.each_ref().map(|fixture| fixture.path());
        let mut sides: [Side<'_>; 6] = [
            side(paths[0], lockhost),
            side(paths[1], native),
            side(paths[2], original),
            side(paths[3], pidlock),
            side(paths[4], fd_lock),
            side(paths[5], fslock),
        ];
        let samples = Samples::take(samples, &mut sides)?;
        let pairs = [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 2)];
        for (row, (side, beside)) in rows.iter_mut().zip(pairs) {
            row.push(Measured::ratio(&samples, side, beside));
        }
    }
    Ok(rows.into())
}

fn side(directory: &Path, cycle: fn(&Path) -> Outcome<()>) -> Side<'_> {
    Box::new(move || batch(BATCH, || cycle(directory)))
}

/// One cycle of ours.
pub(crate) fn lockhost(directory: &Path) -> Outcome<()> {
    Ok(lockhost::acquire(directory)?.release()?)
}

/// One of the native backend's.
pub(crate) fn native(directory: &Path) -> Outcome<()> {
    Ok(comparison::acquire_natively(directory, DEFAULT_NAME)??.release()?)
}

fn original(directory: &Path) -> Outcome<()> {
    let original = Original::new(directory, ());
    match original.acquire()? {
        original::Outcome::Acquired => Ok(original.release()?),
        original::Outcome::Held(why) => Err(why.into()),
    }
}

fn pidlock(directory: &Path) -> Outcome<()> {
    let mut lock = Pidlock::new_validated(directory.join("lock.pid"))?;
    lock.acquire()?;
    Ok(lock.release()?)
}

fn fd_lock(directory: &Path) -> Outcome<()> {
    let mut lock = RwLock::new(File::create(directory.join("lock"))?);
    drop(lock.try_write()?);
    Ok(())
}

/// Without a pid in it: with one, it syncs.
fn fslock(directory: &Path) -> Outcome<()> {
    let mut lock = LockFile::open(&directory.join("lock"))?;
    if !lock.try_lock()? {
        return Err("it is free".into());
    }
    Ok(lock.unlock()?)
}
