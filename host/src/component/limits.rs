//! What an instance can make its host keep is bounded, whatever the component does.

use super::*;
use crate::{ErrorKind, Options, bindings::direct::lockfile as wit};

#[test]
fn memory_is_bounded() {
    let attempt = |length| {
        let directory = tempfile::tempdir().unwrap();
        let mut instance = Instance::new().unwrap();
        let directory = open_directory(directory.path()).unwrap();
        let options = wit::Options {
            name: "a".repeat(length),
            assume_dead: None,
        };
        instance.attempt(directory, &options)
    };
    attempt(MEMORY / 8).unwrap();
    // A name that alone is as long as all that the component may have.
    attempt(MEMORY).unwrap_err();
}

#[test]
fn open_files_and_evidence_are_bounded() {
    let mut instance = Instance::new().unwrap();
    let table = &mut instance.store.data_mut().table;
    for _ in 0..HANDLES {
        table.push(()).unwrap();
    }
    table.push(()).unwrap_err();
}

#[test]
fn what_is_handed_over_in_one_call_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    // The component quotes a name that is none for a lock.
    for (length, kind) in [
        (HANDED_OVER / 8, ErrorKind::BadName),
        (HANDED_OVER + 1, ErrorKind::Internal),
    ] {
        let options = Options::new().name("a".repeat(length));
        let error = options.acquire(directory.path()).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}
