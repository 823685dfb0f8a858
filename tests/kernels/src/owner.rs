//! Processes on machines that want the lock on a directory.

use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;

use crate::{
    log::Log,
    machine::{Ended, Machine, Task},
    programs::{lockhost, text},
};

/// An owner that holds the lock until its test lets it go.
pub struct Owner {
    task: Task,
    name: String,
}

/// Returns the name of the next owner.
fn next() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("owner-{}", LAST.fetch_add(1, Ordering::Relaxed))
}

impl Machine {
    /// Runs `lockhost` with these arguments, to its end.
    ///
    /// # Panics
    /// If the machine does not run.
    pub fn lockhost(&self, arguments: &[&str]) -> Ended {
        self.spawn(&[&[text(lockhost())], arguments].concat())
            .ended()
    }

    /// Starts `lockhost acquire` on a directory, with further options, and a command that is recorded as an owner.
    #[must_use]
    pub fn attempt_with(&self, options: &[&str], directory: &str) -> Task {
        let start = [text(lockhost()), "acquire", directory];
        let command = ["--", "/media/tenure", &next()];
        self.spawn(&[&start, options, &command].concat())
    }

    /// Attempts to acquire the lock on a directory once. Returns how that ended.
    pub fn attempt(&self, directory: &str) -> Ended {
        self.attempt_with(&[], directory).ended()
    }

    /// Acquires the lock on a directory, and releases it. A client of a share may see what it has cached, for a minute at most,
    /// and is refused meanwhile.
    ///
    /// # Panics
    /// If it is not acquired.
    pub fn gets_in(&self, directory: &str) {
        self.attempt_with(&["--wait=5m"], directory)
            .ended()
            .acquired();
    }

    /// Acquires the lock on a directory, and holds it. A client of a share may see what it has cached, as in
    /// [`gets_in`](Self::gets_in).
    ///
    /// # Panics
    /// If it is not acquired.
    #[must_use]
    pub fn hold(&self, directory: &str, log: &Log) -> Owner {
        let name = next();
        let from = log.len();
        let start = [text(lockhost()), "acquire", "--wait=5m", directory, "--"];
        let command = ["/media/tenure", &name, "hold"];
        let task = self.spawn(&[&start[..], &command].concat());
        let begins = format!("{} begin {name}", self.name());
        let ended = task.prefix("code");
        let begun = log.wait(from, &begins, |line| {
            let has_begun = line == begins;
            (has_begun || line.starts_with(&ended)).then_some(has_begun)
        });
        assert!(begun, "no lock: {:?}", task.ended());
        Owner { task, name }
    }
}

impl Owner {
    /// Lets it release the lock, and waits for its end.
    ///
    /// # Panics
    /// If it fails.
    pub fn release(self) {
        self.task.close();
        let ended = self.task.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    /// Kills the process of the lock, and waits for its end.
    ///
    /// # Panics
    /// If it has ended before.
    pub fn kill(self, log: &Log) {
        self.task.signal(Signal::KILL);
        assert_eq!(self.task.code(), None);
        log.note(&format!("gone {}", self.name));
    }

    /// Returns its process.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.task
    }
}

impl Ended {
    /// Asserts that the lock was acquired.
    ///
    /// # Panics
    /// If it was not.
    pub fn acquired(&self) {
        assert_eq!(self.code, Some(0), "{self:?}");
    }

    /// Asserts that the lock was refused, for a reason with this text.
    ///
    /// # Panics
    /// If it was not.
    pub fn refused(&self, why: &str) {
        assert_eq!(self.code, Some(75), "{self:?}");
        assert!(self.err.iter().any(|it| it.contains(why)), "{self:?}");
    }

    /// Asserts that the attempt failed, for a reason with this text.
    ///
    /// # Panics
    /// If it did not.
    pub fn failed(&self, why: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.err.iter().any(|it| it.contains(why)), "{self:?}");
    }

    /// Returns the identity of the owner that the hint of a refusal names.
    ///
    /// # Panics
    /// If it names none.
    #[must_use]
    pub fn owner(&self) -> String {
        let named = self.err.iter().find_map(|it| it.split_once("--owner="));
        let (_, named) = named.unwrap_or_else(|| panic!("no owner in {self:?}"));
        named.split(' ').next().expect("a word").to_owned()
    }
}
