//! The words in which refusals are told, and what codes and reasons mean in a sentence.

use std::{
    fmt::{self, Write},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, ErrorCode};

use crate::{
    bindings::direct::lockfile::{NotALock, Operation},
    error::{Circumstance, Instead},
    filesystem,
    holder::Holder,
    lock::{Replaced, ReplacedReason},
    options::DEFAULT_NAME,
    process::{
        keeper::Kept,
        liveness::{AliveReason, DeadReason, Liveness, UnknownReason},
    },
};

#[cfg_attr(unix, path = "message/unix.rs")]
#[cfg_attr(not(unix), path = "message/windows.rs")]
mod shell;

use self::shell::quoted;

/// A refusal: which file, who has it since when, how that is known, what to do.
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
    let Some(doubt) = doubt(holder) else {
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

/// What a child made by fork(2) is to do, which inherited the lock.
const FORKED: &str = "; this process inherited that lock and has no part in it: acquire after the fork, or drop the inherited lock \
     and try again once that process has ended";

/// A refusal by an ancestor: which file, which process, why it is not waited for, how to wait all the same.
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

/// The end of a refusal whose file only this user may read: there is no command by which another one takes it over.
fn unread(f: &mut fmt::Formatter<'_>, holder: &Holder, user: u32) -> fmt::Result {
    write!(f, "; {}", Unread(user))?;
    match doubt(holder) {
        Some(doubt) => write!(
            f,
            "; {doubt}; only that user, or root, can tell whether its owner lives"
        ),
        None => f.write_str("; try again once the process has released it"),
    }
}

/// That only one user may read a file.
struct Unread(u32);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the file may not be read, and belongs to user {}",
            self.0
        )
    }
}

/// Why it is not certain that a holder lives who counts as alive; nothing of one who certainly does, or is dead.
pub(crate) fn doubt(holder: &Holder) -> Option<&'static str> {
    Some(match holder.liveness() {
        Liveness::Alive(
            AliveReason::Evidence | AliveReason::Running | AliveReason::ThisProcess,
        )
        | Liveness::Dead(_) => return None,
        Liveness::Alive(AliveReason::Exists) if holder.is_claimed() => {
            "a process has this pid, and whether it is the owner cannot be told"
        }
        Liveness::Alive(AliveReason::Exists) => {
            "a process has this pid, and the file, which another program wrote or which was made without \
             hard links, says no more"
        }
        Liveness::Alive(AliveReason::Unguarded) => {
            "the process runs, but does not keep this file locked, so the file may be a copy of its lock (a backup), or \
             the process has closed descriptors that it did not know"
        }
        Liveness::Alive(AliveReason::OwnPid) => {
            "the pid is this process' own: the file is left from an earlier life of this container, or belongs to \
             another container that is alive"
        }
        Liveness::Unknown(UnknownReason::OtherBoot) => {
            "the owner lived before a reboot, or lives on another machine, and cannot be seen from here"
        }
        Liveness::Unknown(UnknownReason::OtherNamespace) => {
            "the owner lives in another PID namespace (a container), and cannot be seen from here"
        }
        Liveness::Unknown(UnknownReason::Unreadable)
            if !holder.is_claimed() && holder.pid().is_some() =>
        {
            "the file holds more than a pid, and a process has this number, so its owner may live"
        }
        Liveness::Unknown(UnknownReason::Unreadable) if !holder.is_claimed() => {
            "no claim beside the file names its owner"
        }
        Liveness::Unknown(UnknownReason::Unreadable) => {
            "the owner's identity cannot be read by this version"
        }
        Liveness::Unknown(UnknownReason::NoAnswer) => "processes cannot be looked at here",
    })
}

/// What is known about a holder's life, certain or not.
pub(crate) fn life(holder: &Holder) -> String {
    let told = match holder.liveness() {
        Liveness::Alive(AliveReason::Evidence) => return Kept(holder.keepers()).to_string(),
        Liveness::Alive(AliveReason::ThisProcess) => "it is this process itself",
        Liveness::Dead(DeadReason::NoProcess) => "no process has this pid",
        Liveness::Dead(DeadReason::Zombie) => "the process has ended, and is a zombie",
        Liveness::Dead(DeadReason::Thread) => "the pid is now the number of a thread",
        Liveness::Dead(DeadReason::Reused) => "the pid is now the number of another process",
        Liveness::Dead(DeadReason::EvidenceGone) => "the owner no longer keeps its file locked",
        Liveness::Dead(DeadReason::Nobody) => "nobody keeps the file locked",
        Liveness::Alive(_) | Liveness::Unknown(_) => {
            doubt(holder).unwrap_or("the process is running")
        }
    };
    match holder.reader() {
        Some(user) => format!("{told}; {}", Unread(user)),
        None => told.to_owned(),
    }
}

/// A time as RFC 3339 has it. Some file systems keep times beyond the year 9999, which it ends with.
fn written(time: SystemTime) -> Option<String> {
    let mut text = String::new();
    write!(text, "{}", humantime::format_rfc3339_seconds(time)).ok()?;
    Some(text)
}

/// Which lock was tried for, for the command that takes it over.
#[derive(Clone, Debug)]
pub(crate) struct WayOut {
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    /// Another owner, whom a person has said to be dead, and the deeper of the two files: each is in the way of taking
    /// over from the other.
    pub(crate) beside: Option<(String, PathBuf)>,
}

