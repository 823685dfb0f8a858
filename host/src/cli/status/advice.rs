//! Advice on a lock.

use lockhost::{
    Holder, Keeper, Liveness, State, Status, UnknownReason, coordinator::CoordinatorError,
};

#[cfg_attr(windows, path = "advice/windows.rs")]
#[cfg_attr(not(windows), path = "advice/unix.rs")]
mod platform;

use std::{io, path::Path};

use self::platform::ending;
use super::access::{denial, denial_of_removal};

/// What happens to a lock whose owner's session is gone.
const WATCHED_NEXT: &str = "nothing: the next process to try watches the session, and takes the lock over once its owner cannot act any more";

/// Returns one clause without a full stop, for the user who asks.
pub(crate) fn advice(directory: &Path, status: &Status) -> String {
    let denied = match status.state() {
        State::Free => denial(directory),
        State::Stale | State::Malformed if status.obstacle().is_none() => {
            denial_of_removal(&status.path(), directory)
        }
        _ => None,
    };
    if let Some(error) = denied {
        return without_access(status, &error);
    }
    if let Some(hint) = status
        .coordinator_failure()
        .and_then(CoordinatorError::hint)
    {
        return hint.to_owned();
    }
    let gone = Liveness::Unknown(UnknownReason::Gone);
    if status.obstacle().map(Holder::liveness) == Some(gone) {
        return WATCHED_NEXT.to_owned();
    }
    if let Some(hint) = status.hint() {
        return hint;
    }
    match (status.state(), status.obstacle()) {
        (State::Free, _) => "nothing: the next process to try acquires the lock".to_owned(),
        (State::Held, Some(owner)) => wait_for(owner),
        (State::Stale | State::Malformed, Some(_)) => {
            "wait: a process is reclaiming the dead lock".to_owned()
        }
        (State::Stale, None) => "nothing: the next process to try reclaims the lock".to_owned(),
        (State::Malformed, None) => {
            "nothing: the next process to try reclaims the lock, once the file is a minute old or was unchanged for \
             three seconds"
                .to_owned()
        }
        _ => "check the owner on the system where it runs".to_owned(),
    }
}

/// Returns the advice on a lock that another process may take, and this one may not.
fn without_access(status: &Status, error: &io::Error) -> String {
    let what = match status.state() {
        State::Free => "nothing: a process that may write the directory acquires the lock",
        _ => "start a process that may write the directory: it reclaims the lock",
    };
    format!("{what}; this process may not: {error}")
}

fn wait_for(owner: &Holder) -> String {
    // The owner was killed, and these processes keep its lock: the process that it was runs no more.
    if let Some(numbers) = numbers(owner.keepers()) {
        return format!(
            "wait until all that keep it end, or end them with: {}",
            ending(&numbers)
        );
    }
    match owner.process().filter(|_| owner.reader().is_none()) {
        Some(process) => format!(
            "wait until it ends, or end it with: {}",
            ending(&process.pid().to_string())
        ),
        None => "wait until it ends".to_owned(),
    }
}

/// How many keepers are named in one command.
const NAMED: usize = 16;

/// Returns the pids of processes that keep a lock, as kill(1) takes them. `None` if none is known.
fn numbers(keepers: &[Keeper]) -> Option<String> {
    let numbers = keepers.iter().take(NAMED).map(|it| it.pid().to_string());
    let numbers: Vec<_> = numbers.collect();
    (!numbers.is_empty()).then(|| numbers.join(" "))
}
