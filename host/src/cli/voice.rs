//! What the program says when all goes well, and how much of it.

use std::io::{self, Write};

use lockhost::Lock;

use super::complain;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Failures and losses alone: not even a refusal, which the exit code tells.
    Quiet,
    /// What is needed.
    Normal,
    /// Each step.
    Verbose,
}

/// Says things at a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    level: Level,
    /// Whether standard output is a command's own.
    beside_command: bool,
}

impl Voice {
    pub(crate) fn new(level: Level, beside_command: bool) -> Self {
        Self {
            level,
            beside_command,
        }
    }

    pub(crate) fn level(self) -> Level {
        self.level
    }

    /// A lock was taken: what it replaced, what could not be done beside, and that it is held.
    pub(crate) fn acquired(self, lock: &Lock) -> io::Result<()> {
        if self.level != Level::Quiet {
            for replaced in lock.replaced() {
                let path = replaced.path().display();
                complain(&format_args!("replaced {path}: {replaced}"));
            }
            for warning in lock.warnings() {
                complain(&format_args!("warning: {warning}"));
            }
        }
        let line = format!("acquired {} (pid {})", lock.path().display(), lock.pid());
        match (self.level, self.beside_command) {
            (Level::Quiet, _) | (Level::Normal, true) => Ok(()),
            (Level::Verbose, true) => {
                complain(&line);
                Ok(())
            }
            (_, false) => {
                let mut out = io::stdout().lock();
                writeln!(out, "{line}")?;
                out.flush()
            }
        }
    }

    /// All that was held was given up.
    pub(crate) fn released(self) {
        if self.level == Level::Verbose {
            complain(&"released");
        }
    }

    /// A lock could not be had because of somebody else.
    pub(crate) fn refused(self, error: &anyhow::Error) {
        if self.level != Level::Quiet {
            complain(&format_args!("{error:#}"));
        }
    }
}
