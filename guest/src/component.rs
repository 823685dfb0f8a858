//! The component's exports: a machine and a driver behind each resource.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::cell::{Cell, RefCell};

use lockhost_machine::{
    inspect::Inspect,
    machine::{
        Machine,
        restore::{self, Restore},
    },
};

use crate::{
    contract::{
        self, Cause, Descriptor, Error, ErrorCode, Failure, Guest, GuestAttempt, GuestLock,
        InspectError, Lock, Operation, Options, ReleaseError, Report, Restored, Status, Unrestored,
    },
    driver::{Driver, id_at},
};

/// Implements the world `lockhost`.
pub struct Component;

impl Guest for Component {
    type Attempt = AttemptResource;
    type Lock = LockResource;

    fn inspect(dir: &Descriptor, name: String) -> Result<Status, InspectError> {
        let mut inspect = Inspect::new(name);
        let mut driver = Driver::new(inspect.names().clone());
        let next = inspect.start();
        let mut files = Vec::new();
        let names = inspect.names().clone();
        let inspected = driver.run(dir, next, |reply| {
            inspect.reply(reply, |level, found| {
                files.push(contract::occupied(&names, level, found));
            })
        });
        contract::inspected(&names, files, inspected)
    }
}

/// A machine, with its open files. Dropping it gives up what it holds.
struct Holding {
    dir: Descriptor,
    machine: Machine,
    driver: Driver,
}

impl Holding {
    fn give_up(&mut self) -> Result<(), ReleaseError> {
        if self.machine.has_ended() {
            return Ok(());
        }
        let (mut release, next) = self.machine.release();
        let released = self
            .driver
            .run(&self.dir, next, |reply| release.reply(reply));
        contract::released(self.machine.names(), released)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        // Errors cannot be reported from `drop`.
        let _ = self.give_up();
    }
}

/// An attempt, until it has become a lock or an error.
pub struct AttemptResource(Cell<Option<Box<Holding>>>);

impl GuestAttempt for AttemptResource {
    fn new(dir: Descriptor, options: Options) -> Self {
        let machine = Machine::new(options.name, options.assume_dead);
        let driver = Driver::new(machine.names().clone());
        Self(Cell::new(Some(Box::new(Holding {
            dir,
            machine,
            driver,
        }))))
    }

    fn succeed(&self, owner: String) {
        let mut holding = self.0.take();
        if let Some(holding) = &mut holding {
            holding.machine.succeed(&owner);
        }
        self.0.set(holding);
    }

    fn try_(&self, elapsed_ms: u64) -> Result<Lock, Error> {
        let Some(mut holding) = self.0.take() else {
            return Err(Error {
                file: String::new(),
                cause: Cause::Ended,
            });
        };
        let Holding {
            dir,
            machine,
            driver,
        } = &mut *holding;
        let next = machine.start(elapsed_ms);
        match driver.run(dir, next, |reply| machine.reply(reply)) {
            Ok(()) => {
                driver.close_looked_at();
                let restore = None;
                Ok(Lock::new(LockResource(RefCell::new(Held {
                    holding,
                    restore,
                }))))
            }
            Err(error) => {
                let error = contract::error(machine, error);
                if let Cause::Again(_) = error.cause {
                    self.0.set(Some(holding));
                }
                Err(error)
            }
        }
    }
}

/// A lock that is held. None of its functions calls another one, so no borrow finds another.
pub struct LockResource(RefCell<Held>);

struct Held {
    holding: Box<Holding>,
    /// The lock file that is put back, from the link until it certainly stays, or for good if the lock is lost.
    restore: Option<Restore>,
}

impl Held {
    fn still_held(&self) -> Result<bool, ErrorCode> {
        // Another process may still remove a file that was put back.
        if self.restore.is_some() {
            return Ok(false);
        }
        let Holding { dir, machine, .. } = &*self.holding;
        match id_at(dir, machine.names().lock()) {
            Ok(id) => Ok(Some(id) == machine.own()),
            Err(ErrorCode::NoEntry) => Ok(false),
            Err(code) => Err(code),
        }
    }

    fn restore(&mut self, elapsed: u64) -> restore::Outcome {
        let Holding {
            dir,
            machine,
            driver,
        } = &mut *self.holding;
        let begun = self.restore.take().or_else(|| machine.restore());
        let Some(mut restore) = begun else {
            return Err(restore::Unrestored::Lost);
        };
        let next = restore.start(elapsed);
        let outcome = driver.run(dir, next, |reply| restore.reply(reply));
        driver.close_looked_at();
        machine.restored(&restore);
        // A failure that changed nothing does not show whether the lock is still held.
        if outcome.is_err() && restore.is_open() {
            self.restore = Some(restore);
        }
        outcome
    }
}

impl GuestLock for LockResource {
    fn report(&self) -> Report {
        contract::report(&self.0.borrow().holding.machine)
    }

    fn still_held(&self) -> Result<bool, Failure> {
        let held = self.0.borrow().still_held();
        held.map_err(|code| failed(Operation::Stat, code))
    }

    fn restore(&self, elapsed_ms: u64) -> Result<Restored, Unrestored> {
        contract::restored(self.0.borrow_mut().restore(elapsed_ms))
    }

    fn rivals(&self) -> Result<Vec<String>, Failure> {
        let mut held = self.0.borrow_mut();
        let Holding {
            dir,
            machine,
            driver,
        } = &mut *held.holding;
        let Some((mut rivals, next)) = machine.rivals() else {
            return Err(failed(Operation::List, ErrorCode::Invalid));
        };
        let outcome = driver.run(dir, next, |reply| rivals.reply(reply));
        driver.close_looked_at();
        contract::rivals(outcome)
    }

    fn refresh(&self) -> Result<(), Failure> {
        let refreshed = self.0.borrow_mut().holding.driver.refresh();
        refreshed.map_err(|code| failed(Operation::Write, code))
    }

    fn release(lock: Lock) -> Result<(), ReleaseError> {
        let mut held = lock.into_inner::<Self>().0.into_inner();
        if held.restore.is_some() {
            held.holding.machine.lose();
        }
        held.holding.give_up()
    }
}

fn failed(operation: Operation, code: ErrorCode) -> Failure {
    Failure { operation, code }
}
