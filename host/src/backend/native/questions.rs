//! The machine's questions about processes, and their answers: those that the component gets by the interface `process`.

use std::{fs::File, sync::Arc};

use lockhost_machine::{
    call::{Maker, Owner, Reply},
    names::Identity,
};
use tracing::debug;

use super::{answers, files::Opened};
use crate::process::{
    self, Evidence, GuardError,
    evidence::is_regular,
    judge::{judge, judge_unread},
    liveness::{self, Liveness, UnknownReason},
    mode::Mode,
};

/// Asks who this process is, anew for each attempt: a child made by fork(2) has its parent's memory.
pub(super) fn current(dir: &File, attempt: u32) -> Reply {
    let maker = process::current(dir);
    debug!(attempt, answer = ?maker.as_ref().map(ToString::to_string), "identified this process");
    let me = match maker {
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
    let identity = process::identify(pid, dir).map(|identity| identity.to_string());
    debug!(pid, answer = ?identity, "identified the process with a pid");
    Reply::Identity(identity.and_then(|identity| Identity::new(&identity)))
}

/// Returns the evidence, if it can be left, and the reply to the machine.
pub(super) fn guard(file: &Arc<File>, mode: Mode) -> (Option<Evidence>, Reply) {
    match Evidence::leave_with(file, mode) {
        Ok(evidence) => {
            debug!(kept = evidence.is_kept(), "a claim is guarded");
            (Some(evidence), Reply::Done)
        }
        Err(GuardError::Probed) => (None, Reply::Probed),
        Err(GuardError::Refused(why)) => (None, Reply::Refused(why)),
    }
}

/// Asks about the owner of a file that was opened for this question, so it is never under guard itself.
pub(super) fn ask(owner: &Owner, opened: &Opened) -> Reply {
    let file = opened.file();
    if opened.is_directory() {
        return ask_unread(owner, file);
    }
    let owner = owner_of(owner);
    // What is not a regular file proves nothing about an owner, and a lock on it would block other processes.
    let answer = match is_regular(file) {
        true => judge(&owner, file, false),
        false => Liveness::Unknown(UnknownReason::NoAnswer),
    };
    debug!(?owner, own = false, ?answer, "judged an owner");
    Reply::Liveness(answers::judged(answer))
}

/// Asks about the maker of a file in this directory that may not be opened.
pub(super) fn ask_unread(owner: &Owner, directory: &File) -> Reply {
    let owner = owner_of(owner);
    let answer = judge_unread(&owner, directory);
    debug!(?owner, ?answer, "judged the owner of an unread file");
    Reply::Liveness(answers::judged(answer))
}

fn owner_of(owner: &Owner) -> liveness::Owner {
    match owner {
        Owner::Maker(identity) => liveness::Owner::Maker(identity.as_str().to_owned()),
        Owner::Pid(pid) => liveness::Owner::Pid(*pid),
        Owner::Nobody => liveness::Owner::Nobody,
    }
}
