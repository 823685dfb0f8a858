//! Users who may write the directory, and remove every user's files.

use rustix::process::Signal;

use super::fixtures::{ANOTHER, ONE, WRITABLE, shared};

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_user_takes_over_a_stale_lock_that_all_may_remove() {
    let fixture = shared(WRITABLE);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    assert!(ANOTHER.gets_in(&fixture).contains("stale lockfile"));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn who_may_remove_a_living_owners_lock_gets_in_and_it_notices() {
    let fixture = shared(WRITABLE);
    let mut owner = ONE.owns(&fixture);
    // Otherwise it might put its file back before the second one comes.
    owner.signal(Signal::STOP);
    assert!(ANOTHER.does(&fixture, "rm -f \"$1/tinyforge.lock\""));
    let mut second = ANOTHER.owns(&fixture);
    owner.signal(Signal::CONT);
    assert_eq!(owner.end(Signal::TERM).code(), Some(1));
    assert!(owner.complaints().contains("is lost"));
    assert_eq!(second.end(Signal::TERM).code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn who_removes_the_claim_of_a_living_owner_frees_nothing() {
    let fixture = shared(WRITABLE);
    let mut owner = ONE.owns(&fixture);
    assert!(ANOTHER.does(&fixture, "rm -f \"$1\"/tinyforge.lock.1-*"));
    assert_eq!(ANOTHER.is_kept_out(&fixture).0, Some(75));
    assert_eq!(ONE.is_kept_out(&fixture).0, Some(75));
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
}
