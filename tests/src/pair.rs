//! The native program and another one of the same behaviour, in turns.

use std::fs;

use crate::{
    contender::{Answer, Contender},
    fixture::Fixture,
};

/// Starts a program that takes the lock on a directory.
pub type Start = fn(&Fixture) -> Contender;

/// The native program.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn native(fixture: &Fixture) -> Contender {
    Contender::acquire(fixture.path())
}

/// It says that it has the lock.
///
/// # Panics
/// If it does not.
#[must_use]
pub fn gets_in(mut contender: Contender) -> Contender {
    let answer = contender.answer();
    assert_eq!(answer, Answer::Owns);
    contender
}

/// What it says of being refused.
///
/// # Panics
/// If it is not.
#[must_use]
pub fn is_refused(mut contender: Contender) -> String {
    match contender.answer() {
        Answer::Ended(Some(75), why) => why,
        other => panic!("it is no refusal: {other:?}"),
    }
}

/// It ends by a signal, with nothing left. What it had to say of files that it replaced.
///
/// # Panics
/// If it does not end well.
pub fn ends(mut owner: Contender, fixture: &Fixture) -> String {
    assert_eq!(owner.stop().code(), Some(0));
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    owner.complaints()
}

/// Nobody gets in beside anybody.
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

/// Whoever is killed is in nobody's way.
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
