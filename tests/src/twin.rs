//! The twin: the guest's own machine over the very system calls that the component makes, without the component. The
//! difference between the two is the cost of a sandbox, which the benchmarks report; `tests/tests/component/twin.rs`
//! shows that they do the same.

mod driver;
mod files;
mod questions;

use std::{fs::File, io, path::Path};

use lockhost_guest::contract::{self, Error, InspectError, ReleaseError, Report, Status};
use lockhost_machine::{facts::ErrorCode, inspect::Inspect, machine::Machine};

use self::driver::Driver;

/// An attempt, and then the lock that it acquired. Dropping it gives it up.
pub struct Twin {
    // In the order in which the component closes them.
    directory: File,
    machine: Machine,
    driver: Driver,
}

impl Twin {
    /// Returns an attempt at the lock of this name in an open directory, before its first step. It takes over from
    /// exactly `assume_dead`, if that is given.
    #[must_use]
    pub fn new(directory: File, name: &str, assume_dead: Option<&str>) -> Self {
        let machine = Machine::new(name.to_owned(), assume_dead.map(str::to_owned));
        Self {
            driver: Driver::new(machine.names().clone()),
            directory,
            machine,
        }
    }

    /// Goes on until it has the lock, or ends without it; `elapsed` is the time since it was made, in milliseconds.
    ///
    /// # Errors
    /// Any end without the lock. After [`Cause::Again`](lockhost_guest::contract::Cause::Again) it can go on.
    pub fn proceed(&mut self, elapsed: u64) -> Result<(), Error> {
        let next = self.machine.start(elapsed);
        let machine = &mut self.machine;
        self.driver
            .run(&self.directory, next, |reply| machine.reply(reply))
            .map_err(|error| contract::error(&self.machine, error))?;
        self.driver.close_looked_at();
        Ok(())
    }

    /// Returns how the lock was acquired.
    #[must_use]
    pub fn report(&self) -> Report {
        contract::report(&self.machine)
    }

    /// Returns whether the lock file is its own.
    ///
    /// # Errors
    /// Why the file cannot be examined.
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
    /// The step that failed.
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

/// Opens a directory as the component gets it.
///
/// # Errors
/// If there is none, or it may not be searched.
pub fn open(directory: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(directory, flags, Mode::empty())?.into())
}

/// Tries for the lock `tinyforge.lock` on a directory, without waiting.
///
/// # Errors
/// If there is no such directory.
///
/// # Panics
/// Never; the result of the attempt is in the inner result.
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
