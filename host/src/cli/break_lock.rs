//! `lockhost break`: removes the lock of one owner, and reports what was removed.

use std::path::PathBuf;

use anyhow::Context;
use lockhost::{Options, Replaced};

use super::{UNTOLD, coordination::Asked, exit_code::ExitCode, printable, say};

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Break {
    /// The directory with the lock.
    directory: PathBuf,
    /// Remove the lock of this owner, as a refusal or 'lockhost status' named it.
    #[arg(long, value_name = "IDENTITY")]
    owner: String,
    /// Use the lock file NAME, which must end in .lock or .pid.
    #[arg(long, value_name = "NAME", default_value = lockhost::DEFAULT_NAME, env = "LOCKHOST_NAME", hide_env_values = true)]
    pub(super) name: String,
    #[command(flatten)]
    asked: Asked,
}

/// Runs the command.
pub(crate) fn run(arguments: &Break) -> anyhow::Result<ExitCode> {
    let options = Options::new().name(&arguments.name);
    let options = arguments.asked.add_to(options)?;
    let removed = options.break_lock(&arguments.directory, &arguments.owner)?;
    say(announcement(&removed).as_bytes()).context(UNTOLD)?;
    Ok(ExitCode::SUCCESS)
}

fn announcement(removed: &[Replaced]) -> String {
    if removed.is_empty() {
        return "nothing to remove: another process removed the lock first\n".to_owned();
    }
    let line = |file: &Replaced| {
        let path = printable(&file.path().display());
        format!("removed {path}: {file}\n")
    };
    removed.iter().map(line).collect()
}