impl WayOut {
    /// The commands that break this owner's lock and take over from it, to be copied into a shell.
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
        // What comes behind a double hyphen is a command.
        let here = if directory.starts_with('-') { "./" } else { "" };
        let directory = quoted(&format!("{here}{directory}"));
        write!(f, " --{option}={identity} {directory}")
    }
}

/// A lock that was to be broken, and is not this owner's.
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

struct Pid(Option<u32>);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "pid {pid}"),
            None => f.write_str("pid unknown"),
        }
    }
}

/// What was replaced, and why.
pub(crate) fn replaced(f: &mut fmt::Formatter<'_>, replaced: &Replaced) -> fmt::Result {
    let pid = Pid(replaced.pid());
    match replaced.reason() {
        ReplacedReason::Malformed => f.write_str("malformed existing lockfile"),
        ReplacedReason::AssumedDead => write!(f, "lockfile of {pid}, assumed to be dead as told"),
        ReplacedReason::Dead(reason) => write!(f, "stale lockfile (dead {pid}{})", death(reason)),
    }
}

fn death(reason: DeadReason) -> &'static str {
    match reason {
        DeadReason::NoProcess | DeadReason::Nobody => "",
        DeadReason::Zombie => ", a zombie",
        DeadReason::Thread => ", now the number of a thread",
        DeadReason::Reused => ", now the number of another process",
        DeadReason::EvidenceGone => ", which no longer keeps its file locked",
    }
}

/// What stands where a lock file should.
pub(crate) fn not_a_lock(what: NotALock) -> String {
    match what {
        NotALock::Size(bytes) => format!("longer than any pid file ({bytes} bytes)"),
        NotALock::Kind(kind) => match kind {
            DescriptorType::Directory => "a directory",
            DescriptorType::SymbolicLink => "a symbolic link",
            DescriptorType::Fifo => "a named pipe",
            DescriptorType::Socket => "a socket",
            DescriptorType::BlockDevice | DescriptorType::CharacterDevice => "a device",
            DescriptorType::Unknown | DescriptorType::RegularFile => "a special file",
        }
        .to_owned(),
    }
}

/// An operation, after "cannot".
pub(crate) fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Write => "write",
        Operation::Stat => "look at",
        Operation::Open => "open",
        Operation::Read => "read",
        Operation::List => "list",
        Operation::Link => "link",
        Operation::Remove => "remove",
    }
}

/// What a code of WASI means, as the operating system would put it.
pub(crate) fn code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Access => "permission denied",
        ErrorCode::NotPermitted => "operation not permitted",
        ErrorCode::NoEntry => "no such file or directory",
        ErrorCode::Exist => "file exists",
        ErrorCode::InsufficientSpace => "no space left on device",
        ErrorCode::Quota => "disk quota exceeded",
        ErrorCode::ReadOnly => "read-only file system",
        ErrorCode::NameTooLong => "file name too long",
        ErrorCode::Loop => "too many levels of symbolic links",
        ErrorCode::TooManyLinks => "too many links",
        ErrorCode::NotDirectory => "not a directory",
        ErrorCode::IsDirectory => "is a directory",
        ErrorCode::Unsupported => "the file system does not support it",
        ErrorCode::InsufficientMemory => "out of memory",
        ErrorCode::Busy => filesystem::BUSY,
        ErrorCode::WouldBlock => {
            "another process has a lease on it, which the kernel takes away within seconds (fs.lease-break-time); try again"
        }
        ErrorCode::NoSuchDevice => {
            "it is a named pipe, a socket or a device, exchanged for the file while that was opened"
        }
        ErrorCode::Interrupted => "interrupted",
        ErrorCode::Invalid => "invalid argument",
        ErrorCode::FileTooLarge => "file too large",
        ErrorCode::Io => {
            "input/output error, or one that WASI has no code for: a read-only file system, too many open files, a \
             stale network handle"
        }
        other => other.name(),
    }
}

/// The closest kind of the standard library's.
pub(crate) fn kind(code: ErrorCode) -> io::ErrorKind {
    match code {
        ErrorCode::Access | ErrorCode::NotPermitted => io::ErrorKind::PermissionDenied,
        ErrorCode::NoEntry => io::ErrorKind::NotFound,
        ErrorCode::Exist => io::ErrorKind::AlreadyExists,
        ErrorCode::InsufficientSpace => io::ErrorKind::StorageFull,
        ErrorCode::Quota => io::ErrorKind::QuotaExceeded,
        ErrorCode::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
        ErrorCode::NameTooLong | ErrorCode::Invalid => io::ErrorKind::InvalidInput,
        ErrorCode::TooManyLinks => io::ErrorKind::TooManyLinks,
        ErrorCode::NotDirectory => io::ErrorKind::NotADirectory,
        ErrorCode::IsDirectory => io::ErrorKind::IsADirectory,
        ErrorCode::Unsupported => io::ErrorKind::Unsupported,
        ErrorCode::InsufficientMemory => io::ErrorKind::OutOfMemory,
        ErrorCode::Busy => io::ErrorKind::ResourceBusy,
        ErrorCode::WouldBlock => io::ErrorKind::WouldBlock,
        ErrorCode::Interrupted => io::ErrorKind::Interrupted,
        ErrorCode::FileTooLarge => io::ErrorKind::FileTooLarge,
        _ => io::ErrorKind::Other,
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
