//! A host's answers about processes, as the native host gives them.

use lockhost_machine::facts::{AliveReason, DeadReason, Liveness, UnknownReason};

use crate::{
    local::Who,
    step::{Answer, Asked},
    table::{Author, Table},
};

/// Answers `who` about an owner; `living` returns the process that has a pid now. Where evidence is kept, half of the
/// answer depends on the lock on the file, which is tried for afterwards.
pub fn judge(asked: Asked, who: Who, living: impl Fn(u8) -> Option<Who>, table: &Table) -> Answer {
    let (free, kept) = match asked {
        Asked::Nobody => unless_vetoed(Liveness::Dead(DeadReason::Nobody)),
        Asked::Pid(pid) if table.apart => unless_vetoed(number(pid, who, |_| None)),
        Asked::Pid(pid) => unless_vetoed(number(pid, who, living)),
        Asked::Maker(claim) => match table.claim(claim).author {
            Author::Foreign(_) | Author::Unproven(_) => {
                unless_vetoed(foreigner(table.claim(claim).evidence))
            }
            Author::Process(maker, _) if maker.place.elsewhere != who.place.elsewhere => {
                unless_vetoed(foreigner(table.claim(claim).evidence))
            }
            Author::Process(maker, _) if maker == who => myself(table.claim(claim).evidence),
            Author::Process(..) if table.apart => {
                unless_vetoed(foreigner(table.claim(claim).evidence))
            }
            Author::Process(maker, _) => match living(maker.pid) {
                None => unless_vetoed(Liveness::Dead(DeadReason::NoProcess)),
                Some(other) if other != maker => unless_vetoed(Liveness::Dead(DeadReason::Reused)),
                Some(_) => return Answer::Liveness(Liveness::Alive(AliveReason::Running)),
            },
        },
    };
    if table.evidence {
        Answer::Either(free, kept)
    } else {
        Answer::Liveness(free)
    }
}

/// Answers about the maker of a claim whose file may not be opened: by processes alone.
pub fn judge_unread(
    claim: u8,
    who: Who,
    living: impl Fn(u8) -> Option<Who>,
    table: &Table,
) -> Answer {
    Answer::Liveness(match table.claim(claim).author {
        Author::Process(maker, _) if maker == who => Liveness::Alive(AliveReason::ThisProcess),
        Author::Process(maker, _)
            if !table.apart && maker.place.elsewhere == who.place.elsewhere =>
        {
            match living(maker.pid) {
                None => Liveness::Dead(DeadReason::NoProcess),
                Some(other) if other != maker => Liveness::Dead(DeadReason::Reused),
                Some(_) => Liveness::Alive(AliveReason::Running),
            }
        }
        _ => Liveness::Unknown(UnknownReason::OtherBoot),
    })
}

fn number(pid: u8, who: Who, living: impl Fn(u8) -> Option<Who>) -> Liveness {
    match living(pid) {
        _ if pid == who.pid => Liveness::Alive(AliveReason::OwnPid),
        Some(_) => Liveness::Alive(AliveReason::Exists),
        None => Liveness::Dead(DeadReason::NoProcess),
    }
}

fn foreigner(promised: bool) -> Liveness {
    if promised {
        Liveness::Dead(DeadReason::EvidenceGone)
    } else {
        Liveness::Unknown(UnknownReason::OtherBoot)
    }
}

fn myself(promised: bool) -> (Liveness, Liveness) {
    let alive = Liveness::Alive(AliveReason::ThisProcess);
    if promised {
        (Liveness::Dead(DeadReason::EvidenceGone), alive)
    } else {
        (alive, alive)
    }
}

fn unless_vetoed(free: Liveness) -> (Liveness, Liveness) {
    (free, Liveness::Alive(AliveReason::Evidence))
}
