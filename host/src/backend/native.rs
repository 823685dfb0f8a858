//! The room in which native code decides: the machine of the component, over the calls of the operating system.

mod answers;
mod driver;
mod files;
mod questions;

use std::{fs::File, sync::Arc};

use lockhost_machine::{
    facts,
    inspect::Inspect,
    machine::{
        Machine, outcome as machine,
        restore::{self, Restore},
    },
};

use self::driver::Driver;
use super::{Answer, Backend, Fault, Run};
use crate::{
    member::Observer,
    outcome::{
        Error, Failure, InspectError, Options, ReleaseError, Report, Restored, Status, Unrestored,
        cause,
    },
    process::mode::Mode,
};

/// A machine, with its open files. Its driver is dropped first, as the component drops its own.
pub(crate) struct NativeRun {
    driver: Driver,
    machine: Machine,
    directory: Arc<File>,
    /// The lock file that is put back, from the link until it certainly stays, or for good if the lock is lost.
    restore: Option<Restore>,
}

impl Run for NativeRun {
    const BACKEND: Backend = Backend::Native;

    fn begin(directory: File, options: Options) -> Result<Self, Fault> {
        let machine = Machine::new(options.name, options.assume_dead);
        Ok(Self {
            driver: Driver::new(machine.names().clone(), options.mode, options.member),
            machine,
            directory: Arc::new(directory),
            restore: None,
        })
    }

    fn directory(&self) -> &Arc<File> {
        &self.directory
    }

    fn succeed(&mut self, owner: &str) -> Result<(), Fault> {
        self.machine.succeed(owner);
        Ok(())
    }

    fn proceed(&mut self, elapsed: u64) -> Answer<(), Error> {
        cause::forget();
        let machine = &mut self.machine;
        let next = machine.start(elapsed);
        let ended = self
            .driver
            .run(&self.directory, next, |reply| machine.reply(reply));
        Ok(match ended {
            Ok(()) => {
                self.driver.close_looked_at();
                Ok(())
            }
            Err(error) => Err(answers::error(machine, error)),
        })
    }

    fn report(&mut self) -> Result<Report, Fault> {
        Ok(answers::report(&self.machine))
    }

    fn still_held(&mut self) -> Answer<bool, Failure> {
        cause::forget();
        // Another process may still remove a file that was put back.
        if self.restore.is_some() {
            return Ok(Ok(false));
        }
        Ok(
            match files::id_at(&self.directory, self.machine.names().lock()) {
                Ok(id) => Ok(Some(id) == self.machine.own()),
                Err(facts::ErrorCode::NoEntry) => Ok(false),
                Err(code) => Err(answers::failure(machine::Operation::Stat, code)),
            },
        )
    }

    fn restore(&mut self, elapsed: u64) -> Answer<Restored, Unrestored> {
        cause::forget();
        let machine = &mut self.machine;
        let Some(mut restore) = self.restore.take().or_else(|| machine.restore()) else {
            return Ok(answers::restored(Err(restore::Unrestored::Lost)));
        };
        let next = restore.start(elapsed);
        let outcome = self
            .driver
            .run(&self.directory, next, |reply| restore.reply(reply));
        self.driver.close_looked_at();
        machine.restored(&restore);
        // A failure that changed nothing does not show whether the lock is still held.
        if outcome.is_err() && restore.is_open() {
            self.restore = Some(restore);
        }
        Ok(answers::restored(outcome))
    }

    fn rivals(&mut self) -> Answer<Vec<String>, Failure> {
        cause::forget();
        let Some((mut rivals, next)) = self.machine.rivals() else {
            let code = facts::ErrorCode::Invalid;
            return Ok(Err(answers::failure(machine::Operation::List, code)));
        };
        let outcome = self
            .driver
            .run(&self.directory, next, |reply| rivals.reply(reply));
        self.driver.close_looked_at();
        Ok(answers::rivals(outcome))
    }

    fn refresh(&mut self) -> Answer<(), Failure> {
        let refreshed = self.driver.refresh();
        Ok(refreshed.map_err(|code| answers::failure(machine::Operation::Write, code)))
    }

    fn release(mut self) -> Answer<(), ReleaseError> {
        cause::forget();
        if self.restore.is_some() {
            self.machine.lose();
        }
        Ok(self.end())
    }

    fn give_up(mut self) {
        let _ = self.end();
    }

    fn evidence(&self) -> Option<Arc<File>> {
        self.driver.evidence()
    }

    fn inspect(
        directory: File,
        name: &str,
        observer: Option<Arc<Observer>>,
    ) -> Answer<Status, InspectError> {
        cause::forget();
        let mut inspect = Inspect::new(name.to_owned());
        let names = inspect.names().clone();
        let mut driver = Driver::new(names.clone(), Mode::PRIVATE, None).with_observer(observer);
        let next = inspect.start();
        let mut files = Vec::new();
        let inspected = driver.run(&directory, next, |reply| {
            inspect.reply(reply, |level, found| {
                files.push(answers::occupied(&names, level, found));
            })
        });
        Ok(answers::inspected(&names, files, inspected))
    }
}

impl NativeRun {
    fn end(&mut self) -> Result<(), ReleaseError> {
        if self.machine.has_ended() {
            return Ok(());
        }
        let (mut release, next) = self.machine.release();
        let released = self
            .driver
            .run(&self.directory, next, |reply| release.reply(reply));
        answers::released(self.machine.names(), released)
    }
}
