//! The machine's questions about processes, which the host answers.

use std::fs::File;

use lockhost::{
    AliveReason, DeadReason, Liveness, UnknownReason,
    process::{self, Evidence, GuardError},
};
use lockhost_machine::{
    call::{Maker, Owner, Reply},
    facts,
    names::Identity,
};

pub(super) fn current(dir: &File, attempt: u32) -> Reply {
    let me = match process::current(dir) {
        Ok(me) => me,
        Err(why) => return Reply::Refused(why.to_string()),
    };
    let (pid, evidence) = (me.pid(), me.promises_evidence());
    match Identity::new(&me.for_attempt(attempt).to_string()) {
        Some(identity) => Reply::Maker(Maker {
            pid,
            identity,
            evidence,
        }),
        None => Reply::Refused("the host's identity for this process is none".into()),
    }
}

pub(super) fn identify(dir: &File, pid: u32) -> Reply {
    let identity = process::identify(pid, dir);
    Reply::Identity(identity.and_then(|identity| Identity::new(&identity.to_string())))
}

/// Returns the evidence, and the reply to the machine.
pub(super) fn guard(file: File) -> (Option<Evidence>, Reply) {
    match process::guard(file) {
        Ok(evidence) => (Some(evidence), Reply::Done),
        Err(GuardError::Probed) => (None, Reply::Probed),
        Err(other) => (None, Reply::Refused(other.to_string())),
    }
}

pub(super) fn ask(owner: &Owner, file: &File) -> Reply {
    let owner = match owner {
        Owner::Maker(identity) => process::Owner::Maker(identity.as_str().to_owned()),
        Owner::Pid(pid) => process::Owner::Pid(*pid),
        Owner::Nobody => process::Owner::Nobody,
    };
    Reply::Liveness(match process::liveness(&owner, file) {
        Liveness::Alive(reason) => facts::Liveness::Alive(alive(reason)),
        Liveness::Dead(reason) => facts::Liveness::Dead(dead(reason)),
        Liveness::Unknown(reason) => facts::Liveness::Unknown(unknown(reason)),
    })
}

fn alive(reason: AliveReason) -> facts::AliveReason {
    match reason {
        AliveReason::Evidence => facts::AliveReason::Evidence,
        AliveReason::Running => facts::AliveReason::Running,
        AliveReason::Unguarded => facts::AliveReason::Unguarded,
        AliveReason::Exists => facts::AliveReason::Exists,
        AliveReason::ThisProcess => facts::AliveReason::ThisProcess,
        AliveReason::OwnPid => facts::AliveReason::OwnPid,
        other => unreachable!("the contract has no {other:?}"),
    }
}

fn dead(reason: DeadReason) -> facts::DeadReason {
    match reason {
        DeadReason::NoProcess => facts::DeadReason::NoProcess,
        DeadReason::Zombie => facts::DeadReason::Zombie,
        DeadReason::Thread => facts::DeadReason::Thread,
        DeadReason::Reused => facts::DeadReason::Reused,
        DeadReason::EvidenceGone => facts::DeadReason::EvidenceGone,
        DeadReason::Nobody => facts::DeadReason::Nobody,
        other => unreachable!("the contract has no {other:?}"),
    }
}

fn unknown(reason: UnknownReason) -> facts::UnknownReason {
    match reason {
        UnknownReason::OtherBoot => facts::UnknownReason::OtherBoot,
        UnknownReason::OtherNamespace => facts::UnknownReason::OtherNamespace,
        UnknownReason::Unreadable => facts::UnknownReason::Unreadable,
        UnknownReason::NoAnswer => facts::UnknownReason::NoAnswer,
        other => unreachable!("the contract has no {other:?}"),
    }
}
