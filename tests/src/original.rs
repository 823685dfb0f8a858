//! The algorithm of the lock that lockhost replaces, with its flaws.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process,
};

use crate::{files, running::is_there};

/// The receiver of each step that an attempt reaches.
pub trait Steps {
    /// Runs at each step that the attempt reaches; the attempt goes on when this returns.
    ///
    /// # Errors
    /// Any error ends the attempt here.
    fn at(&self, step: &str) -> io::Result<()>;
}

/// No receiver.
impl Steps for () {
    fn at(&self, _step: &str) -> io::Result<()> {
        Ok(())
    }
}

/// The result of an attempt.
pub enum Outcome {
    /// It has the lock.
    Acquired,
    /// Another process has it: a sentence about that process.
    Held(String),
}

/// The owner that a lock file names.
enum Owner {
    Gone,
    Alive(u32),
    Dead,
}

/// The lock on a directory.
pub struct Original<S> {
    lock: PathBuf,
    reclaim: PathBuf,
    steps: S,
}

impl<S: Steps> Original<S> {
    /// Returns the lock of this directory; nothing is done yet.
    pub fn new(directory: &Path, steps: S) -> Self {
        Self {
            lock: directory.join("tinyforge.lock"),
            reclaim: directory.join("tinyforge.lock.reclaim"),
            steps,
        }
    }

    /// Returns the path of the lock file.
    pub fn path(&self) -> &Path {
        &self.lock
    }

    /// Releases the lock, whichever process has it by now.
    ///
    /// # Errors
    /// If the file exists and cannot be removed.
    pub fn release(&self) -> io::Result<()> {
        remove(&self.lock)
    }

    /// Tries to acquire it.
    ///
    /// # Errors
    /// As the operating system reports, and [`Steps::at`].
    pub fn acquire(&self) -> io::Result<Outcome> {
        self.steps.at("start")?;
        if self.create(&self.lock, "lock-created")? {
            return Ok(Outcome::Acquired);
        }
        self.steps.at("lock-exists")?;
        if let Owner::Alive(pid) = self.read(&self.lock)? {
            return Ok(Outcome::Held(format!(
                "locked by another process (pid {pid})"
            )));
        }
        self.steps.at("lock-dead")?;
        self.reclaim()
    }

    fn reclaim(&self) -> io::Result<Outcome> {
        while !self.create(&self.reclaim, "reclaim-created")? {
            self.steps.at("reclaim-exists")?;
            if let Owner::Alive(pid) = self.read(&self.reclaim)? {
                return Ok(Outcome::Held(format!(
                    "a reclaim is in progress (pid {pid})"
                )));
            }
            self.steps.at("reclaim-judged-dead")?;
            remove(&self.reclaim)?;
            self.steps.at("reclaim-removed")?;
        }
        let outcome = self.replace()?;
        self.steps.at("reclaim-done")?;
        remove(&self.reclaim)?;
        Ok(outcome)
    }

    /// Replaces the lock, under the reclaim lock.
    fn replace(&self) -> io::Result<Outcome> {
        self.steps.at("reclaim-taken")?;
        if let Owner::Alive(pid) = self.read(&self.lock)? {
            return Ok(Outcome::Held(format!(
                "reclaimed by pid {pid} while we waited"
            )));
        }
        self.steps.at("lock-judged-dead")?;
        remove(&self.lock)?;
        self.steps.at("lock-removed")?;
        Ok(if self.create(&self.lock, "lock-created")? {
            Outcome::Acquired
        } else {
            Outcome::Held("a newcomer was faster".into())
        })
    }

    /// Creates a file, and returns whether it is new. It is visibly empty before the pid is in it.
    fn create(&self, path: &Path, created: &str) -> io::Result<bool> {
        match files::private().write(true).create_new(true).open(path) {
            Ok(file) => {
                self.steps.at(created)?;
                write_pid(file)?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Owner> {
        let content = match fs::read_to_string(path) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Owner::Gone),
            Err(error) => return Err(error),
        };
        let pid = content.trim().parse().ok();
        let alive = pid.filter(|pid| is_there(*pid) == Some(true));
        Ok(alive.map_or(Owner::Dead, Owner::Alive))
    }
}

fn write_pid(mut file: File) -> io::Result<()> {
    writeln!(file, "{}", process::id())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
