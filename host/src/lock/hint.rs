//! The ways out of refusals and failures: the second line of a message.

use std::{borrow::Cow, io, path::PathBuf};

use super::{
    holder::Holder,
    message::{Circumstance, Instead},
    name::DEFAULT_NAME,
    waiting::Awaited,
};
use crate::process::{
    keeper::SHOWS_LOCKS,
    liveness::{AliveReason, Liveness, UnknownReason},
};

#[cfg_attr(unix, path = "hint/unix.rs")]
#[cfg_attr(not(unix), path = "hint/windows.rs")]
mod shell;

use self::shell::quoted;

/// The way out, if there is one.
pub(super) type Hint = Option<Cow<'static, str>>;

/// The lock of an attempt, for the command that breaks it.
#[derive(Clone, Debug)]
pub(crate) struct WayOut {
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    /// Another owner that a person declared dead, and the deeper of the two files. Each owner blocks taking over from
    /// the other.
    pub(crate) beside: Option<(String, PathBuf)>,
}

/// The owner of the file that is in the way of an operation, as far as it explains the failure.
#[derive(Debug)]
pub(crate) struct Whose {
    /// A clause about the owner.
    pub(crate) fact: String,
    pub(crate) hint: Cow<'static, str>,
}

const WAIT: &str = "try again once it has ended, or wait for it: --wait (Options::patience)";

const FORKED: &str =
    "acquire after the fork; or drop the inherited lock, and try again once that process has ended";

const SECOND_OWNER: &str = "check the data: another process may have used the directory meanwhile";

impl WayOut {
    /// Returns the way out of a refusal by this holder.
    pub(super) fn held(&self, holder: &Holder, circumstance: Circumstance) -> Hint {
        if holder.is_this_process() {
            return Some("release that lock first: a process holds a lock once".into());
        }
        if holder.is_forker() {
            return Some(FORKED.into());
        }
        let is_reclaim = circumstance == Circumstance::Reclaiming;
        match holder.liveness() {
            _ if holder.doubt().is_some() => self.doubtful(holder, is_reclaim).map(Cow::Owned),
            _ if is_reclaim => Some("try again: a reclaim takes milliseconds".into()),
            Liveness::Alive(AliveReason::Evidence) if holder.keepers().is_empty() => {
                Some(format!("{SHOWS_LOCKS} lists the processes that keep a file locked").into())
            }
            Liveness::Alive(AliveReason::Evidence) => Some(
                "wait until no process keeps the file locked: --wait (Options::patience)".into(),
            ),
            _ => Some(WAIT.into()),
        }
    }

    /// Returns what a person can do who knows more about an owner than this process. Returns `None` if nothing names
    /// the owner.
    pub(super) fn doubtful(&self, holder: &Holder, is_reclaim: bool) -> Option<String> {
        if let Some(user) = holder.reader() {
            return Some(format!(
                "ask user {user} or root: no other user can check whether the owner lives"
            ));
        }
        let identity = holder.identity()?;
        if let Some((other, file)) = &self.beside {
            return Some(format!(
                "if {identity} and {other} are certainly dead: remove {} while no process starts",
                file.display()
            ));
        }
        let condition = match holder.liveness() {
            Liveness::Unknown(UnknownReason::NoCoordinator) => {
                "give its --coordinator; if certainly dead"
            }
            Liveness::Alive(AliveReason::Unguarded) => {
                "if the file is a copy (a backup) or its owner is dead"
            }
            Liveness::Alive(AliveReason::OwnPid) => "if no other container uses the directory",
            _ => "if it is certainly dead",
        };
        let patience = match is_reclaim {
            true => "a reclaim is short: try again; ",
            false => "",
        };
        Some(format!("{patience}{condition}: {}", self.command(identity)))
    }

    /// Returns the command that breaks this owner's lock, to be copied into a shell.
    fn command(&self, identity: &str) -> String {
        let name = match &*self.name {
            DEFAULT_NAME => String::new(),
            name => format!(" --name={}", quoted(name)),
        };
        let directory = self.directory.to_string_lossy();
        // A word that begins with a hyphen would be an option.
        let here = if directory.starts_with('-') { "./" } else { "" };
        let directory = quoted(&format!("{here}{directory}"));
        format!("lockhost break{name} --owner={identity} {directory}")
    }
}

/// Returns the way out of a refusal by an ancestor.
pub(super) fn ancestor(holder: &Holder) -> Hint {
    Some(Cow::Borrowed(match holder.is_forker() {
        true => FORKED,
        false => {
            "an ancestor usually waits for its descendants; to wait anyway: --wait-for-ancestor \
             (Options::wait_for_ancestor)"
        }
    }))
}

pub(super) fn contended() -> Hint {
    Some("try again, or wait for it: --wait (Options::patience)".into())
}

pub(super) fn unsettled(awaited: Awaited) -> Hint {
    Some(Cow::Borrowed(match awaited {
        Awaited::Settling => {
            "wait for three seconds: the file counts as dead once it was unchanged for so long"
        }
        Awaited::Release => "try again",
        Awaited::Session => "wait until the session was watched for long enough",
        Awaited::OtherReclaim | Awaited::Directory | Awaited::Coordinator => {
            "wait for five seconds: replacing a lock takes no longer"
        }
    }))
}

pub(super) fn lost() -> Hint {
    Some(SECOND_OWNER.into())
}

pub(super) fn session_lost() -> Hint {
    Some("another owner may act by now: end everything that uses the directory".into())
}

pub(super) fn inherited() -> Hint {
    Some("acquire the lock after the fork; nothing was changed".into())
}

pub(super) fn not_the_owner(instead: &Instead) -> Hint {
    Some(Cow::Borrowed(match instead {
        Instead::NoFile => "nothing was changed: the directory is free",
        Instead::Unnamed | Instead::Other(_) => {
            "nothing was changed: check the owner with lockhost status"
        }
        Instead::LeftOver => "nothing was changed: break it again once it blocks a process",
    }))
}

pub(super) fn not_a_lock() -> Hint {
    Some("move it away, or choose another lock name: --name (Options::name)".into())
}

pub(super) fn too_deep() -> Hint {
    Some("remove these reclaim locks while no process starts on the directory".into())
}

/// Returns the way out of a failed operation.
pub(super) fn io(operation: &str, error: &io::Error, whose: Option<&Whose>) -> Hint {
    match (error.kind(), whose) {
        (_, Some(whose)) => Some(whose.hint.clone()),
        (io::ErrorKind::WouldBlock, _) => {
            Some("try again: the kernel ends a lease within seconds (fs.lease-break-time)".into())
        }
        (io::ErrorKind::NotFound, _) if operation == OPEN_DIRECTORY => {
            Some("create it first; lockhost acquire --mkdir does".into())
        }
        _ => None,
    }
}

/// The operation that opens the directory of a lock, in the words of a message.
pub(crate) const OPEN_DIRECTORY: &str = "open directory";

/// Returns the way out where another program's reclaim lock does not go away.
pub(super) fn other_reclaim() -> Hint {
    Some("it is most likely left over: remove it while no process uses the directory".into())
}
