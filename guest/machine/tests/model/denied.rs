//! Every interleaving where a policy denies links to some processes, on a file system where the kernel keeps evidence.
//! These make their files in place, beside others that link, in one PID namespace or in several.
//!
//! All promises hold here too, with the exception that [`without_links`](crate::without_links) names.

use crate::{
    checker::exhaust,
    faults::CODES,
    interleavings::depth,
    local::Place,
    properties::Promise,
    setting::{Budget, Denial, Setting, Sort, Start, Timely},
    starts,
};

/// A process to which a policy denies links.
pub const DENIED: Sort = Sort::In(Place {
    denied: true,
    elsewhere: false,
    another_user: false,
});

/// The same, in another PID namespace.
pub const DENIED_ELSEWHERE: Sort = Sort::In(Place {
    denied: true,
    elsewhere: true,
    another_user: false,
});

/// A process that links, in another PID namespace.
pub const ELSEWHERE: Sort = Sort::In(Place {
    denied: false,
    elsewhere: true,
    another_user: false,
});

/// Returns the promises that hold even if a process is stopped for seconds.
fn however_long() -> Vec<Promise> {
    let promises = Promise::ALL.into_iter();
    promises
        .filter(|promise| *promise != Promise::AProcessGetsInWithoutACrash)
        .collect()
}

/// Goes through a run with both kinds of policies.
fn all(setting: &Setting) {
    let promises = match setting.timely {
        Timely::Everybody => Promise::ALL.to_vec(),
        Timely::Nobody | Timely::Originals => however_long(),
    };
    for denial in [Denial::AtOnce, Denial::WhereFree] {
        let what = format!("{}, denied {denial:?}", setting.what);
        exhaust(
            Setting {
                what,
                denial,
                ..setting.clone()
            },
            &promises,
        );
    }
}

fn setting(what: &str, sorts: &[Sort]) -> Setting {
    Setting {
        sorts: sorts.to_vec(),
        ..Setting::of(what, 0)
    }
}

/// Two processes of which at least one may not link, with and without a PID namespace between them.
const MIXED: [[Sort; 2]; 3] = [
    [DENIED, Sort::Ours],
    [DENIED, ELSEWHERE],
    [DENIED_ELSEWHERE, Sort::Ours],
];

const ALIKE: [[Sort; 2]; 2] = [[DENIED, DENIED], [DENIED, DENIED_ELSEWHERE]];

#[test]
fn one_without_links_beside_one_with_links_on_a_free_directory() {
    for sorts in MIXED {
        let setting = Setting {
            budget: Budget::ONE_CRASH,
            ..setting("links denied to one of two, free", &sorts)
        };
        all(&setting);
        all(&Setting {
            timely: Timely::Everybody,
            ..setting
        });
    }
}

#[test]
fn two_without_links_on_a_free_directory() {
    for sorts in ALIKE {
        let setting = Setting {
            budget: Budget::ONE_CRASH,
            ..setting("links denied to both, free", &sorts)
        };
        all(&Setting {
            timely: Timely::Everybody,
            ..setting.clone()
        });
        // Millions of states.
        if depth() > 0 {
            all(&setting);
        }
    }
}

#[test]
fn one_without_links_beside_one_with_links_on_a_stale_directory() {
    for sorts in MIXED {
        let setting = Setting {
            starts: vec![Start::stale()],
            ..setting("links denied to one of two, stale", &sorts)
        };
        all(&Setting {
            timely: Timely::Everybody,
            ..setting.clone()
        });
        if depth() > 0 {
            all(&setting);
        }
    }
}

#[test]
fn two_without_links_on_a_stale_directory() {
    if depth() == 0 {
        return;
    }
    for sorts in ALIKE {
        let setting = Setting {
            starts: vec![Start::stale()],
            ..setting("links denied to both, stale", &sorts)
        };
        all(&Setting {
            timely: Timely::Everybody,
            ..setting.clone()
        });
        // Tens of millions.
        if depth() > 1 {
            all(&setting);
        }
    }
}

#[test]
fn two_without_links_beside_one_with_links() {
    if depth() > 0 {
        all(&Setting {
            timely: Timely::Everybody,
            ..setting(
                "links denied to two of three, free",
                &[DENIED, DENIED_ELSEWHERE, Sort::Ours],
            )
        });
    }
}

#[test]
fn one_without_links_takes_over_what_others_left() {
    for (what, starts) in [
        ("links denied, any two levels", starts::taken_over(2)),
        ("links denied, owners elsewhere", starts::foreign()),
    ] {
        all(&Setting {
            timely: Timely::Everybody,
            starts,
            budget: Budget::ONE_CRASH,
            ..setting(what, &[DENIED])
        });
    }
}

#[test]
fn one_without_links_respects_owners_elsewhere_that_live() {
    let kept = starts::foreign().into_iter().map(|start| Start {
        kept: true,
        ..start
    });
    all(&Setting {
        timely: Timely::Everybody,
        starts: kept.collect(),
        ..setting("links denied, living owners elsewhere", &[DENIED])
    });
}

#[test]
fn one_without_links_has_every_operation_fail() {
    all(&Setting {
        timely: Timely::Everybody,
        starts: crate::failures::starts(),
        codes: &CODES,
        budget: Budget {
            faults: 1,
            ..Budget::NOTHING
        },
        ..setting("links denied, one failure", &[DENIED])
    });
}
