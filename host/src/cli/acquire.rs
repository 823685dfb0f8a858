//! `lockhost acquire`: acquires the lock, and holds it until a signal arrives or for as long as a command runs.

mod command;
mod directories;
mod events;
mod hold;
#[cfg_attr(kernel = "linux", path = "acquire/interrupter/linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "acquire/interrupter/elsewhere.rs")]
mod interrupter;
mod loss;
#[cfg_attr(unix, path = "acquire/supervise/unix.rs")]
#[cfg_attr(windows, path = "acquire/supervise/windows.rs")]
mod supervise;
mod take;
#[cfg_attr(unix, path = "acquire/terminal/unix.rs")]
#[cfg_attr(windows, path = "acquire/terminal/windows.rs")]
mod terminal;
mod waiting_line;

pub(crate) use self::supervise::deadman::{check_containment, run_as_one as run_as_deadman};

use std::{ffi::OsString, path::PathBuf, time::Duration};

use anyhow::Context;
use clap::ValueEnum;
use lockhost::{ErrorKind, InvalidMode, Mode, Options};

use self::{
    events::Events,
    hold::Holding,
    interrupter::Interrupter,
    take::{Taken, Taking},
};
use super::{
    REFUSED, UNTOLD, code,
    coordination::Coordination,
    duration,
    exit_code::ExitCode,
    notify::Notify,
    reporter::{Level, Reporter},
    signals::Signals,
};

/// The headings of its options.
const WAITING: &str = "Waiting and refusals";
const FILE: &str = "Lock file";
const HOLDING: &str = "While the lock is held";
const OUTPUT: &str = "Output";

#[derive(Debug, clap::Args)]
pub(crate) struct Acquire {
    /// The directories to lock: all of them or none.
    #[arg(value_name = "DIRECTORY", required = true)]
    directories: Vec<PathBuf>,
    /// The command to run while the lock is held.
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
    /// Wait for the lock, indefinitely or up to DURATION.
    ///
    /// DURATION is 300ms, 30s, 5m or a number of seconds; 0 waits for nothing. When it is over, the lock is refused, never
    /// taken over.
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = FOREVER,
        value_parser = patience,
        env = "LOCKHOST_WAIT",
        hide_env_values = true,
        help_heading = WAITING
    )]
    wait: Option<Patience>,
    /// Wait also for an owner that is an ancestor of this process.
    ///
    /// Such an owner usually waits for its descendants to end, so lockhost refuses it at once by default.
    #[arg(long, help_heading = WAITING)]
    wait_for_ancestor: bool,
    /// Exit with CODE if the lock is refused, 0 to 255.
    #[arg(short = 'E', long, value_name = "CODE", default_value_t = REFUSED, help_heading = WAITING)]
    conflict_exit_code: u8,
    /// Take the lock over from an owner that you know is dead.
    ///
    /// IDENTITY is the owner that a refusal named. The option has no effect once another process has the lock, and is
    /// refused if the owner is known to live.
    #[arg(long, value_name = "IDENTITY", help_heading = WAITING)]
    assume_dead: Option<String>,
    /// Use the lock file NAME, which must end in .lock or .pid.
    #[arg(
        long,
        value_name = "NAME",
        default_value = lockhost::DEFAULT_NAME,
        env = "LOCKHOST_NAME",
        hide_env_values = true,
        help_heading = FILE
    )]
    pub(super) name: String,
    /// Set the mode of the lock's files, in octal, whatever the umask is.
    ///
    /// With 0640, a group can judge the lock: its members see whether the owner lives.
    #[arg(
        long,
        value_name = "MODE",
        default_value_t = Mode::PRIVATE,
        value_parser = mode,
        env = "LOCKHOST_MODE",
        hide_env_values = true,
        help_heading = FILE
    )]
    mode: Mode,
    /// Create missing directories, with their parents.
    #[arg(long, help_heading = FILE)]
    mkdir: bool,
    /// Choose what to do if the lock is lost.
    ///
    /// A lock is lost if its file or its directory is removed, replaced or moved.
    #[arg(long, value_name = "ACTION", default_value = "warn", help_heading = HOLDING)]
    on_lost: OnLost,
    /// Hold the lock until all descendants of COMMAND have ended.
    #[arg(long, requires = "command", help_heading = HOLDING)]
    all: bool,
    /// Do not pass the lock's descriptor to COMMAND.
    ///
    /// If lockhost is killed, COMMAND then does not keep the directory in use.
    #[arg(long, requires = "command", help_heading = HOLDING)]
    close: bool,
    /// Hold the lock until standard input is closed, or a signal arrives.
    #[arg(long, conflicts_with = "command", help_heading = HOLDING)]
    until_stdin_closes: bool,
    /// Choose what to report to a service manager.
    #[arg(long, value_name = "WHAT", default_value = "ready", help_heading = HOLDING)]
    notify: Notify,
    #[command(flatten)]
    coordination: Coordination,
    /// Print only failures and losses; report a refusal by the exit code alone.
    #[arg(short, long, conflicts_with = "verbose", help_heading = OUTPUT)]
    quiet: bool,
    /// Print each step on standard error.
    #[arg(short, long, help_heading = OUTPUT)]
    verbose: bool,
    /// Print each event as one JSON object a line.
    ///
    /// The objects go to standard output, or with COMMAND to standard error.
    #[arg(long, conflicts_with_all = ["quiet", "verbose"], help_heading = OUTPUT)]
    json: bool,
}

/// What a signal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// An attempt, or the wait for one.
    Attempt,
    /// A lock that is held, or released.
    Ownership,
}

