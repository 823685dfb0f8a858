//! The command line.

mod acquire;
mod break_lock;
#[cfg(feature = "component")]
mod component;
mod coordination;
#[cfg(test)]
mod dist;
mod doctor;
mod events;
pub(crate) mod exit_code;
mod file_system;
mod help;
mod hint;
mod holds;
#[cfg(unix)]
pub(crate) mod inherited;
#[cfg(unix)]
mod job;
mod json;
#[cfg_attr(unix, path = "limits/unix.rs")]
#[cfg_attr(windows, path = "limits/windows.rs")]
mod limits;
mod live_line;
mod log;
mod manual;
#[cfg(not(feature = "component"))]
mod no_component;
mod notify;
mod reporter;
#[cfg_attr(unix, path = "signals/unix.rs")]
#[cfg_attr(windows, path = "signals/windows.rs")]
mod signals;
#[path = "../sys/since.rs"]
mod since;
mod status;
mod style;
mod usage;
#[cfg_attr(unix, path = "user/unix.rs")]
#[cfg_attr(windows, path = "user/windows.rs")]
mod user;
mod version;

use std::{
    ffi::OsString,
    fmt,
    io::{self, Write},
    panic::{self, PanicHookInfo},
    time::Duration,
};

use clap::{ArgAction, Parser, Subcommand, error::ErrorKind};

use self::{
    exit_code::ExitCode,
    style::{Palette, When},
};

/// The exit code if an owner that lives, or may live, has the lock: EX_TEMPFAIL of sysexits(3), as a caller may try
/// again later.
const REFUSED: u8 = 75;

/// The exit code of any other failure.
const FAILED: u8 = 1;

/// The heading of the options that every command has.
const GENERAL: &str = "General options";

/// Keep two processes from opening the same data directory.
#[derive(Debug, Parser)]
#[command(
    name = "lockhost",
    version,
    long_version = version::long(),
    arg_required_else_help = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Choose when to use colours: auto by default.
    #[arg(long, value_name = "WHEN", global = true, help_heading = GENERAL)]
    color: Option<When>,
    /// Print help: a summary with -h, all of it with --help.
    #[arg(short, long, action = ArgAction::Help, global = true, help_heading = GENERAL)]
    help: Option<bool>,
    /// Print the version; with --version, also those of the component and the target.
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = GENERAL)]
    version: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a command while holding the lock on a directory, or hold it until a signal arrives.
    ///
    /// Acquire the lock on each DIRECTORY, run COMMAND, and release the locks when COMMAND has ended. Without COMMAND,
    /// print "acquired PATH (pid N)" and hold the locks until a signal arrives.
    ///
    /// If another process holds a lock, lockhost reports the owner and exits with 75, or waits with --wait. If the owner
    /// is dead, lockhost takes the lock over at once.
    Acquire(acquire::Acquire),
    /// Report the owner of a lock, without changing anything.
    ///
    /// Print the state of the lock, its owner, why the owner counts as alive or dead, and what to do.
    Status(status::Status),
    /// Check whether the caller runs under the lock on a directory.
    ///
    /// Print nothing and change nothing; the exit code is the answer.
    ///
    /// The owner of the lock must be an ancestor of the caller. If the owner was killed, a process that keeps its lock
    /// must be one. Inherited variables do not count.
    Holds(holds::Holds),
    /// Remove a lock whose owner you know is dead.
    ///
    /// Remove the lock of exactly the owner IDENTITY, and leave the directory free. Use it where lockhost cannot know
    /// that the owner is dead. An owner that is known to live keeps its lock.
    Break(break_lock::Break),
    /// Check what a lock in a directory guarantees.
    ///
    /// Try exclusive creation, hard links and the kernel's locks, check what the machine shows of processes, and end with
    /// a verdict. Nothing is left in the directory.
    Doctor(doctor::Doctor),
    /// Write the WebAssembly component, or its contract, to standard output.
    ///
    /// The component makes all decisions about locks. Other hosts can run it.
    #[cfg(feature = "component")]
    Component(component::Component),
    /// Report that this program has no component: it was built with the native backend alone.
    #[cfg(not(feature = "component"))]
    #[command(hide = true)]
    Component(no_component::Component),
    /// Print help for a command or a topic.
    Help(help::Help),
}

impl Command {
    /// Returns the lock file's name, if the subcommand has one.
    fn name_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Acquire(it) => Some(&mut it.name),
            Self::Break(it) => Some(&mut it.name),
            Self::Status(it) => Some(&mut it.name),
            Self::Holds(it) => Some(&mut it.name),
            Self::Doctor(_) | Self::Component(_) | Self::Help(_) => None,
        }
    }
}

/// Runs the program with these words on its command line, its own name among them, and reports a failure.
pub(crate) fn run(words: Vec<OsString>) -> ExitCode {
    panic::set_hook(Box::new(report));
    limits::run(move || run_here(&words)).unwrap_or_else(|error| {
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

fn run_here(words: &[OsString]) -> ExitCode {
    if let Some(code) = acquire::run_as_deadman(words) {
        return code;
    }
    if let Some(when) = When::typed(words) {
        when.apply();
    }
    log::start();
    let arguments = match usage::parse(words) {
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
        Command::Help(arguments) => done(help::run(&arguments)),
    }
}

fn done(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        complain_about(&error);
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
    let palette = match error.use_stderr() {
        true => Palette::error(),
        false => Palette::output(),
    };
    let mut text = palette.clap(&error.render());
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

/// Writes a message to standard error, in one line.
fn complain(what: &dyn fmt::Display) {
    complain_with(what, None);
}

/// Writes a message to standard error, in one line, and the way out in a second one.
fn complain_with(what: &dyn fmt::Display, hint: Option<&str>) {
    let palette = Palette::error();
    let message = palette.message(&printable(what));
    let mut lines = format!("{}{message}\n", live_line::erasure());
    if let Some(hint) = hint {
        lines += &format!("  {}{}\n", palette.literal("hint: "), printable(&hint));
    }
    // With one call, so that the lines of processes that share it do not mix.
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// Writes an error to standard error, and its way out.
fn complain_about(error: &anyhow::Error) {
    complain_with(&format_args!("{error:#}"), hint::of(error).as_deref());
}

/// Parses a duration. A number without a unit is in seconds, and may have a fraction, as for flock(1).
fn duration(text: &str) -> Option<Duration> {
    if text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.')) {
        return Duration::try_from_secs_f64(text.parse().ok()?).ok();
    }
    humantime::parse_duration(text).ok()
}

/// Returns it as one line, whatever a file name may contain.
fn printable(what: &dyn fmt::Display) -> String {
    lockhost::Printable(what).to_string()
}
