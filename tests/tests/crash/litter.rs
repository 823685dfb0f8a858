//! What the dead leave, and who removes it when: claims that no name needs, reclaim locks, and nothing else.

// Links and pipes, and names that are the same elsewhere.
#[cfg(unix)]
mod unix;

use std::{
    ffi::OsString,
    fs::{self, File},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use lockhost::acquire;
use lockhost_guest::{lockfile, machine::sweeps_unasked};
use lockhost_tests::{
    files::look_at,
    identity::Identity,
    scene::{NOBODY, Scene},
    stepped::{Stepped, lists, unlinks},
};

/// The deepest reclaim lock that is followed. It would take the next one to remove it, so it is never tidied.
const DEEPEST: usize = lockfile::DEEPEST as usize;

/// The number of a process that is dead to everybody.
const DEAD: u32 = 999_999_999;

/// The identity of a process of this machine that is dead. The number tells it from others.
fn dead(number: u32) -> Identity {
    Identity::mine(Scene::free().path())
        .with('p', &DEAD.to_string())
        .with('s', &number.to_string())
}

fn claim(scene: &Scene, identity: &Identity) -> PathBuf {
    scene
        .path()
        .join(format!("tinyforge.lock.{}", identity.text()))
}

fn level(scene: &Scene, level: usize) -> PathBuf {
    let name = format!("tinyforge.lock{}", ".reclaim".repeat(level));
    scene.path().join(name)
}

/// Leaves a claim of a dead process that has these levels' names.
fn leave(scene: &Scene, identity: &Identity, levels: &[usize]) {
    let claim = claim(scene, identity);
    fs::write(&claim, NOBODY).unwrap();
    for number in levels {
        fs::hard_link(&claim, level(scene, *number)).unwrap();
    }
}

/// Takes the lock and gives it up. The files that are left.
fn take_and_release(scene: &Scene) -> Vec<OsString> {
    let lock = acquire(scene.path()).unwrap();
    assert!(lock.warnings().is_empty(), "{:?}", lock.warnings());
    lock.release().unwrap();
    scene.files()
}

/// As [`take_and_release`], by somebody who replaces a dead lock, and so sweeps.
fn sweep(scene: &Scene) -> Vec<OsString> {
    fs::write(scene.lock(), NOBODY).unwrap();
    take_and_release(scene)
}

#[test]
fn a_crash_between_the_two_halves_of_a_reclaim_leaves_one_claim_for_two_names_and_all_go() {
    let scene = Scene::stale();
    let identity = dead(1);
    let mut crashed = Stepped::new(scene.path(), DEAD, &identity.text());
    crashed.stop_before(unlinks(1));
    drop(crashed);
    let files = [claim(&scene, &identity), level(&scene, 0), level(&scene, 1)]
        .map(|path| look_at(&path).unwrap().id);
    assert_eq!(files, [files[0]; 3]);
    let lock = acquire(scene.path()).unwrap();
    let replaced: Vec<_> = lock.replaced().iter().map(|it| it.path()).collect();
    assert_eq!(replaced, [level(&scene, 1), level(&scene, 0)]);
    assert_eq!(scene.files().len(), 2, "{:?}", scene.files());
    lock.release().unwrap();
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}

#[test]
fn a_claim_stays_for_as_long_as_a_name_needs_it() {
    let scene = Scene::free();
    let shared = dead(1);
    leave(&scene, &shared, &[1, 2]);
    let mut owner = Stepped::new(scene.path(), DEAD, &dead(2).text());
    for depth in [2, 1] {
        owner.stop_before(unlinks(depth));
        assert!(claim(&scene, &shared).exists(), "at level {depth}");
        owner.take(unlinks(depth));
    }
    assert_eq!(owner.run(), Ok(()));
    // Both names were its own by then, and are gone again.
    assert!(!claim(&scene, &shared).exists(), "{:?}", scene.files());
    assert_eq!(scene.files().len(), 2);
}

#[test]
fn a_claim_that_gets_a_name_while_others_are_swept_stays_with_it_and_goes_with_it() {
    let scene = Scene::stale();
    let late = dead(1);
    let mut owner = Stepped::new(scene.path(), DEAD, &dead(2).text());
    // The look and the judging list it too, where no kernel keeps evidence.
    owner.stop_before(unlinks(1));
    owner.stop_before(lists);
    // Somebody crashes in a reclaim of the lock that was dead a moment ago.
    leave(&scene, &late, &[1]);
    assert_eq!(owner.run(), Ok(()));
    assert!(claim(&scene, &late).exists() && level(&scene, 1).exists());
    drop(owner);
    assert!(take_and_release(&scene).is_empty(), "{:?}", scene.files());
}

#[test]
fn a_dead_reclaim_lock_beside_a_free_lock_goes_with_the_next_owner_and_all_that_are_deeper() {
    for depth in 1..DEEPEST {
        let scene = Scene::free();
        for number in 1..=depth {
            fs::write(level(&scene, number), NOBODY).unwrap();
        }
        assert!(take_and_release(&scene).is_empty(), "{:?}", scene.files());
        for number in 1..=depth {
            leave(&scene, &dead(number as u32), &[number]);
        }
        assert!(take_and_release(&scene).is_empty(), "{:?}", scene.files());
    }
}

#[test]
fn a_dead_reclaim_lock_that_is_left_alone_at_any_depth_goes_with_the_next_sweep() {
    for depth in 1..DEEPEST {
        let scene = Scene::free();
        fs::write(level(&scene, depth), NOBODY).unwrap();
        assert!(sweep(&scene).is_empty(), "{:?}", scene.files());
        leave(&scene, &dead(1), &[depth]);
        assert!(sweep(&scene).is_empty(), "{:?}", scene.files());
    }
}

#[test]
fn limit_the_deepest_reclaim_lock_stays_beside_a_free_lock_and_harms_nobody() {
    let scene = Scene::free();
    fs::write(level(&scene, DEEPEST), NOBODY).unwrap();
    let deepest = scene.files();
    assert_eq!(sweep(&scene), deepest);
    assert_eq!(take_and_release(&scene), deepest);
}

#[test]
fn claims_of_the_dead_go_with_the_next_who_replaces_a_dead_lock_or_is_one_in_64() {
    let scene = Scene::free();
    for number in 0..100 {
        leave(&scene, &dead(number), &[]);
    }
    let sweeps = |number: &u32| {
        let identity = lockfile::Identity::new(&dead(*number).text());
        sweeps_unasked(&identity.expect("an identity"))
    };
    let idle = (1000..).find(|number| !sweeps(number)).unwrap();
    let mut owner = Stepped::new(scene.path(), DEAD, &dead(idle).text());
    assert_eq!(owner.run(), Ok(()));
    assert_eq!(scene.files().len(), 102);
    fs::remove_file(scene.lock()).unwrap();
    let busy = (1000..).find(sweeps).unwrap();
    let mut owner = Stepped::new(scene.path(), DEAD, &dead(busy).text());
    assert_eq!(owner.run(), Ok(()));
    assert_eq!(scene.files().len(), 2, "the owner's own");
    for number in 0..100 {
        leave(&scene, &dead(number), &[]);
    }
    assert!(take_and_release(&scene).is_empty(), "{:?}", scene.files());
}

#[test]
fn an_empty_claim_of_another_boot_goes_once_it_is_a_minute_old() {
    let scene = Scene::free();
    let boot = "0123456789abcdef0123456789abcdef";
    let foreign = |number: u32| dead(number).with('b', boot);
    let now = SystemTime::now();
    for (number, age) in [(1, 0), (2, 30), (3, 90), (4, 365 * 24 * 3600)] {
        let file = File::create(claim(&scene, &foreign(number))).unwrap();
        file.set_modified(now - Duration::from_secs(age)).unwrap();
    }
    let future = File::create(claim(&scene, &foreign(5))).unwrap();
    future
        .set_modified(now + Duration::from_secs(3600))
        .unwrap();
    drop(future);
    sweep(&scene);
    let left = (1..=5).filter(|number| claim(&scene, &foreign(*number)).exists());
    assert_eq!(Vec::from_iter(left), [1, 2, 5]);
}

#[test]
fn an_empty_claim_that_promises_no_evidence_stays_however_old_it_is() {
    let scene = Scene::free();
    let foreign = dead(1)
        .with('b', "0123456789abcdef0123456789abcdef")
        .without('e');
    let file = File::create(claim(&scene, &foreign)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    drop(file);
    sweep(&scene);
    assert!(claim(&scene, &foreign).exists());
}
