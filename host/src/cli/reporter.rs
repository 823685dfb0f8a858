//! The reports of `acquire`: how many, and in which form, sentences or objects.

use std::{borrow::Cow, io, path::Path};

use lockhost::{Lock, Restored, Waiting, Warning};

use super::{
    complain, complain_about, complain_with,
    events::Event,
    file_system::{self, LINKS_DENIED},
    json::Stream,
    notify::Notify,
    printable, say,
};

/// How much is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Failures and losses alone: not even a refusal, which only the exit code reports.
    Quiet,
    /// What a user needs.
    Normal,
    /// Each step.
    Verbose,
}

/// A problem that does not affect a lock, and what to do about it.
struct Remark<'a> {
    message: String,
    hint: Option<Cow<'a, str>>,
}

impl<'a> From<&'a Warning> for Remark<'a> {
    fn from(warning: &'a Warning) -> Self {
        Self {
            message: warning.to_string(),
            hint: warning.hint(),
        }
    }
}

/// Reports at a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reporter {
    level: Level,
    /// Whether standard output belongs to a command.
    beside_command: bool,
    /// Whether reports are for programs.
    json: bool,
    notify: Notify,
}

impl Reporter {
    pub(crate) fn new(level: Level, beside_command: bool, json: bool, notify: Notify) -> Self {
        Self {
            level,
            beside_command,
            json,
            notify,
        }
    }

    pub(crate) fn level(self) -> Level {
        self.level
    }

    /// Returns whether reports are objects.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Reports to programs what the attempt waits for.
    pub(crate) fn waiting(self, waiting: &Waiting) {
        if self.json {
            // If that fails, the error is reported when the lock is acquired.
            let _ = self.emit(&Event::waiting(waiting));
        }
        self.notify.waiting(waiting);
    }

    /// Reports that a lock is held, with its warnings and the owners that it replaced.
    pub(crate) fn acquired(self, lock: &Lock) -> io::Result<()> {
        let warnings = lock.warnings().iter().map(Remark::from);
        let warnings = warnings.chain(blindness(lock));
        self.replaced(lock)?;
        for Remark { message, hint } in warnings {
            if self.json {
                self.emit(&Event::warning(lock, message, hint.as_deref()))?;
            } else if self.level != Level::Quiet {
                complain_with(&format_args!("warning: {message}"), hint.as_deref());
            }
        }
        if self.json {
            return self.emit(&Event::acquired(lock));
        }
        let line = format!("acquired {} (pid {})", lock.path().display(), lock.pid());
        match (self.level, self.beside_command) {
            (Level::Quiet, _) | (Level::Normal, true) => Ok(()),
            (Level::Verbose, true) => {
                complain(&line);
                Ok(())
            }
            (_, false) => say(format!("{}\n", printable(&line)).as_bytes()),
        }
    }

    /// Reports the dead owners that a lock has replaced.
    pub(crate) fn replaced(self, lock: &Lock) -> io::Result<()> {
        for replaced in lock.replaced() {
            if self.json {
                self.emit(&Event::reclaimed(replaced))?;
            } else if self.level != Level::Quiet {
                let path = replaced.path().display();
                complain(&format_args!("replaced {path}: {replaced}"));
            }
        }
        Ok(())
    }

    /// Reports that a lock was released.
    pub(crate) fn released(self, path: &Path) -> io::Result<()> {
        if self.json {
            return self.emit(&Event::released(path));
        }
        if self.level == Level::Verbose {
            complain(&format_args!("released {}", path.display()));
        }
        Ok(())
    }

    /// Reports a warning that does not concern the locks' state.
    pub(crate) fn warning(self, locks: &[Lock], message: &str) {
        if self.json {
            for lock in locks {
                let _ = self.emit(&Event::warning(lock, message.to_owned(), None));
            }
        } else if self.level != Level::Quiet {
            complain(&format_args!("warning: {message}"));
        }
    }

    /// Reports that a lock file or its claim was removed and is back. Like a loss, it is reported at every level.
    pub(crate) fn restored(self, lock: &Lock, restored: Restored) {
        if self.json {
            let _ = self.emit(&Event::restored(lock, restored));
        } else {
            let path = lock.path().display();
            let hint = restored.hint();
            complain_with(
                &format_args!("warning: {path}: {restored}"),
                hint.as_deref(),
            );
        }
    }

    /// Reports that a lock was refused because of another process.
    pub(crate) fn refused(self, error: &anyhow::Error) {
        if self.level != Level::Quiet {
            self.failed(error);
        }
    }

    /// Reports that a lock was lost, or any other failure.
    pub(crate) fn failed(self, error: &anyhow::Error) {
        if self.json {
            // The stream itself may have failed; the exit code reports the failure all the same.
            let _ = self.emit(&Event::error(error));
        } else {
            complain_about(error);
        }
    }

    fn emit(self, event: &Event) -> io::Result<()> {
        event.emit(match self.beside_command {
            true => Stream::Error,
            false => Stream::Output,
        })
    }
}

/// Returns what cannot be known where the kernel keeps no evidence, as on network and FUSE file systems.
fn blindness(lock: &Lock) -> Option<Remark<'static>> {
    let directory = lock.path().parent()?;
    // Its coordinator judges all owners.
    if lock.fencing_token().is_some() {
        return None;
    }
    if lock.has_evidence() {
        return (!lock.is_claimed()).then(|| Remark {
            message: format!("{}: {LINKS_DENIED}", directory.display()),
            hint: Some(DECIDE.into()),
        });
    }
    let kind = file_system::named(directory);
    let directory = directory.display();
    let (limit, hint) = match lock.is_claimed() {
        true => (file_system::limit(lock.identity())?, DECIDE),
        false => (
            "it has no hard links, so an owner is judged by its pid alone",
            "let only processes that see each other use the directory: no other machine or container",
        ),
    };
    Some(Remark {
        message: format!("{directory} is on a file system of type {kind}: {limit}"),
        hint: Some(hint.into()),
    })
}

/// What to do about a dead owner that counts as alive.
const DECIDE: &str = "if such an owner is certainly dead, break its lock: lockhost break";
