//! The reports of `acquire`: how many, and in which form, sentences or objects.

use std::{io, path::Path};

use lockhost::{Lock, Restored, Waiting};

use super::{
    complain,
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
        let warnings = lock.warnings().iter().map(ToString::to_string);
        let warnings = warnings.chain(blindness(lock));
        self.replaced(lock)?;
        if self.json {
            for warning in warnings {
                self.emit(&Event::warning(lock, warning))?;
            }
            return self.emit(&Event::acquired(lock));
        }
        if self.level != Level::Quiet {
            warnings.for_each(|warning| complain(&format_args!("warning: {warning}")));
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
                let _ = self.emit(&Event::warning(lock, message.to_owned()));
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
            complain(&format_args!("warning: {path}: {restored}"));
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
            complain(&format_args!("{error:#}"));
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
fn blindness(lock: &Lock) -> Option<String> {
    let directory = lock.path().parent()?;
    if lock.has_evidence() {
        let denied = || format!("{}: {LINKS_DENIED}", directory.display());
        return (!lock.is_claimed()).then(denied);
    }
    let kind = file_system::told(directory);
    let directory = directory.display();
    let limit = if lock.is_claimed() {
        file_system::limit(lock.identity())?
    } else {
        "there are no hard links, and an owner is judged by its pid alone, so machines and containers are not kept apart"
    };
    Some(format!(
        "{directory} is on a file system of type {kind}: {limit}"
    ))
}
