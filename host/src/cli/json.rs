//! The objects for programs: the parts of events and of a status. `docs/json.md` describes them, and a schema beside it
//! checks them.

use std::{
    fmt,
    io::{self, Write},
    path::Path,
    time::SystemTime,
};

use lockhost::{Liveness, ProcessInfo, Replaced, ReplacedReason, coordinator::CoordinatorError};
use serde::Serialize;

use super::{hint, say, user};

/// The stream to which objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error, where standard output is a command's.
    Error,
}

/// Writes one object on a line of its own, with one call.
pub(crate) fn write(object: &impl Serialize, stream: Stream) -> io::Result<()> {
    let mut line = serde_json::to_vec(object)?;
    line.push(b'\n');
    match stream {
        Stream::Output => say(&line),
        Stream::Error => io::stderr().write_all(&line),
    }
}

/// The holder of a file.
#[derive(Debug, Serialize)]
pub(crate) struct Holder {
    file: String,
    pid: Option<u32>,
    identity: Option<String>,
    claimed: bool,
    since: Option<String>,
    life: &'static str,
    reason: String,
    explanation: String,
    process: Option<Process>,
    keepers: Vec<Keeper>,
}

/// A process that keeps a file locked.
#[derive(Debug, Serialize)]
struct Keeper {
    pid: u32,
    command: String,
}

impl From<&lockhost::Holder> for Holder {
    fn from(holder: &lockhost::Holder) -> Self {
        let (life, reason) = match holder.liveness() {
            Liveness::Alive(reason) => ("alive", kebab(&reason)),
            Liveness::Dead(reason) => ("dead", kebab(&reason)),
            Liveness::Unknown(reason) => ("unknown", kebab(&reason)),
        };
        Self {
            file: holder.file().to_owned(),
            pid: holder.pid(),
            identity: holder.identity().map(str::to_owned),
            claimed: holder.is_claimed(),
            since: holder.since().and_then(time),
            life,
            reason,
            explanation: holder.explanation(),
            process: holder.process().as_ref().map(Process::from),
            keepers: holder.keepers().iter().map(Keeper::from).collect(),
        }
    }
}

impl From<&lockhost::Keeper> for Keeper {
    fn from(keeper: &lockhost::Keeper) -> Self {
        Self {
            pid: keeper.pid(),
            command: keeper.command().to_owned(),
        }
    }
}

/// A running process.
#[derive(Debug, Serialize)]
struct Process {
    pid: u32,
    command: Vec<String>,
    user: Option<User>,
}

#[derive(Debug, Serialize)]
struct User {
    id: u32,
    name: Option<String>,
}

impl From<&ProcessInfo> for Process {
    fn from(running: &ProcessInfo) -> Self {
        let words = running.command().iter();
        Self {
            pid: running.pid(),
            command: words.map(|it| it.to_string_lossy().into_owned()).collect(),
            user: running.user().map(|id| User {
                id,
                name: user::name(id),
            }),
        }
    }
}

/// A dead owner's lock, and why it could be removed.
#[derive(Debug, Serialize)]
pub(crate) struct Reclaimed {
    path: String,
    pid: Option<u32>,
    reason: String,
    message: String,
}

impl From<&Replaced> for Reclaimed {
    fn from(replaced: &Replaced) -> Self {
        Self {
            path: path(replaced.path()),
            pid: replaced.pid(),
            reason: match replaced.reason() {
                ReplacedReason::Dead(reason) => kebab(&reason),
                reason => kebab(&reason),
            },
            message: replaced.to_string(),
        }
    }
}

/// A failure, or the holder that a refusal names.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    kind: String,
    path: Option<String>,
    message: String,
    hint: Option<String>,
    holder: Option<Holder>,
}

impl From<&anyhow::Error> for Failure {
    fn from(error: &anyhow::Error) -> Self {
        let known = error.downcast_ref::<lockhost::Error>();
        Self {
            kind: match known {
                Some(known) => kebab(&known.kind()),
                None if error.is::<CoordinatorError>() => "coordinator".to_owned(),
                None => "other".to_owned(),
            },
            path: known.map(|it| path(it.path())),
            message: format!("{error:#}"),
            hint: hint::of(error).map(Into::into),
            holder: known.and_then(|it| it.holder()).map(Holder::from),
        }
    }
}

/// Returns a path as text. U+FFFD replaces what is not UTF-8 in it.
pub(crate) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Returns a time in UTC, as in RFC 3339. Some file systems keep times beyond the year 9999, the last one that RFC 3339
/// has.
pub(crate) fn time(time: SystemTime) -> Option<String> {
    let mut text = String::new();
    fmt::Write::write_fmt(
        &mut text,
        format_args!("{}", humantime::format_rfc3339_millis(time)),
    )
    .ok()?;
    Some(text)
}

/// Returns the name of a value that has no fields: `NoProcess` becomes `no-process`.
pub(crate) fn kebab(value: &impl fmt::Debug) -> String {
    let mut name = String::new();
    for letter in format!("{value:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_lower_case_with_hyphens() {
        assert_eq!(kebab(&lockhost::DeadReason::NoProcess), "no-process");
        assert_eq!(kebab(&lockhost::ErrorKind::NotALock), "not-a-lock");
        assert_eq!(kebab(&lockhost::State::Free), "free");
    }
}
