//! Tests of the limits on what an instance can make its host keep.

use crate::{
    ErrorKind, Options,
    bindings::direct::lockfile as wit,
    component::{
        instance::Instance,
        state::{HANDED_OVER, HANDLES, MEMORY},
    },
    lock::name::LONGEST_NAME,
    outcome::{IDENTITY, assumed},
    wasi::directory::open_directory,
};

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
    // A name that alone is as long as the component's whole memory.
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
    // The component quotes a name that is not valid for a lock.
    let quotes = |length| {
        let mut instance = Instance::new().unwrap();
        let options = wit::Options {
            name: "a".repeat(length),
            assume_dead: None,
        };
        let directory = open_directory(directory.path()).unwrap();
        let attempt = instance.attempt(directory, &options).unwrap();
        instance.proceed(attempt, 0)
    };
    let error = quotes(HANDED_OVER / 8).unwrap().unwrap_err();
    assert!(matches!(error.cause, wit::Cause::BadName), "{error:?}");
    quotes(HANDED_OVER + 1).unwrap_err();
}

#[test]
fn what_is_too_long_is_not_handed_to_an_instance() {
    let directory = tempfile::tempdir().unwrap();
    let long = "a".repeat(LONGEST_NAME + 1);
    let options = Options::new().name(&long);
    let error = options.acquire(directory.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadName);
    let error = crate::inspect(directory.path(), &long).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadName);
    // It means no owner, and changes nothing.
    assert_eq!(assumed(Some("1".repeat(IDENTITY + 1))), None);
    assert!(assumed(Some("1".repeat(IDENTITY))).is_some());
    let options = Options::new().assume_dead("1".repeat(MEMORY));
    options
        .acquire(directory.path())
        .unwrap()
        .release()
        .unwrap();
}
