use std::time::Duration;

use super::{Holding, Loss};
use crate::coordinator::{
    Facts, FencingToken, Incarnation, KeyOwner, Nonce, Revision, Session, reading::Reading,
};

const D: Duration = Duration::from_secs(10);

fn own() -> Session {
    Session {
        incarnation: Incarnation(1),
        nonce: Nonce(1),
    }
}

fn both(boot: u64, raw: u64) -> Reading {
    Reading {
        boot: Duration::from_secs(boot),
        raw: Duration::from_secs(raw),
    }
}

fn at(seconds: u64) -> Reading {
    both(seconds, seconds)
}

fn key(nonce: u64) -> Option<KeyOwner> {
    Some(KeyOwner {
        nonce: Nonce(nonce),
        deadline: D,
    })
}

fn confirmed() -> Facts {
    Facts {
        incarnation: Some(Incarnation(1)),
        revision: Revision(20),
        own: true,
        judged: false,
        key: key(1),
    }
}

/// Returns an owner whose transaction was sent at the time 100.
fn owner() -> Holding {
    Holding::new(own(), FencingToken(20), D, at(100))
}

#[test]
fn a_deadline_counts_from_the_sending_of_the_last_confirm() {
    let mut owner = owner();
    assert_eq!(owner.left(at(103)), Duration::from_secs(7));
    assert_eq!(owner.confirmed(&confirmed(), at(101), at(105)), Ok(()));
    assert_eq!(owner.left(at(105)), Duration::from_secs(6));
    assert_eq!(owner.loss(at(110)), None);
    assert_eq!(owner.loss(at(111)), Some(Loss::Deadline));
}

#[test]
fn a_deadline_counts_the_clock_on_which_more_time_went_by() {
    for late in [both(110, 101), both(101, 110)] {
        assert_eq!(owner().loss(late), Some(Loss::Deadline));
    }
}

#[test]
fn an_older_confirm_does_not_move_the_deadline_back() {
    let mut owner = owner();
    owner.confirmed(&confirmed(), at(104), at(105)).unwrap();
    owner.confirmed(&confirmed(), at(102), at(106)).unwrap();
    assert_eq!(owner.left(at(106)), Duration::from_secs(8));
}

#[test]
fn a_confirm_that_is_answered_after_the_deadline_is_a_loss() {
    let mut owner = owner();
    let answer = owner.confirmed(&confirmed(), at(109), at(110));
    assert_eq!(answer, Err(Loss::Deadline));
    let answer = owner.confirmed(&confirmed(), at(110), at(110));
    assert_eq!(answer, Err(Loss::Deadline));
    assert_eq!(owner.left(at(110)), Duration::ZERO);
}

#[test]
fn each_fact_that_is_not_the_owners_is_a_loss_for_good() {
    let cases = [
        (
            Facts {
                own: false,
                ..confirmed()
            },
            Loss::SessionGone,
        ),
        (
            Facts {
                incarnation: None,
                ..confirmed()
            },
            Loss::OtherIncarnation,
        ),
        (
            Facts {
                incarnation: Some(Incarnation(2)),
                ..confirmed()
            },
            Loss::OtherIncarnation,
        ),
        (
            Facts {
                revision: Revision(19),
                ..confirmed()
            },
            Loss::Restored,
        ),
        (
            Facts {
                key: key(2),
                ..confirmed()
            },
            Loss::KeyLost,
        ),
        (
            Facts {
                key: None,
                ..confirmed()
            },
            Loss::KeyLost,
        ),
    ];
    for (facts, loss) in cases {
        let mut owner = owner();
        assert_eq!(owner.confirmed(&facts, at(101), at(101)), Err(loss));
        assert_eq!(owner.left(at(101)), Duration::ZERO);
        assert_eq!(
            owner.confirmed(&confirmed(), at(102), at(102)),
            Err(loss),
            "no later confirm revives it"
        );
    }
}
