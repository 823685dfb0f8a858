//! Files that hold more than a pid, as other programs write them.

use super::{
    attempt::{Attempt, Ended, NO_PROCESS, OTHER, at, identity, maker, regular},
    scenes::EXISTS,
};
use crate::{
    call::{Call, Owner, Reply},
    facts::{AliveReason, DeadReason, Liveness, UnknownReason},
    machine::{
        examine::Found,
        outcome::{Cause, Occupation},
    },
    names::LONGEST,
};

const UNNAMED: Liveness = Liveness::Dead(DeadReason::Nobody);

/// Lets an attempt read a file with this content; it asks about the owner next.
fn read(attempt: Attempt, content: &str) -> Attempt {
    let name = at(0);
    let stat = || regular(content.len() as u64, 1_000);
    attempt
        .told(Call::Stat { name }, stat())
        .told(Call::Open { name }, Reply::Id(OTHER))
        .told(Call::Read, Reply::Bytes(content.as_bytes().to_vec()))
        .told(Call::StatOpen, stat())
        .told(Call::Current { attempt: 0 }, Reply::Maker(maker(true)))
}

/// Asks about these numbers, one after another, and each is dead.
fn finds_dead(attempt: Attempt, numbers: &[u32]) -> Attempt {
    numbers.iter().fold(attempt, |attempt, number| {
        attempt.asks(Owner::Pid(*number), NO_PROCESS)
    })
}

impl Attempt {
    fn asks(self, owner: Owner, liveness: Liveness) -> Self {
        self.told(Call::Ask { owner }, Reply::Liveness(liveness))
    }
}

/// Returns the holder in a refusal of an owner.
fn holder(refused: Ended) -> Found {
    assert_eq!(refused.file, "a.lock");
    assert_eq!(refused.cause, Cause::Held(Occupation::Owning));
    refused.holder
}

#[test]
fn a_number_that_a_process_has_keeps_the_lock() {
    for (content, dead, alive) in [
        ("9\nhost\n", &[][..], 9),
        ("9 8080", &[], 9),
        ("9,1", &[], 9),
        ("web1.example.org:9", &[], 9),
        ("{\"version\":2,\"pid\":9}", &[2], 9),
        ("9\n/db\n17\n5432\n/tmp\n", &[9, 17], 5432),
    ] {
        let attempt = finds_dead(read(Attempt::begin(), content), dead);
        let holder = holder(attempt.asks(Owner::Pid(alive), EXISTS).ends());
        assert_eq!(holder.pid, Some(alive), "{content}");
        let identity = format!("{alive}@1000.0");
        assert_eq!(holder.identity(), Some(identity), "{content}");
        let unknown = Liveness::Unknown(UnknownReason::Unreadable);
        assert_eq!((holder.liveness, holder.claim.is_some()), (unknown, false));
    }
}

#[test]
fn a_file_whose_numbers_are_all_dead_names_no_owner() {
    let claim = identity(false);
    finds_dead(read(Attempt::begin(), "9 8080\n"), &[9, 8080])
        .asks(Owner::Nobody, UNNAMED)
        .goes_on_with(Call::Create { claim });
}

#[test]
fn a_file_that_begins_with_a_hyphen_is_asked_about_no_number() {
    let claim = identity(false);
    read(Attempt::begin(), "-2345\n")
        .asks(Owner::Nobody, UNNAMED)
        .goes_on_with(Call::Create { claim });
}

#[test]
fn no_more_numbers_are_asked_about_than_a_file_can_hold() {
    let content = "9 ".repeat(LONGEST / 2);
    finds_dead(read(Attempt::begin(), &content), &[9; LONGEST / 2]).asks(Owner::Nobody, UNNAMED);
}

#[test]
fn a_number_of_which_the_host_knows_nothing_keeps_the_lock() {
    for answer in [
        Liveness::Unknown(UnknownReason::NoAnswer),
        Liveness::Unknown(UnknownReason::OtherNamespace),
        Liveness::Alive(AliveReason::OwnPid),
    ] {
        let attempt = read(Attempt::begin(), "9 8080\n").asks(Owner::Pid(9), answer);
        let holder = holder(attempt.ends());
        assert_eq!((holder.pid, holder.liveness), (Some(9), answer));
    }
}

#[test]
fn the_owner_of_a_file_that_the_kernel_keeps_is_no_number_in_it() {
    let evidence = Liveness::Alive(AliveReason::Evidence);
    let attempt = read(Attempt::begin(), "9 8080\n").asks(Owner::Pid(9), evidence);
    let holder = holder(attempt.ends());
    assert_eq!((holder.pid, holder.identity()), (None, None));
    assert_eq!(holder.liveness, evidence);
}

#[test]
fn a_person_can_say_that_the_owner_of_such_a_file_is_dead() {
    let claim = identity(false);
    let assuming = || Attempt::assuming(Some("9@1000.0"));
    read(assuming(), "9 8080\n")
        .asks(Owner::Pid(9), EXISTS)
        .goes_on_with(Call::Create { claim });
    read(assuming(), "10 9\n")
        .asks(Owner::Pid(10), EXISTS)
        .ends();
}

#[test]
fn an_answer_to_another_question_proves_no_death() {
    let holder = holder(
        finds_dead(read(Attempt::begin(), "9 8080\n"), &[9])
            .told(
                Call::Ask {
                    owner: Owner::Pid(8080),
                },
                Reply::Done,
            )
            .ends(),
    );
    assert_eq!(holder.pid, Some(8080));
}
