//! The command line.

mod acquire;
mod break_lock;
mod signals;

use std::{fmt, io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, error::ErrorKind};

/// The lock is held by somebody who is alive, or may be: EX_TEMPFAIL of sysexits(3), as a caller may try again later.
const REFUSED: u8 = 75;

/// Anything else that went wrong.
const FAILED: u8 = 1;

/// Keep two processes from opening the same data directory.
#[derive(Debug, Parser)]
#[command(name = "lockhost", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take the lock on a directory and hold it until SIGINT, SIGTERM or SIGHUP.
    ///
    /// Exit codes: 0 ended by a signal, with nothing left; 75 refused (somebody who is alive, or may be, has it, or it
    /// is contended); 1 any other failure; 2 wrong usage.
    #[command(
        after_help = "Examples:\n  lockhost acquire data\n  lockhost acquire --name app.pid /var/lib/app"
    )]
    Acquire(Acquire),
    /// Remove the lock of exactly one owner, that a person knows to be dead, and leave the directory free.
    ///
    /// Exit codes: 0 the owner's lock is gone; 75 refused (the owner is known to live, or somebody else is in the way
    /// who lives or may live); 1 any other failure, also that somebody else has the lock, or nobody; 2 wrong usage.
    #[command(
        after_help = "Example, with the owner that a refusal has named:\n  lockhost break --owner=1@1763932571.250000000 data"
    )]
    Break(Break),
}

#[derive(Debug, clap::Args)]
struct Acquire {
    /// The directory to guard; it must exist.
    directory: PathBuf,
    /// The lock file's name in it, ending in .lock or .pid.
    #[arg(long, value_name = "NAME", default_value = lockhost::DEFAULT_NAME)]
    name: String,
    /// Take over from exactly this owner, as a refusal names it, though nobody can tell that it is dead.
    #[arg(long, value_name = "IDENTITY")]
    assume_dead: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Break {
    /// The directory.
    directory: PathBuf,
    /// The owner, as a refusal names it.
    #[arg(long, value_name = "IDENTITY")]
    owner: String,
    /// The lock file's name in it, ending in .lock or .pid.
    #[arg(long, value_name = "NAME", default_value = lockhost::DEFAULT_NAME)]
    name: String,
}

/// Runs the program, and tells what went wrong in one line.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let outcome = match arguments.command {
        Command::Acquire(options) => acquire::run(&options),
        Command::Break(options) => break_lock::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format_args!("{error:#}"));
            match error.downcast_ref::<lockhost::Error>() {
                Some(error) if error.is_refusal() => REFUSED.into(),
                Some(error) if error.kind() == lockhost::ErrorKind::BadName => 2.into(),
                _ => FAILED.into(),
            }
        }
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // Where it goes may be closed; the code says it all the same.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => 2.into(),
    }
}

/// One line on standard error, if anybody reads it: whatever a name of a file may hold stays in it.
fn complain(what: &dyn fmt::Display) {
    let mut line = String::from("lockhost: ");
    for character in what.to_string().chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    // In one piece, so that the lines of processes that share it do not mix.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
