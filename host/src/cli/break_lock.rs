//! `lockhost break`: remove the lock of one owner, and say what was removed.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use lockhost::{Options, Replaced};

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Break {
    /// The directory.
    directory: PathBuf,
    /// The owner, as a refusal names it.
    #[arg(long, value_name = "IDENTITY")]
    owner: String,
    /// The lock file's name in it, ending in .lock or .pid.
    #[arg(long, value_name = "NAME", default_value = lockhost::DEFAULT_NAME, env = "LOCKHOST_NAME", hide_env_values = true)]
    name: String,
}

/// Runs the command.
pub(crate) fn run(arguments: &Break) -> anyhow::Result<ExitCode> {
    let options = Options::new().name(&arguments.name);
    let removed = options.break_lock(&arguments.directory, &arguments.owner)?;
    announce(&removed).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
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
