//! The twin: the guest's own machine over the very system calls that the component comes to, without the component. What
//! lies between the two is what a sandbox costs, as the benchmarks tell it; `tests/tests/component/twin.rs` shows that they do the same.

mod driver;
mod files;
mod questions;

use std::{fs::File, io, path::Path};

use lockhost_guest::contract::{self, Error, InspectError, ReleaseError, Report, Status};
use lockhost_guest::{facts::ErrorCode, inspect::Inspect, machine::Machine};

use self::driver::Driver;

/// An attempt, and then the lock that comes of it. Dropping it gives it up.
pub struct Twin {
    // In the order in which the component closes them.
    directory: File,
    machine: Machine,
    driver: Driver,
}

impl Twin {
    /// An attempt at the lock of this name in an open directory, before its first step. It takes over from exactly
    /// `assume_dead`, if that is given.
    #[must_use]
    pub fn new(directory: File, name: &str, assume_dead: Option<&str>) -> Self {
        let machine = Machine::new(name.to_owned(), assume_dead.map(str::to_owned));
        Self {
            driver: Driver::new(machine.names().clone()),
            directory,
            machine,
        }
    }

    /// Goes on until it has the lock, or something else comes of it; that many milliseconds after it was made.
    ///
    /// # Errors
    /// Whatever it comes to that is no lock. After [`Cause::Again`](lockhost_guest::contract::Cause::Again) it can go on.
    pub fn proceed(&mut self, elapsed: u64) -> Result<(), Error> {
        let next = self.machine.start(elapsed);
        let machine = &mut self.machine;
        self.driver
            .run(&self.directory, next, |reply| machine.reply(reply))
            .map_err(|error| contract::error(&self.machine, error))?;
        self.driver.close_looked_at();
        Ok(())
    }

    /// How the lock was got.
    #[must_use]
    pub fn report(&self) -> Report {
        contract::report(&self.machine)
    }

    /// Whether the lock file is its own.
    ///
    /// # Errors
    /// Why the file cannot be looked at.
    pub fn still_held(&self) -> Result<bool, ErrorCode> {
        match files::id_at(&self.directory, self.machine.names().lock()) {
            Ok(id) => Ok(Some(id) == self.machine.own()),
            Err(ErrorCode::NoEntry) => Ok(false),
            Err(code) => Err(code),
        }
    }

    /// Gives it up.
    ///
    /// # Errors
    /// What could not be done.
    pub fn release(mut self) -> Result<(), ReleaseError> {
        self.give_up()
    }

    fn give_up(&mut self) -> Result<(), ReleaseError> {
        if self.machine.has_ended() {
            return Ok(());
        }
        let (mut release, next) = self.machine.release();
        let released = self
            .driver
            .run(&self.directory, next, |reply| release.reply(reply));
        contract::released(self.machine.names(), released)
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        let _ = self.give_up();
    }
}

/// Opens a directory as the component is handed one.
///
/// # Errors
/// If there is none, or it may not be searched.
pub fn open(directory: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(directory, flags, Mode::empty())?.into())
}

/// Takes the lock `tinyforge.lock` on a directory, without waiting for anything.
///
/// # Errors
/// If there is no such directory.
///
/// # Panics
/// Never; what comes of the attempt is in the inner result.
pub fn acquire(directory: &Path) -> io::Result<Result<Twin, Error>> {
    let mut twin = Twin::new(open(directory)?, "tinyforge.lock", None);
    Ok(twin.proceed(0).map(|()| twin))
}

/// Judges the lock of this name in an open directory.
///
/// # Errors
/// As the guest's.
pub fn inspect(directory: &File, name: &str) -> Result<Status, InspectError> {
    let mut inspect = Inspect::new(name.to_owned());
    let mut driver = Driver::new(inspect.names().clone());
    let next = inspect.start();
    let mut files = Vec::new();
    let names = inspect.names().clone();
    let inspected = driver.run(directory, next, |reply| {
        inspect.reply(reply, |level, found| {
            files.push(contract::occupied(&names, level, found));
        })
    });
    contract::inspected(&names, files, inspected)
}
