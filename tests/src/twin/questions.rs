//! The machine's questions about processes, which the host answers.

use std::fs::File;

use lockhost::{
    AliveReason, DeadReason, Liveness, UnknownReason,
    process::{self, Evidence, GuardError},
};
use lockhost_guest::{
    call::{Maker, Owner, Reply},
    contract as told,
    lockfile::Identity,
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

/// The evidence, and what the machine is told.
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
        Liveness::Alive(reason) => told::Liveness::Alive(alive(reason)),
        Liveness::Dead(reason) => told::Liveness::Dead(dead(reason)),
        Liveness::Unknown(reason) => told::Liveness::Unknown(unknown(reason)),
    })
}

fn alive(reason: AliveReason) -> told::AliveReason {
    match reason {
        AliveReason::Evidence => told::AliveReason::Evidence,
        AliveReason::Running => told::AliveReason::Running,
        AliveReason::Unguarded => told::AliveReason::Unguarded,
        AliveReason::Exists => told::AliveReason::Exists,
        AliveReason::ThisProcess => told::AliveReason::ThisProcess,
        AliveReason::OwnPid => told::AliveReason::OwnPid,
        other => unreachable!("the contract has no {other:?}"),
    }
}

fn dead(reason: DeadReason) -> told::DeadReason {
    match reason {
        DeadReason::NoProcess => told::DeadReason::NoProcess,
        DeadReason::Zombie => told::DeadReason::Zombie,
        DeadReason::Thread => told::DeadReason::Thread,
        DeadReason::Reused => told::DeadReason::Reused,
        DeadReason::EvidenceGone => told::DeadReason::EvidenceGone,
        DeadReason::Nobody => told::DeadReason::Nobody,
        other => unreachable!("the contract has no {other:?}"),
    }
}

fn unknown(reason: UnknownReason) -> told::UnknownReason {
    match reason {
        UnknownReason::OtherBoot => told::UnknownReason::OtherBoot,
        UnknownReason::OtherNamespace => told::UnknownReason::OtherNamespace,
        UnknownReason::Unreadable => told::UnknownReason::Unreadable,
        UnknownReason::NoAnswer => told::UnknownReason::NoAnswer,
        other => unreachable!("the contract has no {other:?}"),
    }
}
