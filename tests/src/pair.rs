//! The native program and another one of the same behaviour, in turns.

use std::fs;

use crate::{
    contender::{Answer, Contender},
    fixture::Fixture,
};

/// Starts a program that takes the lock on a directory.
pub type Start = fn(&Fixture) -> Contender;

/// Starts the native program.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn native(fixture: &Fixture) -> Contender {
    Contender::acquire(fixture.path())
}

/// Asserts that it reports the lock as acquired.
///
/// # Panics
/// If it does not.
#[must_use]
pub fn gets_in(mut contender: Contender) -> Contender {
    let answer = contender.answer();
    assert_eq!(answer, Answer::Owns);
    contender
}

/// Returns its message about the refusal.
///
/// # Panics
/// If it is not refused.
#[must_use]
pub fn is_refused(mut contender: Contender) -> String {
    match contender.answer() {
        Answer::Ended(Some(75), why) => why,
        other => panic!("it is no refusal: {other:?}"),
    }
}

/// Ends it with a signal, with no file left. Returns its messages about files that it replaced.
///
/// # Panics
/// If it does not end well.
pub fn ends(mut owner: Contender, fixture: &Fixture) -> String {
    assert_eq!(owner.stop().code(), Some(0));
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    owner.complaints()
}

/// Asserts that neither acquires the lock beside the other.
///
/// # Panics
/// If it is not so.
pub fn exclude_each_other(both: [Start; 2]) {
    for first in both {
        let fixture = Fixture::free();
        let owner = gets_in(first(&fixture));
        let pid = format!("pid {}", owner.pid());
        for second in both {
            let why = is_refused(second(&fixture));
            assert!(why.contains(&pid), "{why}");
        }
        let file = fs::read_to_string(fixture.lock()).expect("a lock file");
        assert_eq!(file, format!("{}\n", owner.pid()));
        ends(owner, &fixture);
        for second in both {
            let owner = gets_in(second(&fixture));
            assert_eq!(ends(owner, &fixture), "", "nothing was replaced");
        }
    }
}

/// Asserts that a killed owner blocks neither.
///
/// # Panics
/// If it is not so.
pub fn take_over_from_each_other(both: [Start; 2]) {
    for killed in both {
        for next in both {
            let fixture = Fixture::free();
            let mut owner = gets_in(killed(&fixture));
            owner.kill();
            assert_eq!(fixture.files().len(), 2, "the lock and its claim");
            let complaints = ends(gets_in(next(&fixture)), &fixture);
            let pid = owner.pid().to_string();
            assert!(complaints.contains(&pid), "{complaints}");
        }
    }
}
