use std::time::Duration;

use super::{Asker, Next, Verdict};
use crate::coordinator::{Facts, Incarnation, Marked, Nonce, Revision, Session, reading::Reading};

const D: Duration = Duration::from_secs(10);

fn session(incarnation: u64, nonce: u64) -> Session {
    Session {
        incarnation: Incarnation(incarnation),
        nonce: Nonce(nonce),
    }
}

const OTHER: u64 = 2;

fn other() -> Session {
    session(1, OTHER)
}

fn asker() -> Asker {
    Asker::new(session(1, 1), Revision(10))
}

fn at(seconds: u64) -> Reading {
    both(seconds, seconds)
}

fn both(boot: u64, raw: u64) -> Reading {
    Reading {
        boot: Duration::from_secs(boot),
        raw: Duration::from_secs(raw),
    }
}

fn gone(revision: u64) -> Facts {
    Facts {
        incarnation: Some(Incarnation(1)),
        revision: Revision(revision),
        own: true,
        judged: false,
        key: None,
    }
}

fn there(revision: u64) -> Facts {
    Facts {
        judged: true,
        ..gone(revision)
    }
}

fn see(asker: &mut Asker, facts: &Facts, sent: Reading) -> Next {
    assert_eq!(asker.ask(other()), None);
    asker.observed(other(), D, facts, sent)
}

/// Returns an asker that has seen the session gone at the time 100.
fn watching() -> Asker {
    let mut asker = asker();
    assert_eq!(see(&mut asker, &gone(10), at(99)), Next::Mark);
    let verdict = asker.marked(other(), D, &Marked::Marked(Revision(11)), at(100));
    assert!(matches!(verdict, Verdict::Watched { .. }));
    asker
}

#[test]
fn a_session_that_is_there_is_alive() {
    assert_eq!(
        see(&mut asker(), &there(10), at(0)),
        Next::Judged(Verdict::Alive)
    );
}

#[test]
fn gone_is_not_dead_before_the_watch_is_over() {
    let mut asker = watching();
    let watched = |gone: u64| {
        let gone = Duration::from_secs(gone);
        let left = crate::coordinator::Timing::watch(D) - gone;
        Next::Judged(Verdict::Watched { gone, left })
    };
    assert_eq!(see(&mut asker, &gone(11), at(100)), watched(0));
    // W is 13.47 s.
    assert_eq!(see(&mut asker, &gone(11), at(113)), watched(13));
    assert_eq!(
        see(&mut asker, &gone(11), at(114)),
        Next::Judged(Verdict::Dead)
    );
}

#[test]
fn the_watch_counts_the_clock_on_which_less_time_went_by() {
    for late in [both(200, 113), both(113, 200)] {
        let verdict = see(&mut watching(), &gone(11), late);
        assert!(matches!(verdict, Next::Judged(Verdict::Watched { .. })));
    }
    let verdict = see(&mut watching(), &gone(11), both(200, 114));
    assert_eq!(verdict, Next::Judged(Verdict::Dead));
}

#[test]
fn the_watch_begins_at_the_answer_of_the_first_gone() {
    let mut asker = asker();
    assert_eq!(see(&mut asker, &gone(10), at(0)), Next::Mark);
    asker.marked(other(), D, &Marked::Marked(Revision(11)), at(100));
    let verdict = see(&mut asker, &gone(11), at(113));
    assert!(matches!(verdict, Next::Judged(Verdict::Watched { .. })));
}

#[test]
fn a_session_that_is_there_again_voids_the_watch() {
    let mut asker = watching();
    let verdict = see(&mut asker, &there(11), at(105));
    assert_eq!(verdict, Next::Judged(Verdict::Alive));
    assert_eq!(see(&mut asker, &gone(12), at(120)), Next::Mark);
}

#[test]
fn a_revision_that_falls_voids_the_watch() {
    let mut asker = watching();
    let verdict = see(&mut asker, &gone(9), at(120));
    assert_eq!(verdict, Next::Judged(Verdict::Changed));
    assert_eq!(see(&mut asker, &gone(9), at(121)), Next::Mark);
}

#[test]
fn another_incarnation_voids_the_watch_for_good() {
    for incarnation in [None, Some(Incarnation(7))] {
        let mut asker = watching();
        let facts = Facts {
            incarnation,
            ..gone(11)
        };
        let verdict = see(&mut asker, &facts, at(120));
        assert_eq!(verdict, Next::Judged(Verdict::OtherIncarnation));
        assert_eq!(asker.ask(other()), Some(Verdict::OwnGone));
    }
}

#[test]
fn a_session_of_another_incarnation_is_not_judged() {
    let verdict = asker().ask(session(2, OTHER));
    assert_eq!(verdict, Some(Verdict::OtherIncarnation));
}

#[test]
fn an_asker_without_its_own_session_judges_none() {
    let mut asker = watching();
    let facts = Facts {
        own: false,
        ..gone(11)
    };
    let verdict = see(&mut asker, &facts, at(120));
    assert_eq!(verdict, Next::Judged(Verdict::OwnGone));
    assert_eq!(asker.ask(other()), Some(Verdict::OwnGone));
}

#[test]
fn a_mark_that_is_refused_begins_no_watch() {
    let mut asker = asker();
    let verdict = asker.marked(other(), D, &Marked::Refused(there(10)), at(0));
    assert_eq!(verdict, Verdict::Alive);
    let verdict = asker.marked(other(), D, &Marked::Refused(gone(10)), at(0));
    assert_eq!(verdict, Verdict::Changed);
    assert_eq!(see(&mut asker, &gone(10), at(100)), Next::Mark);
}

#[test]
fn a_mark_on_restored_data_begins_no_watch() {
    let mut asker = asker();
    let verdict = asker.marked(other(), D, &Marked::Marked(Revision(9)), at(0));
    assert_eq!(verdict, Verdict::Changed);
    assert_eq!(see(&mut asker, &gone(9), at(100)), Next::Mark);
}

#[test]
fn each_session_is_watched_for_its_own_deadline() {
    let mut asker = watching();
    let quick = session(1, 3);
    let second = Duration::from_secs(1);
    let verdict = asker.observed(quick, second, &gone(11), at(100));
    assert_eq!(verdict, Next::Mark);
    asker.marked(quick, second, &Marked::Marked(Revision(12)), at(100));
    let verdict = asker.observed(quick, second, &gone(12), at(103));
    assert_eq!(verdict, Next::Judged(Verdict::Dead));
    let verdict = see(&mut asker, &gone(12), at(103));
    assert!(matches!(verdict, Next::Judged(Verdict::Watched { .. })));
}
