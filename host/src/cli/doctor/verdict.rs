//! The verdict from all findings.

use std::fmt;

use super::{machine::Machine, system::claims, trials::Trials};
use crate::cli::{file_system::LINKS_DENIED, printable, style::Palette};

#[derive(Debug)]
pub(super) struct Verdict {
    worth: Worth,
    /// Whether processes cannot be distinguished from later ones with their pid.
    mixes_up: bool,
    /// Whether owners on other machines can be judged by a coordinator; `None` if none was given.
    coordinator: Option<Result<(), String>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Worth {
    /// No lock is possible, or none that guarantees anything.
    None(String),
    /// In place: a pid in a file.
    Pid,
    /// The same, and the kernel keeps the file locked: links are denied to this process.
    Kept,
    /// Claims, and no evidence; the text explains what that means here.
    Claim(&'static str),
    /// Claims and evidence.
    Evidence,
}

impl Verdict {
    pub(super) fn on(
        trials: &Trials,
        machine: &Machine,
        coordinator: Option<Result<(), String>>,
    ) -> Self {
        let worth = match (&trials.files, &trials.evidence, &trials.links) {
            (Err(why), _, _) | (_, Some(Err(why)), _) => Worth::None(why.clone()),
            (_, Some(Ok(())), Ok(())) => Worth::Evidence,
            (_, None, Ok(())) => Worth::Claim(claims(machine.boot)),
            (_, Some(Ok(())), Err(_)) => Worth::Kept,
            (_, None, Err(_)) => Worth::Pid,
        };
        Self {
            worth,
            mixes_up: !machine.starts,
            coordinator,
        }
    }

    /// Returns whether a lock is possible here.
    pub(super) fn is_usable(&self) -> bool {
        !matches!(self.worth, Worth::None(_)) && !matches!(self.coordinator, Some(Err(_)))
    }
}

impl Verdict {
    /// Returns a line for a user.
    pub(super) fn line(&self, palette: Palette) -> String {
        let label = match self.worth {
            _ if !self.is_usable() => palette.bad("verdict:"),
            _ if self.coordinator.is_some() => palette.good("verdict:"),
            Worth::None(_) => palette.bad("verdict:"),
            Worth::Evidence => palette.good("verdict:"),
            Worth::Claim(_) | Worth::Kept | Worth::Pid => palette.doubtful("verdict:"),
        };
        format!("{label} {}\n", printable(self))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.worth, &self.coordinator) {
            (Worth::None(_), _) | (_, None) => {}
            (_, Some(Err(why))) => {
                return write!(f, "locks with this coordinator do not work here: {why}");
            }
            (_, Some(Ok(()))) => {
                return f.write_str(
                    "an owner on another machine is judged by its session, and taken over from once it is gone and was \
                     watched; give all processes of the directory this coordinator",
                );
            }
        }
        match &self.worth {
            Worth::None(why) => {
                return write!(f, "locks do not work here: {why}");
            }
            Worth::Evidence => f.write_str(
                "every process that sees the directory judges locks correctly, also from other containers and after a \
                 reboot; a dead owner never needs a person",
            )?,
            Worth::Claim(meaning) => f.write_str(meaning)?,
            Worth::Kept => write!(
                f,
                "{LINKS_DENIED}; every process on this kernel recognizes a living owner"
            )?,
            Worth::Pid => f.write_str(
                "locks here exclude only processes that see each other, not other machines or containers; an owner is \
                 judged by its pid alone",
            )?,
        }
        if self.mixes_up {
            f.write_str(
                "; a dead owner whose pid another process has counts as alive until a person breaks its lock",
            )?;
        }
        Ok(())
    }
}
