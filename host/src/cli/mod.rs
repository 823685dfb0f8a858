//! The command line.

mod acquire;
mod break_lock;
#[cfg(feature = "component")]
mod component;
#[cfg(test)]
mod dist;
mod doctor;
mod events;
mod file_system;
mod holds;
#[cfg(unix)]
mod job;
mod json;
#[cfg_attr(unix, path = "limits/unix.rs")]
#[cfg_attr(windows, path = "limits/windows.rs")]
mod limits;
mod log;
#[cfg(not(feature = "component"))]
mod no_component;
mod notify;
mod reporter;
#[cfg_attr(unix, path = "signals/unix.rs")]
#[cfg_attr(windows, path = "signals/windows.rs")]
mod signals;
mod status;
mod usage;
#[cfg_attr(unix, path = "user/unix.rs")]
#[cfg_attr(windows, path = "user/windows.rs")]
mod user;
mod version;

use std::{
    fmt,
    io::{self, Write},
    panic::{self, PanicHookInfo},
    process::ExitCode,
};

use clap::{Parser, Subcommand, error::ErrorKind};

/// The exit code if an owner that lives, or may live, has the lock: EX_TEMPFAIL of sysexits(3), as a caller may try
/// again later.
const REFUSED: u8 = 75;

/// The exit code of any other failure.
const FAILED: u8 = 1;

/// Keep two processes from opening the same data directory.
#[derive(Debug, Parser)]
#[command(
    name = "lockhost",
    version,
    long_version = version::long(),
    arg_required_else_help = true,
    after_help = "Examples:\n  lockhost acquire data -- app    run app, with the lock on data\n  \
                  lockhost acquire data           hold the lock until a signal comes\n  \
                  lockhost status data            tell who has it"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take the lock on a directory, and hold it for as long as a command runs, or until a signal ends it.
    ///
    /// Exit codes: the command's, 128 and the signal's number if one ended it, 127 if it was not found, 126 if it cannot
    /// be run; without a command 0, ended by a signal, with nothing left. 75 refused (somebody who is alive, or may be,
    /// has the lock, or it is contended); 128 and the signal's number for one that came before the lock was had; 1 any
    /// other failure; 2 wrong usage.
    #[command(
        after_help = "Examples:\n  lockhost acquire data\n  lockhost acquire /var/lib/app -- app --serve\n  lockhost \
                      acquire --wait=30s --name app.pid data -- make backup\n  lockhost acquire -q -E 0 data -- \
                      nightly-job"
    )]
    Acquire(acquire::Acquire),
    /// Remove the lock of exactly one owner, that a person knows to be dead, and leave the directory free.
    ///
    /// Exit codes: 0 the owner's lock is gone; 75 refused (the owner is known to live, or somebody else is in the way
    /// who lives or may live); 1 any other failure, also that somebody else has the lock, or nobody; 2 wrong usage.
    #[command(
        after_help = "Example, with the owner that a refusal has named:\n  lockhost break --owner=1@1763932571.250000000 data"
    )]
    Break(break_lock::Break),
    /// Tell who has the lock on a directory, and whether that is safe to believe. Nothing is changed.
    ///
    /// Exit codes: 0 held by a living owner; 1 stale (the next attempt would take it over); 3 free; 4 it cannot be known,
    /// or any failure; 2 wrong usage.
    Status(status::Status),
    /// Test whether the caller runs under a lock on a directory that is held now. Nothing is printed, and nothing changed.
    ///
    /// The lock's owner has to be an ancestor of the caller (or, if the owner was killed, a process that keeps its lock).
    /// Variables that were inherited count for nothing.
    ///
    /// Exit codes: 0 the caller runs under the lock; 1 it does not; 4 it cannot be known, or any failure; 2 wrong usage.
    Holds(holds::Holds),
    /// Tell what locks on a directory are worth, by trying what they are made of.
    ///
    /// Exit codes: 0 locks can be had here, as the verdict says; 1 they cannot, or any failure; 2 wrong usage.
    Doctor(doctor::Doctor),
    /// Write the component that decides to standard output, for another host to run.
    #[cfg(feature = "component")]
    Component(component::Component),
    /// Report that this program has no component: it was built with the native backend alone.
    #[cfg(not(feature = "component"))]
    #[command(hide = true)]
    Component(no_component::Component),
}

impl Command {
    /// Returns the lock file's name, if the subcommand has one.
    fn name_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Acquire(it) => Some(&mut it.name),
            Self::Break(it) => Some(&mut it.name),
            Self::Status(it) => Some(&mut it.name),
            Self::Holds(it) => Some(&mut it.name),
            Self::Doctor(_) | Self::Component(_) => None,
        }
    }
}

/// Runs the program, and reports a failure in one line.
pub(crate) fn run() -> ExitCode {
    panic::set_hook(Box::new(report));
    limits::run(run_here).unwrap_or_else(|error| {
        complain(&format_args!(
            "cannot start within the limits of this process (ulimit): {error}"
        ));
        FAILED.into()
    })
}

/// Reports a panic in one line. Rust's own report may add a backtrace, which waits for itself for ever if memory runs
/// out in it.
fn report(panic: &PanicHookInfo<'_>) {
    let what = panic.payload_as_str().unwrap_or("of unknown cause");
    match panic.location() {
        Some(place) => complain(&format_args!("internal error at {place}: {what}")),
        None => complain(&format_args!("internal error: {what}")),
    }
}

fn run_here() -> ExitCode {
    log::start();
    let arguments = match usage::parse() {
        Ok(arguments) => arguments,
        Err(error) => return wrong_usage(&error),
    };
    match arguments.command {
        Command::Acquire(arguments) => acquire::run(&arguments),
        Command::Break(arguments) => done(break_lock::run(&arguments)),
        Command::Status(arguments) => status::run(&arguments),
        Command::Holds(arguments) => holds::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Component(arguments) => done(arguments.run()),
    }
}

fn done(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        complain(&format_args!("{error:#}"));
        code(&error)
    })
}

/// Returns the exit code for an error.
fn code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<lockhost::Error>() {
        Some(error) if error.is_refusal() => REFUSED.into(),
        Some(error) if error.kind() == lockhost::ErrorKind::BadName => 2.into(),
        _ => FAILED.into(),
    }
}

fn wrong_usage(error: &clap::Error) -> ExitCode {
    let mut text = error.render().to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // The stream may be closed; the exit code reports the result all the same.
    let _ = if error.use_stderr() {
        io::stderr().write_all(text.as_bytes())
    } else {
        say(text.as_bytes())
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => 2.into(),
    }
}

/// The message of an error if standard output accepts nothing more.
const UNTOLD: &str = "cannot write to standard output";

/// Writes all of it to standard output, at once.
fn say(what: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(what)?;
    out.flush()
}

/// Writes one line to standard error.
fn complain(what: &dyn fmt::Display) {
    let line = format!("lockhost: {}\n", printable(what));
    // With one call, so that the lines of processes that share it do not mix.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Returns it as one line, whatever a file name may contain.
fn printable(what: &dyn fmt::Display) -> String {
    lockhost::Printable(what).to_string()
}
