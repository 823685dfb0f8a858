//! The text of refusals: what failed, and why, in one line. The way out is in `hint`.

use std::{borrow::Cow, fmt, path::Path, time::SystemTime};

use super::holder::{Holder, Unread};
use crate::{
    process::{
        keeper::KeptBriefly,
        liveness::{AliveReason, Liveness},
    },
    sys::since::since,
};

/// The state of a lock that was expected to have another owner.
#[derive(Debug)]
pub(crate) enum Instead {
    NoFile,
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

/// Writes a refusal: the file, the holder, since when it holds the lock, and how that is known.
pub(super) fn held(
    f: &mut fmt::Formatter<'_>,
    path: &Path,
    holder: &Holder,
    circumstance: Circumstance,
    now: SystemTime,
) -> fmt::Result {
    write!(f, "{} is held by {}", path.display(), Owner(holder))?;
    write_since(f, holder, now)?;
    match reason(holder, circumstance) {
        Some(reason) => write!(f, ": {reason}"),
        None => Ok(()),
    }
}

/// Returns why the holder counts as alive, if the number alone does not explain it.
fn reason(holder: &Holder, circumstance: Circumstance) -> Option<Cow<'static, str>> {
    if holder.is_this_process() {
        return None;
    }
    if holder.is_forker() {
        return Some(FORKED.into());
    }
    if let Some(doubt) = holder.doubt() {
        return Some(match holder.liveness() {
            Liveness::Unknown(_) => format!("{doubt}; liveness unknown").into(),
            _ => doubt.into(),
        });
    }
    if let Some(user) = holder.reader() {
        return Some(Unread(user).to_string().into());
    }
    match (holder.liveness(), circumstance) {
        (Liveness::Alive(AliveReason::Evidence), _) => {
            Some(KeptBriefly(holder.keepers()).to_string().into())
        }
        (_, Circumstance::Reclaiming) => Some("it is reclaiming a dead lock".into()),
        (_, Circumstance::Overtaking) => Some("it reclaimed the lock first".into()),
        (_, Circumstance::Owning) => None,
    }
}

const FORKED: &str = "it forked this process";

/// Writes a refusal by an ancestor: the file, the holder, and the ancestor.
pub(super) fn ancestor(
    f: &mut fmt::Formatter<'_>,
    path: &Path,
    holder: &Holder,
    pid: u32,
    now: SystemTime,
) -> fmt::Result {
    write!(f, "{} is held by {}", path.display(), Owner(holder))?;
    write_since(f, holder, now)?;
    match holder.pid() {
        _ if holder.is_forker() => write!(f, ": {FORKED}"),
        Some(owner) if owner == pid => f.write_str(": it is an ancestor of this process"),
        _ => write!(f, ": kept by pid {pid} (ancestor or self)"),
    }
}

fn write_since(f: &mut fmt::Formatter<'_>, holder: &Holder, now: SystemTime) -> fmt::Result {
    match holder.since().and_then(|time| since(time, now)) {
        Some(since) => write!(f, " since {since}"),
        None => Ok(()),
    }
}

/// Writes that a lock to break does not belong to this owner.
pub(super) fn not_the_owner(
    f: &mut fmt::Formatter<'_>,
    path: &Path,
    owner: &str,
    instead: &Instead,
) -> fmt::Result {
    let file = path.display();
    write!(f, "cannot break the lock of {owner}: ")?;
    match instead {
        Instead::NoFile => write!(f, "{file} does not exist"),
        Instead::Unnamed => write!(f, "{file} names no owner"),
        Instead::Other(holder) => {
            let other = holder.identity().unwrap_or_default();
            write!(f, "{file} is held by {other}")
        }
        Instead::LeftOver => write!(
            f,
            "{file} is left beside a free lock, and blocks no process"
        ),
    }
}

/// The holder of a lock.
struct Owner<'a>(&'a Holder);

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.pid() {
            Some(pid) if self.0.is_this_process() => write!(f, "this process itself (pid {pid})"),
            Some(pid) => write!(f, "pid {pid}"),
            None => f.write_str("an unknown pid"),
        }
    }
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
