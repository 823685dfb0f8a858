//! Evidence that a child inherits: it keeps the directory when its owner is killed, and has no effect once the owner
//! has released.
//!
//! On POSIX systems alone: other systems have no evidence.
#![cfg(unix)]

use std::{
    path::Path,
    process::{Command, Stdio},
    thread,
};

use lockhost::{AliveReason, Liveness, Lock, acquire};
use lockhost_tests::{contender::Contender, fixture::Fixture};
use rustix::process::Signal;

fn handing(directory: &Path, then: &str) -> Contender {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handing"));
    let mut owner = Contender::start(command.arg(directory).arg(then).stdin(Stdio::piped()));
    assert_eq!(owner.line(), "ready");
    owner
}

/// Acquires the lock once the kernel has closed the descriptors of an ending process.
fn get_in(directory: &Path) -> Lock {
    for _ in 0..1_000_000 {
        if let Ok(lock) = acquire(directory) {
            return lock;
        }
        thread::yield_now();
    }
    panic!("no process gets in");
}

#[test]
fn a_child_that_inherits_the_evidence_keeps_the_directory() {
    let fixture = Fixture::free();
    let mut owner = handing(fixture.path(), "stay");
    owner.end(Signal::KILL);
    let refused = acquire(fixture.path()).unwrap_err();
    let holder = refused.holder().unwrap();
    assert_eq!(holder.pid(), Some(owner.pid()));
    assert_eq!(holder.liveness(), Liveness::Alive(AliveReason::Evidence));
    owner.end_of_input();
    let lock = get_in(fixture.path());
    assert_eq!(lock.replaced()[0].pid(), Some(owner.pid()));
    lock.release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn a_released_lock_is_free_though_a_child_has_its_evidence() {
    let fixture = Fixture::free();
    let mut owner = handing(fixture.path(), "release");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    let lock = acquire(fixture.path()).unwrap();
    assert!(lock.replaced().is_empty());
    assert_eq!(owner.end_of_input().code(), Some(0));
    assert!(lock.still_held().unwrap());
}
