//! The connection to a program: requests and answers, one a line, each with the number that joins them.

use std::{
    collections::HashMap,
    ffi::OsStr,
    io::{self, BufRead, BufReader, Read, Write},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use tracing::debug;

use super::answer;
use crate::coordinator::error::{CoordinatorError, CoordinatorErrorKind};

#[cfg_attr(unix, path = "group/unix.rs")]
#[cfg_attr(not(unix), path = "group/elsewhere.rs")]
mod group;
#[cfg_attr(kernel = "linux", path = "running/linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "running/elsewhere.rs")]
mod running;

use self::running::Running;

/// The longest line, in bytes.
const LONGEST: u64 = 65_536;

/// After so many requests in a row without an answer, a program counts as ended. A pipe has room for more of them, so no
/// request waits for a program that reads nothing.
pub(super) const SILENCE: u32 = 16;

/// A program that runs, or has ended. The last copy ends it.
#[derive(Clone)]
pub(super) struct Connection(pub(super) Arc<Shared>);

pub(super) struct Shared {
    input: Mutex<ChildStdin>,
    waiting: Arc<Mutex<Waiting>>,
    /// Ended and reaped with the last copy: it may not read its input.
    _running: Running,
}

/// The requests without an answer.
#[derive(Default)]
struct Waiting {
    last: u64,
    senders: HashMap<u64, SyncSender<Value>>,
    /// How many requests in a row had no answer in time.
    silent: u32,
    /// Whether the program answers no more.
    ended: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub(super) fn open(program: &OsStr) -> Result<Self, CoordinatorError> {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A key press at the terminal is not meant for it.
        group::leave(&mut command);
        let started = command.spawn().and_then(|mut child| {
            let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
            let input = child.stdin.take().ok_or_else(missing)?;
            let output = child.stdout.take().ok_or_else(missing)?;
            Ok((child, input, output))
        });
        let (child, input, output) = started.map_err(|error| {
            let program = program.display();
            let failed = |why| CoordinatorError::new(CoordinatorErrorKind::Misconfigured, why);
            match error.kind() {
                io::ErrorKind::NotFound => failed(format!("there is no program {program} on PATH"))
                    .with_hint(format!("install it: cargo install {program}")),
                _ => failed(format!("cannot run {program}: {error}")),
            }
        })?;
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let reader = Arc::clone(&waiting);
        let spawned = thread::Builder::new()
            .name("lockhost-lines".to_owned())
            .spawn(move || read(output, &reader));
        let connection = Self(Arc::new(Shared {
            input: Mutex::new(input),
            waiting,
            _running: Running::new(child),
        }));
        match spawned {
            Ok(_) => Ok(connection),
            Err(error) => Err(CoordinatorError::new(
                CoordinatorErrorKind::Failed,
                format!("no thread is left: {error}"),
            )),
        }
    }

    /// Returns whether the program answers no more.
    pub(super) fn has_ended(&self) -> bool {
        locked(&self.0.waiting).ended
    }

    /// Sends a request, and waits for its answer.
    ///
    /// # Errors
    ///
    /// If none comes in time, or it is an error.
    pub(super) fn ask(
        &self,
        mut request: Value,
        within: Duration,
    ) -> Result<Value, CoordinatorError> {
        let (sender, answers) = sync_channel(1);
        let id = {
            let mut waiting = locked(&self.0.waiting);
            if waiting.ended {
                return Err(ended());
            }
            waiting.last += 1;
            let id = waiting.last;
            waiting.senders.insert(id, sender);
            id
        };
        request["id"] = id.into();
        let milliseconds = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        request["timeout_ms"] = milliseconds.into();
        // With one call: a value writes each of its words by itself.
        let line = format!("{request}\n");
        let sent = locked(&self.0.input).write_all(line.as_bytes());
        let answer = match sent {
            Ok(()) => answers.recv_timeout(within),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        };
        // An answer that comes later has no receiver.
        locked(&self.0.waiting).forget(id, answer == Err(RecvTimeoutError::Timeout));
        match answer {
            Ok(answer) => answer::content(answer),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
            Err(RecvTimeoutError::Timeout) => Err(CoordinatorError::new(
                CoordinatorErrorKind::Unreachable,
                "its program did not answer in time",
            )),
        }
    }
}

fn ended() -> CoordinatorError {
    let why = "its program has ended, or printed what is no answer";
    CoordinatorError::new(CoordinatorErrorKind::Failed, why)
}

/// Reads answers until the program ends, or prints what is no answer.
fn read(output: ChildStdout, waiting: &Mutex<Waiting>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = output.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) || line.last() != Some(&b'\n') {
            break;
        }
        let answer = serde_json::from_slice::<Value>(&line).ok();
        let id = answer.as_ref().and_then(|it| it.get("id")?.as_u64());
        let (Some(answer), Some(id)) = (answer, id) else {
            debug!("a program printed a line that is no answer");
            break;
        };
        let mut waiting = locked(waiting);
        waiting.silent = 0;
        if let Some(sender) = waiting.senders.remove(&id) {
            let _ = sender.try_send(answer);
        }
    }
    let mut waiting = locked(waiting);
    waiting.ended = true;
    waiting.senders.clear();
}

impl Waiting {
    /// Forgets a request that was answered, or whose time is over.
    fn forget(&mut self, id: u64, is_over: bool) {
        self.senders.remove(&id);
        self.silent = match is_over {
            true => self.silent + 1,
            false => 0,
        };
        self.ended |= self.silent >= SILENCE;
    }
}
