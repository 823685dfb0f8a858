//! The leftovers of dead owners, and which process removes them when: claims that no name needs, reclaim locks, and
//! nothing else.

// Links and pipes, and names that differ by case.
#[cfg(unix)]
mod unix;

use std::{
    ffi::OsString,
    fs::{self, File},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use lockhost::acquire;
use lockhost_machine::{machine::sweeps_unasked, names};
use lockhost_tests::{
    files::look_at,
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    single_step::{Stepped, links, lists, unlinks},
};

/// The deepest reclaim lock that is followed. Only the next one could remove it, so it is never tidied.
const DEEPEST: usize = names::DEEPEST as usize;

/// A pid that is dead to every process.
const DEAD: u32 = 999_999_999;

/// Returns the identity of a dead process of this machine. The number distinguishes it from others.
fn dead(number: u32) -> Identity {
    Identity::mine(Fixture::free().path())
        .with('p', &DEAD.to_string())
        .with('s', &number.to_string())
}

fn claim(fixture: &Fixture, identity: &Identity) -> PathBuf {
    fixture
        .path()
        .join(format!("tinyforge.lock.{}", identity.text()))
}

fn level(fixture: &Fixture, level: usize) -> PathBuf {
    let name = format!("tinyforge.lock{}", ".reclaim".repeat(level));
    fixture.path().join(name)
}

/// Leaves a claim of a dead process that has these levels' names.
fn leave(fixture: &Fixture, identity: &Identity, levels: &[usize]) {
    let claim = claim(fixture, identity);
    fs::write(&claim, NO_PROCESS).unwrap();
    for number in levels {
        fs::hard_link(&claim, level(fixture, *number)).unwrap();
    }
}

/// Acquires the lock and releases it. Returns the files that are left.
fn take_and_release(fixture: &Fixture) -> Vec<OsString> {
    let lock = acquire(fixture.path()).unwrap();
    assert!(lock.warnings().is_empty(), "{:?}", lock.warnings());
    lock.release().unwrap();
    fixture.files()
}

/// Does as [`take_and_release`], but replaces a dead owner's lock, and so sweeps.
fn sweep(fixture: &Fixture) -> Vec<OsString> {
    fs::write(fixture.lock(), NO_PROCESS).unwrap();
    take_and_release(fixture)
}

#[test]
fn a_crash_half_way_in_a_reclaim_leaves_a_claim_that_goes() {
    let fixture = Fixture::stale();
    let identity = dead(1);
    let mut crashed = Stepped::new(fixture.path(), DEAD, &identity.text());
    crashed.stop_before(unlinks(1));
    drop(crashed);
    let files = [
        claim(&fixture, &identity),
        level(&fixture, 0),
        level(&fixture, 1),
    ]
    .map(|path| look_at(&path).unwrap().id);
    assert_eq!(files, [files[0]; 3]);
    let lock = acquire(fixture.path()).unwrap();
    let replaced: Vec<_> = lock.replaced().iter().map(|it| it.path()).collect();
    assert_eq!(replaced, [level(&fixture, 1), level(&fixture, 0)]);
    assert_eq!(fixture.files().len(), 2, "{:?}", fixture.files());
    lock.release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn a_claim_stays_for_as_long_as_a_name_needs_it() {
    let fixture = Fixture::free();
    let shared = dead(1);
    leave(&fixture, &shared, &[1, 2]);
    let mut owner = Stepped::new(fixture.path(), DEAD, &dead(2).text());
    for depth in [2, 1] {
        owner.stop_before(unlinks(depth));
        assert!(claim(&fixture, &shared).exists(), "at level {depth}");
        owner.take(unlinks(depth));
    }
    assert_eq!(owner.run(), Ok(()));
    // Both names were its own by then, and were removed.
    assert!(!claim(&fixture, &shared).exists(), "{:?}", fixture.files());
    assert_eq!(fixture.files().len(), 2);
}

#[test]
fn a_claim_that_gets_a_name_during_a_sweep_stays_with_it() {
    let fixture = Fixture::stale();
    let late = dead(1);
    let mut owner = Stepped::new(fixture.path(), DEAD, &dead(2).text());
    // The examination lists the directory too, where no kernel keeps evidence.
    owner.stop_before(unlinks(1));
    owner.stop_before(lists);
    // A process crashes in a reclaim of the lock whose owner was dead a moment ago.
    leave(&fixture, &late, &[1]);
    // The sweep is over, and the owner takes that level.
    owner.stop_before(links(1));
    assert!(claim(&fixture, &late).exists() && level(&fixture, 1).exists());
    assert_eq!(owner.run(), Ok(()));
    assert!(!claim(&fixture, &late).exists() && !level(&fixture, 1).exists());
    drop(owner);
    assert!(
        take_and_release(&fixture).is_empty(),
        "{:?}",
        fixture.files()
    );
}

#[test]
fn dead_reclaim_locks_beside_a_free_lock_go_with_the_next_owner() {
    for depth in 1..DEEPEST {
        let fixture = Fixture::free();
        for number in 1..=depth {
            fs::write(level(&fixture, number), NO_PROCESS).unwrap();
        }
        assert!(
            take_and_release(&fixture).is_empty(),
            "{:?}",
            fixture.files()
        );
        for number in 1..=depth {
            leave(&fixture, &dead(number as u32), &[number]);
        }
        assert!(
            take_and_release(&fixture).is_empty(),
            "{:?}",
            fixture.files()
        );
    }
}

#[test]
fn a_dead_reclaim_lock_at_any_depth_goes_with_the_next_sweep() {
    for depth in 1..DEEPEST {
        let fixture = Fixture::free();
        fs::write(level(&fixture, depth), NO_PROCESS).unwrap();
        assert!(sweep(&fixture).is_empty(), "{:?}", fixture.files());
        leave(&fixture, &dead(1), &[depth]);
        assert!(sweep(&fixture).is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn limit_the_deepest_reclaim_lock_stays_beside_a_free_lock() {
    let fixture = Fixture::free();
    fs::write(level(&fixture, DEEPEST), NO_PROCESS).unwrap();
    let deepest = fixture.files();
    assert_eq!(sweep(&fixture), deepest);
    assert_eq!(take_and_release(&fixture), deepest);
}

#[test]
fn claims_of_the_dead_go_with_a_reclaim_or_one_owner_in_64() {
    let fixture = Fixture::free();
    for number in 0..100 {
        leave(&fixture, &dead(number), &[]);
    }
    let sweeps = |number: &u32| {
        let identity = names::Identity::new(&dead(*number).text());
        sweeps_unasked(&identity.expect("an identity"))
    };
    let idle = (1000..).find(|number| !sweeps(number)).unwrap();
    let mut owner = Stepped::new(fixture.path(), DEAD, &dead(idle).text());
    assert_eq!(owner.run(), Ok(()));
    assert_eq!(fixture.files().len(), 102);
    fs::remove_file(fixture.lock()).unwrap();
    let busy = (1000..).find(sweeps).unwrap();
    let mut owner = Stepped::new(fixture.path(), DEAD, &dead(busy).text());
    assert_eq!(owner.run(), Ok(()));
    assert_eq!(fixture.files().len(), 2, "the owner's own");
    for number in 0..100 {
        leave(&fixture, &dead(number), &[]);
    }
    assert!(
        take_and_release(&fixture).is_empty(),
        "{:?}",
        fixture.files()
    );
}

#[test]
fn an_empty_claim_of_another_boot_goes_once_it_is_a_minute_old() {
    let fixture = Fixture::free();
    let boot = "0123456789abcdef0123456789abcdef";
    let foreign = |number: u32| dead(number).with('b', boot);
    let now = SystemTime::now();
    for (number, age) in [(1, 0), (2, 30), (3, 90), (4, 365 * 24 * 3600)] {
        let file = File::create(claim(&fixture, &foreign(number))).unwrap();
        file.set_modified(now - Duration::from_secs(age)).unwrap();
    }
    let future = File::create(claim(&fixture, &foreign(5))).unwrap();
    future
        .set_modified(now + Duration::from_secs(3600))
        .unwrap();
    drop(future);
    sweep(&fixture);
    let left = (1..=5).filter(|number| claim(&fixture, &foreign(*number)).exists());
    assert_eq!(Vec::from_iter(left), [1, 2, 5]);
}

#[test]
fn an_empty_claim_that_promises_no_evidence_stays() {
    let fixture = Fixture::free();
    let foreign = dead(1)
        .with('b', "0123456789abcdef0123456789abcdef")
        .without('e');
    let file = File::create(claim(&fixture, &foreign)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    drop(file);
    sweep(&fixture);
    assert!(claim(&fixture, &foreign).exists());
}
