//! Claims as processes would have made them, made by the test.

use std::{fs, path::Path};

use crate::fixture::Fixture;

pub use crate::running::start_of;

/// An identity in parts, as `wit/lockfile.wit` defines format 1. It is made from a real one, so that unchanged parts
/// are right for this machine.
#[derive(Clone)]
pub struct Identity {
    parts: Vec<String>,
}

impl Identity {
    /// Returns this process's own, for a directory.
    ///
    /// # Panics
    /// If the lock cannot be acquired there.
    #[must_use]
    pub fn mine(directory: &Path) -> Self {
        let lock = lockhost::acquire(directory).expect("the directory is free");
        Self {
            parts: lock.identity().split('-').map(str::to_owned).collect(),
        }
    }

    /// Returns that of another process that is running.
    ///
    /// # Panics
    /// If it is not.
    #[must_use]
    pub fn of(self, pid: u32) -> Self {
        self.with('p', &pid.to_string()).with('s', &start_of(pid))
    }

    /// Returns it with another value for one fact.
    #[must_use]
    pub fn with(mut self, tag: char, value: &str) -> Self {
        for part in self.parts.iter_mut().filter(|part| part.starts_with(tag)) {
            *part = format!("{tag}{value}");
        }
        self
    }

    /// Returns it without one fact.
    #[must_use]
    pub fn without(mut self, tag: char) -> Self {
        self.parts.retain(|part| !part.starts_with(tag));
        self
    }

    /// Returns its pid.
    #[must_use]
    pub fn pid(&self) -> &str {
        &self.parts[1][1..]
    }

    /// Returns its text.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.join("-")
    }

    /// Leaves the lock of this owner behind, as if it had just crashed.
    ///
    /// # Panics
    /// If the files cannot be made.
    pub fn leave(&self, fixture: &Fixture) {
        self.leave_at(fixture, &["tinyforge.lock"]);
    }

    /// Leaves a claim of this owner behind, with further names.
    ///
    /// # Panics
    /// If the files cannot be made.
    pub fn leave_at(&self, fixture: &Fixture, names: &[&str]) {
        let claim = fixture
            .path()
            .join(format!("tinyforge.lock.{}", self.text()));
        fs::write(&claim, format!("{}\n", self.pid())).expect("a claim can be written");
        for name in names {
            fs::hard_link(&claim, fixture.path().join(name)).expect("a claim can be linked");
        }
    }
}
