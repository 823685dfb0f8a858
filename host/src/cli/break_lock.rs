//! `lockhost break`: remove the lock of one owner, and say what was removed.

use std::io::{self, Write};

use anyhow::Context;
use lockhost::{Options, Replaced};

use super::Break;

/// Runs the command.
pub(crate) fn run(arguments: &Break) -> anyhow::Result<()> {
    let options = Options::new().name(&arguments.name);
    let removed = options.break_lock(&arguments.directory, &arguments.owner)?;
    announce(&removed).context("cannot write to standard output")
}

fn announce(removed: &[Replaced]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for file in removed {
        writeln!(out, "removed {}: {file}", file.path().display())?;
    }
    if removed.is_empty() {
        writeln!(
            out,
            "nothing was left to be removed: somebody else was faster"
        )?;
    }
    out.flush()
}
