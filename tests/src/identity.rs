//! Claims as processes would have made them, put there by hand.

use std::{fs, path::Path};

use crate::fixture::Fixture;

pub use crate::running::start_of;

/// An identity in parts, as `wit/lockfile.wit` defines format 1: made from a real one, so that whatever is not changed
/// is right for this machine.
#[derive(Clone)]
pub struct Identity {
    parts: Vec<String>,
}

impl Identity {
    /// This process' own, for a directory.
    ///
    /// # Panics
    /// If the lock cannot be had there.
    #[must_use]
    pub fn mine(directory: &Path) -> Self {
        let lock = lockhost::acquire(directory).expect("the directory is free");
        Self {
            parts: lock.identity().split('-').map(str::to_owned).collect(),
        }
    }

    /// That of another process that is running.
    ///
    /// # Panics
    /// If it is not.
    #[must_use]
    pub fn of(self, pid: u32) -> Self {
        self.with('p', &pid.to_string()).with('s', &start_of(pid))
    }

    /// With another value for one fact.
    #[must_use]
    pub fn with(mut self, tag: char, value: &str) -> Self {
        for part in self.parts.iter_mut().filter(|part| part.starts_with(tag)) {
            *part = format!("{tag}{value}");
        }
        self
    }

    /// Without one fact.
    #[must_use]
    pub fn without(mut self, tag: char) -> Self {
        self.parts.retain(|part| !part.starts_with(tag));
        self
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> &str {
        &self.parts[1][1..]
    }

    /// Its text.
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
