//! The component's exports: a machine and a driver behind each resource.

use alloc::{boxed::Box, string::String};
use core::cell::Cell;

use crate::{
    contract::{
        Cause, Descriptor, Error, ErrorCode, Failure, Guest, GuestAttempt, GuestLock, Lock,
        Operation, Options, Report,
    },
    driver::{Driver, id_at},
    inspect::{Inspect, Inspected},
    machine::Machine,
    release::Released,
};

/// Implements the world `lockhost`.
pub struct Component;

impl Guest for Component {
    type Attempt = AttemptResource;
    type Lock = LockResource;

    fn inspect(dir: &Descriptor, name: String) -> Inspected {
        let mut inspect = Inspect::new(name);
        let mut driver = Driver::new(inspect.names().clone());
        let next = inspect.start();
        driver.run(dir, next, |reply| inspect.reply(reply))
    }
}

/// A machine, with what it has open. Dropping it gives up whatever it holds.
struct Holding {
    dir: Descriptor,
    machine: Machine,
    driver: Driver,
}

impl Holding {
    fn give_up(&mut self) -> Released {
        if self.machine.has_ended() {
            return Ok(());
        }
        let (mut release, next) = self.machine.release();
        self.driver
            .run(&self.dir, next, |reply| release.reply(reply))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        // Nobody is left to be told.
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
                Ok(Lock::new(LockResource(holding)))
            }
            Err(error) => {
                if let Cause::Again(_) = error.cause {
                    self.0.set(Some(holding));
                }
                Err(error)
            }
        }
    }
}

/// A lock that is held.
pub struct LockResource(Box<Holding>);

impl GuestLock for LockResource {
    fn report(&self) -> Report {
        self.0.machine.report()
    }

    fn still_held(&self) -> Result<bool, Failure> {
        let file = self.0.machine.names().level(0);
        match id_at(&self.0.dir, &file) {
            Ok(id) => Ok(Some(id) == self.0.machine.own()),
            Err(ErrorCode::NoEntry) => Ok(false),
            Err(code) => Err(Failure {
                operation: Operation::Stat,
                code,
            }),
        }
    }

    fn release(lock: Lock) -> Released {
        lock.into_inner::<Self>().0.give_up()
    }
}