/// What follows from a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnLost {
    /// Print a warning, and go on.
    Warn,
    /// Print it, and send SIGTERM to COMMAND; without COMMAND, exit.
    Terminate,
}

/// The value that stands for no limit.
const FOREVER: &str = "forever";

/// How long an attempt may wait. `None` is as if the option were missing.
#[derive(Clone, Copy, Debug)]
struct Patience(Option<Duration>);

fn patience(text: &str) -> Result<Patience, &'static str> {
    let expected = "expected 30 (seconds), 300ms, 30s, 5m or forever";
    Ok(Patience(match text {
        FOREVER => Some(Duration::MAX),
        // As in an environment that empties a variable which it cannot remove.
        "" => None,
        text => Some(duration(text).ok_or(expected)?),
    }))
}

fn mode(text: &str) -> Result<Mode, InvalidMode> {
    match text {
        // As for `LOCKHOST_WAIT`.
        "" => Ok(Mode::PRIVATE),
        text => text.parse(),
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Acquire) -> ExitCode {
    match hold(arguments) {
        Ok(code) => code,
        Err(error) => {
            arguments.reporter().failed(&error);
            code(&error)
        }
    }
}

fn hold(arguments: &Acquire) -> anyhow::Result<ExitCode> {
    supervise::deadman::check(arguments)?;
    // Before signals are caught: if a server does not answer this question, a signal ends the program at once.
    let may_hang = interrupter::may_hang(&arguments.directories);
    // Before the program touches anything: from here on a signal ends the attempt in order.
    let signals = Signals::catch().context("cannot catch signals")?;
    let mut events = Events {
        signals,
        input: arguments.until_stdin_closes,
    };
    // Children that ended before: no signal reports them any more.
    supervise::reap();
    let interrupter = Interrupter::start(&events.signals, may_hang, Phase::Attempt);
    if arguments.mkdir {
        directories::make(&arguments.directories)?;
    }
    let locks = match arguments.take(&events) {
        Ok(Taken::Locks(locks)) => locks,
        Ok(Taken::Signal(caught)) => return Ok(caught.end()),
        Ok(Taken::InputClosed) => return Ok(arguments.conflict_exit_code.into()),
        Err(error) if is_refusal(&error) => {
            arguments.reporter().refused(&error);
            return Ok(arguments.conflict_exit_code.into());
        }
        Err(error) => return Err(error),
    };
    interrupter.end();
    let watch = |signals: &Signals| Interrupter::start(signals, may_hang, Phase::Ownership);
    let interrupter = watch(&events.signals);
    for lock in &locks {
        if arguments.on_lost == OnLost::Terminate {
            // Where the lock cannot be observed, a file that was removed is a loss.
            lock.observe();
        }
        let reported = arguments.reporter().acquired(lock);
        // Without a command, the starting process waits for this line. With one, only the command counts, whether or
        // not the line is read.
        if !arguments.has_command() {
            reported.context(UNTOLD)?;
        }
    }
    arguments.notify.acquired(&locks);
    // A command is started without a copy of this process' memory, so no other thread may be there.
    let interrupter = (!arguments.has_command()).then_some(interrupter);
    let mut holding = Holding::new(arguments, &mut events, &locks);
    let ended = holding.until_the_end();
    let told = holding.losses();
    let mut failed = !told.is_empty();
    if let Err(why) = supervise::end_all_others() {
        arguments.reporter().warning(&locks, &why);
    }
    arguments.notify.releasing();
    let _interrupter = interrupter.unwrap_or_else(|| watch(&events.signals));
    for released in take::release(locks) {
        match released {
            // Nothing depends on this line any more.
            Ok(path) => drop(arguments.reporter().released(&path)),
            Err(error) => {
                failed = true;
                // A loss was already reported when it happened.
                if error.kind() != ErrorKind::Lost || !told.iter().any(|path| path == error.path())
                {
                    arguments.reporter().failed(&error.into());
                }
            }
        }
    }
    Ok(ended?.code(failed))
}

impl Acquire {
    pub(crate) fn has_command(&self) -> bool {
        !self.command.is_empty()
    }

    /// Returns the directories to lock, as given.
    pub(crate) fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// Returns whether missing directories are made.
    pub(crate) fn makes(&self) -> bool {
        self.mkdir
    }

    /// Returns what is wrong with the options of the coordinator.
    pub(crate) fn misuse_of_coordinator(&self) -> Option<String> {
        if !self.coordination.is_given() {
            return None;
        }
        if self.directories.len() > 1 {
            let why = "a coordinator's address names one directory: lock one with each command";
            return Some(why.to_owned());
        }
        self.coordination.misfit()
    }

    fn take(&self, events: &Events) -> anyhow::Result<Taken> {
        let mut options = Options::new()
            .name(&self.name)
            .mode(self.mode)
            .wait_for_ancestor(self.wait_for_ancestor);
        if let Some(identity) = &self.assume_dead {
            options = options.assume_dead(identity);
        }
        options = self.coordination.add_to(options)?;
        let taking = Taking {
            options,
            patience: self.wait.and_then(|Patience(patience)| patience),
            mkdir: self.mkdir,
            events,
            reporter: self.reporter(),
        };
        taking.take(directories::in_order(
            &self.directories,
            self.has_command(),
        )?)
    }

    fn reporter(&self) -> Reporter {
        let level = match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        Reporter::new(level, self.has_command(), self.json, self.notify)
    }
}

fn is_refusal(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<lockhost::Error>();
    error.is_some_and(lockhost::Error::is_refusal)
}
