//! The user's environment, which decides nothing.

use std::process::Command;

use lockhost_tests::{
    contender::{self, Answer, Contender},
    fixture::Fixture,
};

/// Acquires and releases a dead owner's lock in an environment.
fn takes_the_lock(setting: impl Fn(&mut Command)) {
    let fixture = Fixture::stale();
    let mut command = contender::acquire();
    command.arg(fixture.path());
    setting(&mut command);
    let mut contender = Contender::start(&mut command);
    assert_eq!(contender.answer(), Answer::Owns, "{command:?}");
    assert_eq!(contender.stop().code(), Some(0));
    let complaint = contender.complaints();
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn no_variable_that_wasmtime_or_rust_look_at_breaks_loading() {
    for (name, value) in [
        ("WASMTIME_BACKTRACE_DETAILS", "1"),
        ("RUST_BACKTRACE", "full"),
        ("RUST_LIB_BACKTRACE", "1"),
        ("RUST_LOG", "trace"),
        ("WASMTIME_LOG", "trace"),
        ("RUST_MIN_STACK", "1000000"),
        ("TOKIO_WORKER_THREADS", "0"),
        ("RAYON_NUM_THREADS", "nonsense"),
        ("PULLEY_SAMPLING_FREQ", "nonsense"),
        ("TMPDIR", "/nowhere"),
        ("HOME", "/nowhere"),
        ("LANG", "C"),
    ] {
        takes_the_lock(|command| {
            command.env(name, value);
        });
    }
}

#[test]
fn no_variable_is_needed() {
    takes_the_lock(|command| {
        command.env_clear();
    });
}
