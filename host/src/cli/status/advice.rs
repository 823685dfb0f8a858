//! What to do about a lock.

use lockhost::{Holder, State, Status};

#[cfg_attr(windows, path = "advice/windows.rs")]
#[cfg_attr(not(windows), path = "advice/unix.rs")]
mod platform;

use self::platform::ending;

/// One clause without a full stop.
pub(crate) fn advice(status: &Status) -> String {
    if let Some(way_out) = status.way_out() {
        return way_out;
    }
    match (status.state(), status.obstacle()) {
        (State::Free, _) => "nothing: whoever comes next gets it".to_owned(),
        (State::Held, Some(owner)) => wait_for(owner),
        (State::Stale | State::Malformed, Some(_)) => {
            "wait: somebody replaces the dead lock at this moment".to_owned()
        }
        (State::Stale, None) => "nothing: whoever comes next takes it over".to_owned(),
        (State::Malformed, None) => {
            "nothing: whoever comes next takes it over, once the file is a minute old or was seen unchanged for three \
             seconds"
                .to_owned()
        }
        _ => "ask where the owner runs".to_owned(),
    }
}

fn wait_for(owner: &Holder) -> String {
    match owner.process() {
        Some(process) => format!(
            "wait until it ends, or end it with: {}",
            ending(process.pid())
        ),
        None => "wait until it ends".to_owned(),
    }
}
