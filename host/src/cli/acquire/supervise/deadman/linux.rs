//! The deadman: the parent of a command beside a coordinator, which ends the command before its session's deadline.
//!
//! It is a process between lockhost and the command. It knows only the deadline and K, and depends on neither the
//! coordinator nor the share: it sleeps on a timer, and kills when the deadline comes or lockhost is gone. In lockhost a
//! thread sends it the deadlines, which also depends on no file of the lock.

mod arguments;
mod backstop;
mod cgroup;
mod clocks;
mod containment;
mod decision;
mod forward;
mod guarded;
mod init;
mod leave;
mod link;
mod namespace;
mod process;
mod program;
mod tree;
mod watchdog;

use super::super::Acquire;
use crate::cli::hint::hinted;

pub(crate) use self::{containment::check as check_containment, process::run_as_one};
pub(in super::super) use self::{
    guarded::Guarded,
    leave::{leave_in_time, loss},
};

/// Refuses what has no meaning beside a coordinator.
///
/// # Errors
/// What is refused, and why.
pub(in super::super) fn check(arguments: &Acquire) -> anyhow::Result<()> {
    if arguments.coordination.is_given() && arguments.close {
        return Err(hinted(
            "--close cannot be used with --coordinator: a command that outlives lockhost would not keep the lock",
            "omit --close; if lockhost is killed, its deadman kills COMMAND",
        ));
    }
    Ok(())
}
