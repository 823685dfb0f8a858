//! Processes that want a directory, and a barrier that lets them all go at once.

#[cfg_attr(unix, path = "contender/unix.rs")]
#[cfg_attr(windows, path = "contender/windows.rs")]
mod platform;

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
};

use crate::{
    fixture::Fixture,
    program::{HINT, lockhost},
};

pub use platform::*;

impl Default for Barrier {
    fn default() -> Self {
        Self::new()
    }
}

/// The result of a contender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It reports that it has the lock, and holds it.
    Owns,
    /// It ended with this code and this output.
    Ended(Option<i32>, String),
}

impl Answer {
    /// Returns whether it was refused because of another owner.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Answer::Ended(Some(75), _))
    }
}

/// A process that wants the lock. Dropping the value ends it, by its id, whatever it does.
pub struct Contender {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Contender {
    /// Starts a contender.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a contender can be started");
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().expect("it is piped")),
            child,
        }
    }

    /// Starts `lockhost acquire` on a directory, until a test calls [`stop`](Self::stop).
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn acquire(directory: &Path) -> Self {
        Self::start(acquire().arg(directory))
    }

    /// Does the same, and waits until it has the lock.
    ///
    /// # Panics
    /// If it does not get it.
    #[must_use]
    pub fn owner(directory: &Path) -> Self {
        let mut owner = Self::acquire(directory);
        assert_eq!(owner.answer(), Answer::Owns);
        owner
    }

    /// Returns its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the next line that it prints, without hints; empty once it prints no more.
    ///
    /// # Panics
    /// If its output cannot be read.
    pub fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.output
                .read_line(&mut line)
                .expect("its output can be read");
            if !line.starts_with(HINT) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Lets it go on from where it pauses.
    ///
    /// # Panics
    /// If it does not read its input.
    pub fn go_on(&mut self) {
        let input = self.input.as_mut().expect("its input is piped");
        input.write_all(b"\n").expect("it listens");
    }

    /// Waits for its result.
    ///
    /// # Panics
    /// If it can neither be read nor waited for.
    pub fn answer(&mut self) -> Answer {
        if self.line().starts_with("acquired ") {
            return Answer::Owns;
        }
        let status = self.child.wait().expect("it ends");
        Answer::Ended(status.code(), self.complaints())
    }

    /// Returns its output on standard error, once it has ended.
    ///
    /// # Panics
    /// If that cannot be read.
    pub fn complaints(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr
                .read_to_string(&mut text)
                .expect("its complaints can be read");
        }
        text
    }

    /// Returns its exit status; `None` while it runs.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn try_end(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it can be waited for")
    }

    /// Closes its standard input and waits for its end.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn end_of_input(&mut self) -> ExitStatus {
        self.input = None;
        self.child.wait().expect("it ends")
    }

    /// Kills it and waits for its end.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn kill(&mut self) -> ExitStatus {
        self.child.kill().expect("it is there");
        self.child.wait().expect("it ends")
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // It may have ended already; `kill` knows, and never signals a pid that another process has by now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns how many rounds each kind of race gets: the value of `LOCKHOST_ROUNDS`, 8 by default.
///
/// # Panics
/// If that is not a number.
#[must_use]
pub fn rounds() -> usize {
    let rounds = env::var("LOCKHOST_ROUNDS").ok();
    rounds.map_or(8, |rounds| {
        rounds.parse().expect("LOCKHOST_ROUNDS is a number")
    })
}

/// Waits until each has reported its result, and counts those that report the lock as theirs. They all have it at the
/// same time, since an owner holds it until a test stops it.
pub fn owners(contenders: &mut [Contender]) -> (usize, Vec<Answer>) {
    let answers: Vec<Answer> = contenders.iter_mut().map(Contender::answer).collect();
    let owners = answers
        .iter()
        .filter(|answer| **answer == Answer::Owns)
        .count();
    (owners, answers)
}

/// Starts this many processes on a directory at once: exactly one becomes the owner, and all others are honestly
/// refused. When all have gone, a newcomer acquires the lock, and no file is left.
///
/// # Panics
/// If it is not so.
pub fn exactly_one_gets_in(at_barrier: &str, processes: usize, fixture: &Fixture) {
    let barrier = Barrier::new();
    let directory = fixture.path().to_str();
    let directory = directory.expect("a temporary directory's path is text");
    let mut contenders: Vec<_> = (0..processes)
        .map(|_| barrier.line_up(at_barrier, &lockhost(), &[ACQUIRE, &[directory]].concat()))
        .collect();
    barrier.open();
    let (count, answers) = owners(&mut contenders);
    assert_eq!(count, 1, "owners among {answers:#?}");
    let refused = answers.iter().filter(|answer| answer.is_refusal()).count();
    assert_eq!(refused, processes - 1, "refusals among {answers:#?}");
    for (contender, answer) in contenders.iter_mut().zip(answers) {
        if answer == Answer::Owns {
            assert_eq!(contender.stop().code(), Some(0));
        }
    }
    let mut newcomer = Contender::owner(fixture.path());
    assert_eq!(newcomer.stop().code(), Some(0));
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
}
