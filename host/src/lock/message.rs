//! The text of refusals.

use std::{
    fmt::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    holder::{Holder, Unread},
    name::DEFAULT_NAME,
};
use crate::process::{
    keeper::Kept,
    liveness::{AliveReason, Liveness},
};

#[cfg_attr(unix, path = "message/unix.rs")]
#[cfg_attr(not(unix), path = "message/windows.rs")]
mod shell;

use self::shell::quoted;

/// The state of a lock that was expected to have another owner.
#[derive(Debug)]
pub(crate) enum Instead {
    Nobody,
    /// The file is there, and is empty or malformed.
    Unnamed,
    Other(Holder),
    /// The lock is free. The named owner has a reclaim lock, which is not examined then.
    LeftOver,
}

/// The activity of the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Circumstance {
    Owning,
    Reclaiming,
    Overtaking,
}

/// Writes a refusal: the file, the holder, since when it holds the lock, how that is known, and what to do.
pub(crate) fn held(
    f: &mut fmt::Formatter<'_>,
    path: &Path,
    holder: &Holder,
    circumstance: Circumstance,
    way_out: &WayOut,
) -> fmt::Result {
    let file = path.display();
    let pid = Pid(holder.pid());
    match circumstance {
        _ if holder.is_this_process() => {
            write!(f, "{file} is locked by this process itself ({pid})")?
        }
        _ if holder.is_forker() => write!(
            f,
            "{file} is locked by the process that forked this one ({pid})"
        )?,
        Circumstance::Owning => write!(f, "{file} is locked by another process ({pid})")?,
        Circumstance::Reclaiming => write!(
            f,
            "{file} is locked by another process ({pid}): a reclaim of a dead lock is in progress"
        )?,
        Circumstance::Overtaking => write!(
            f,
            "{file} is locked by another process: reclaimed by {pid} while we waited"
        )?,
    }
    if let Some(since) = holder.since().and_then(written) {
        write!(f, ", since {since}")?;
    }
    if holder.is_forker() {
        return f.write_str(FORKED);
    }
    if let Some(user) = holder.reader() {
        return unread(f, holder, user);
    }
    match holder.liveness() {
        Liveness::Alive(AliveReason::Evidence) => {
            return write!(f, "; {}", Kept(holder.keepers()));
        }
        Liveness::Alive(AliveReason::Running) => {
            return f.write_str("; try again once it has ended");
        }
        Liveness::Alive(AliveReason::ThisProcess) => {
            return f.write_str("; try again once it has released it");
        }
        _ => {}
    }
    let Some(doubt) = holder.doubt() else {
        return Ok(());
    };
    write!(f, "; {doubt}")?;
    match holder.identity() {
        Some(identity) => {
            f.write_str("; ")?;
            way_out.tell(f, identity)
        }
        None => Ok(()),
    }
}

/// The advice for a child made by fork(2) that inherited the lock.
const FORKED: &str = "; this process inherited that lock and has no part in it: acquire after the fork, or drop the inherited lock \
     and try again once that process has ended";

/// Writes a refusal by an ancestor: the file, the process, why it is not waited for, and how to wait all the same.
pub(crate) fn ancestor(
    f: &mut fmt::Formatter<'_>,
    path: &Path,
    holder: &Holder,
    pid: u32,
) -> fmt::Result {
    let file = path.display();
    match holder.pid() {
        Some(owner) if owner == pid => {
            write!(
                f,
                "{file} is locked by an ancestor of this process (pid {pid})"
            )?;
        }
        _ => write!(
            f,
            "{file} is kept locked by pid {pid}, which is this process or an ancestor of it, for its dead owner ({})",
            Pid(holder.pid())
        )?,
    }
    if let Some(since) = holder.since().and_then(written) {
        write!(f, ", since {since}")?;
    }
    if holder.is_forker() {
        return f.write_str(FORKED);
    }
    f.write_str(
        "; an ancestor usually waits for this process before it releases the lock, so it is not waited for; to wait all the \
         same, use --wait-for-ancestor (in a program: Options::wait_for_ancestor)",
    )
}

/// Writes the end of a refusal whose file only this user may read: other users have no command to take it over.
fn unread(f: &mut fmt::Formatter<'_>, holder: &Holder, user: u32) -> fmt::Result {
    write!(f, "; {}", Unread(user))?;
    match holder.doubt() {
        Some(doubt) => write!(
            f,
            "; {doubt}; only that user, or root, can tell whether its owner lives"
        ),
        None => f.write_str("; try again once the process has released it"),
    }
}

/// Formats a time as in RFC 3339; `None` beyond the year 9999, which some file systems allow.
fn written(time: SystemTime) -> Option<String> {
    let mut text = String::new();
    write!(text, "{}", humantime::format_rfc3339_seconds(time)).ok()?;
    Some(text)
}

/// The lock of an attempt, for the command that takes it over.
#[derive(Clone, Debug)]
pub(crate) struct WayOut {
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    /// Another owner that a person declared dead, and the deeper of the two files. Each owner blocks taking over from
    /// the other.
    pub(crate) beside: Option<(String, PathBuf)>,
}

impl WayOut {
    /// Writes the commands that break this owner's lock and take over from it, to be copied into a shell.
    pub(crate) fn tell(&self, f: &mut dyn Write, identity: &str) -> fmt::Result {
        f.write_str("if it is certainly dead, break its lock with: ")?;
        self.command(f, "break", "owner", identity)?;
        f.write_str(", or take over from it with: ")?;
        self.command(f, "acquire", "assume-dead", identity)?;
        self.beside.iter().try_for_each(|(other, file)| {
            write!(
                f,
                "; one owner at a time can be said to be dead: if {other} is then in the way, and certainly dead too, \
                 remove {} by hand while nobody is starting",
                file.display()
            )
        })
    }

    fn command(
        &self,
        f: &mut dyn Write,
        command: &str,
        option: &str,
        identity: &str,
    ) -> fmt::Result {
        write!(f, "lockhost {command}")?;
        if self.name != DEFAULT_NAME {
            write!(f, " --name={}", quoted(&self.name))?;
        }
        let directory = self.directory.to_string_lossy();
        // A command follows the double hyphen.
        let here = if directory.starts_with('-') { "./" } else { "" };
        let directory = quoted(&format!("{here}{directory}"));
        write!(f, " --{option}={identity} {directory}")
    }
}

/// Writes that a lock to break does not belong to this owner.
pub(crate) fn not_the_owner(
    f: &mut fmt::Formatter<'_>,
    path: &Path,
    owner: &str,
    instead: &Instead,
) -> fmt::Result {
    let file = path.display();
    match instead {
        Instead::Nobody => write!(
            f,
            "{file} is not there: nobody has the lock, {owner} neither"
        )?,
        Instead::Unnamed => write!(f, "{file} names nobody, and so not {owner}")?,
        Instead::Other(holder) => {
            let other = holder.identity().unwrap_or_default();
            write!(f, "{file} is not {owner}'s, but {other}'s")?;
        }
        Instead::LeftOver => {
            return write!(
                f,
                "{file} was left by {owner} beside a lock that is free, where it hinders nobody; it can be broken once \
                 it does"
            );
        }
    }
    f.write_str("; nothing was changed")
}

/// A number, or that there is none.
pub(super) struct Pid(pub(super) Option<u32>);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "pid {pid}"),
            None => f.write_str("pid unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_that_no_calendar_has_is_not_written() {
        let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(
            written(after(253_402_300_799)).unwrap(),
            "9999-12-31T23:59:59Z"
        );
        assert_eq!(written(after(253_402_300_800)), None);
    }
}
