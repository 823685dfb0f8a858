//! No deadman: a command beside a coordinator needs what only Linux has. So a coordinator is refused here.

use std::{ffi::OsString, io, path::PathBuf};

use lockhost::Lock;

use super::{
    super::{
        Acquire,
        events::Events,
        hold::Ended,
        loss::{Change, Losses},
    },
    Inheritance,
};
use crate::cli::{exit_code::ExitCode, hint::hinted};

/// Reports that no command is killed as a whole.
///
/// # Errors
/// Always.
pub(crate) fn check_containment() -> Result<(), String> {
    Err("this system cannot".to_owned())
}

/// Returns `None`: no process is one.
pub(crate) fn run_as_one(_words: &[OsString]) -> Option<ExitCode> {
    None
}

/// Refuses a coordinator.
///
/// # Errors
/// If one is given.
pub(in super::super) fn check(arguments: &Acquire) -> anyhow::Result<()> {
    match arguments.coordination.is_given() {
        false => Ok(()),
        true => Err(hinted(
            "--coordinator works on Linux only: this system cannot end COMMAND in time",
            "use the directory on one machine only, without --coordinator",
        )),
    }
}

/// Does nothing: no lock has a session.
pub(in super::super) fn leave_in_time(_arguments: &Acquire, _locks: &[Lock]) {}

/// Returns `None`: no lock has a session.
pub(in super::super) fn loss(_locks: &[Lock]) -> Option<(&Lock, anyhow::Error)> {
    None
}

/// A command with a deadman: there is none.
#[derive(Debug)]
pub(in super::super) enum Guarded {}

impl Guarded {
    /// Fails.
    pub(in super::super) fn start(
        _arguments: &Acquire,
        _locks: &[Lock],
        _inheritance: Inheritance,
    ) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Is never called.
    pub(in super::super) fn until_end(
        self,
        _arguments: &Acquire,
        _events: &Events,
        _losses: &mut Losses<'_>,
        _lost: impl FnMut(Change<'_>) -> bool,
        _unconfirmed: &mut Vec<PathBuf>,
        _failed: impl FnOnce(io::Error),
    ) -> Ended {
        match self {}
    }
}
