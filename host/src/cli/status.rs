//! `lockhost status`: the owner of a lock, reported without touching the lock.

#[cfg_attr(unix, path = "status/access/unix.rs")]
#[cfg_attr(not(unix), path = "status/access/windows.rs")]
mod access;
mod advice;
mod report;
mod text;

use std::{path::PathBuf, time::SystemTime};

use lockhost::{ErrorKind, Options, State};

use self::report::{Failed, Report};
use super::{
    UNTOLD, complain, complain_about,
    coordination::Asked,
    exit_code::ExitCode,
    json::{self, Stream},
    say,
};

/// The exit code if the answer cannot be known, for any reason, as in the LSB.
const CANNOT_BE_KNOWN: u8 = 4;

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// The directory with the lock.
    directory: PathBuf,
    /// Use the lock file NAME, which must end in .lock or .pid.
    #[arg(long, value_name = "NAME", default_value = lockhost::DEFAULT_NAME, env = "LOCKHOST_NAME", hide_env_values = true)]
    pub(super) name: String,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asked: Asked,
}

/// Runs the command.
pub(crate) fn run(arguments: &Status) -> ExitCode {
    let options = Options::new().name(&arguments.name);
    let options = match arguments.asked.add_to(options) {
        Ok(options) => options,
        Err(error) => return fail(&error, CANNOT_BE_KNOWN, arguments.json),
    };
    let status = match options.inspect(&arguments.directory) {
        Ok(status) => status,
        Err(error) => {
            let code = match error.kind() {
                ErrorKind::BadName => 2,
                _ => CANNOT_BE_KNOWN,
            };
            return fail(&error.into(), code, arguments.json);
        }
    };
    let code = code(&status);
    let report = Report::new(&arguments.directory, &status, code);
    let written = if arguments.json {
        json::write(&report, Stream::Output)
    } else {
        say(text::of(&status, &report, SystemTime::now()).as_bytes())
    };
    match written {
        Ok(()) => code.into(),
        Err(error) => {
            complain(&format_args!("{UNTOLD}: {error}"));
            CANNOT_BE_KNOWN.into()
        }
    }
}

/// Returns the exit code of the Linux Standard Base for `status`: 0 running, 1 dead with its file left, 3 not running,
/// 4 unknown.
fn code(status: &lockhost::Status) -> u8 {
    match status.state() {
        State::Held => 0,
        // A process that is replacing a dead owner's lock at this moment may acquire it, or leave it, in the next.
        State::Stale | State::Malformed if status.obstacle().is_some() => CANNOT_BE_KNOWN,
        State::Stale | State::Malformed => 1,
        State::Free => 3,
        _ => CANNOT_BE_KNOWN,
    }
}

fn fail(error: &anyhow::Error, code: u8, as_json: bool) -> ExitCode {
    if as_json {
        // The exit code reports the failure in any case.
        let _ = json::write(&Failed::new(error, code), Stream::Output);
    } else {
        complain_about(error);
    }
    code.into()
}
