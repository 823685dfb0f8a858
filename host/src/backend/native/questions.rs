//! The machine's questions about processes, and their answers: those that the component gets by the interface `process`.

use std::{fs::File, sync::Arc};

use lockhost_machine::{
    call::{FileId, Maker, Owner, Reply},
    names::Identity,
};
use tracing::debug;

use super::{answers, files::Opened};
use crate::member::Member;
use crate::process::{
    self, Evidence, GuardError,
    judge::{Sessions, judge, judge_unread},
    liveness,
    mode::Mode,
};

/// Asks who this process is, anew for each attempt: a child made by fork(2) has its parent's memory. Notes in `place` the
/// type of the directory's file system, if locks are evidence there. An open directory stays on its file system.
pub(super) fn current(
    dir: &File,
    attempt: u32,
    member: Option<&Member>,
    place: &mut Option<Option<u64>>,
) -> Reply {
    let maker = process::evidence_kind(dir).and_then(|kind| {
        *place = Some(kind);
        process::current_on(dir, kind)
    });
    debug!(attempt, answer = ?maker.as_ref().map(ToString::to_string), "identified this process");
    let me = match maker {
        Ok(me) => me,
        Err(why) => return Reply::Refused(why.to_string()),
    };
    let (pid, evidence) = (me.pid(), me.promises_evidence());
    let me = me.for_attempt(attempt);
    let me = match member {
        Some(member) => member.identity(me),
        None => me,
    };
    match Identity::new(&me.to_string()) {
        Some(identity) => Reply::Maker(Maker {
            pid,
            identity,
            evidence,
            session: member.is_some(),
        }),
        None => Reply::Refused("the host's identity for this process is none".into()),
    }
}

pub(super) fn identify(dir: &File, pid: u32) -> Reply {
    let identity = process::identify(pid, dir).map(|identity| identity.to_string());
    debug!(pid, answer = ?identity, "identified the process with a pid");
    Reply::Identity(identity.and_then(|identity| Identity::new(&identity)))
}

/// Leaves evidence on a file.
pub(super) fn guard(file: &Arc<File>, mode: Mode) -> Result<Evidence, GuardError> {
    Evidence::leave_with(file, mode).inspect(log)
}

/// Leaves evidence as [`guard`] does on a file that was just made, exclusively, in a directory on a file system of this
/// type. Returns which file it is, too.
pub(super) fn guard_new(
    file: &Arc<File>,
    place: Option<Option<u64>>,
    mode: Mode,
) -> Result<(Evidence, FileId), GuardError> {
    // No file is made before this process has an identity for it.
    let kind = place.ok_or_else(|| GuardError::Refused("its directory is unknown".to_owned()))?;
    let (evidence, (device, inode)) = Evidence::leave_new(file, kind, mode)?;
    log(&evidence);
    Ok((evidence, FileId(device, inode)))
}

fn log(evidence: &Evidence) {
    debug!(kept = evidence.is_kept(), "a claim is guarded");
}

/// Asks about the owner of a file that was opened for this question, so it is never under guard itself.
pub(super) fn ask(owner: &Owner, opened: &Opened, sessions: Option<&dyn Sessions>) -> Reply {
    let file = opened.file();
    if opened.is_directory() {
        return ask_unread(owner, file, sessions);
    }
    let owner = owner_of(owner);
    // A file that was opened and is no directory is regular, and stays so.
    let answer = judge(&owner, file, false, sessions);
    debug!(?owner, own = false, ?answer, "judged an owner");
    Reply::Liveness(answers::judged(answer))
}

/// Asks about the maker of a file in this directory that may not be opened.
pub(super) fn ask_unread(
    owner: &Owner,
    directory: &File,
    sessions: Option<&dyn Sessions>,
) -> Reply {
    let owner = owner_of(owner);
    let answer = judge_unread(&owner, directory, sessions);
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
