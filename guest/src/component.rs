//! The component's exports: a machine and a driver behind each resource.

use alloc::string::String;
use core::cell::RefCell;

use crate::{
    contract::{
        Descriptor, Error, ErrorCode, Failure, Guest, GuestAttempt, GuestLock, Lock, Operation,
        Options, Report,
    },
    driver::{Dir, Driver},
    inspect::{Inspect, Inspected},
    lockfile::Name,
    machine::Machine,
    release::Released,
};

/// Implements the world `lockhost`.
pub struct Component;

impl Guest for Component {
    type Attempt = AttemptResource;
    type Lock = LockResource;

    fn inspect(dir: &Descriptor, name: String) -> Inspected {
        let (mut inspect, next) = Inspect::begin(name);
        let mut driver = Driver::new(Dir::Lent(dir), inspect.names().clone());
        driver.run(next, |reply| inspect.reply(reply))
    }
}

/// A machine, with what it has open. Dropping it gives up whatever it holds.
struct Holding {
    machine: Machine,
    driver: Driver<'static>,
    released: bool,
}

impl Holding {
    fn release(mut self) -> Released {
        self.give_up()
    }

    fn give_up(&mut self) -> Released {
        if self.released || self.machine.has_ended() {
            return Ok(());
        }
        self.released = true;
        let (mut release, next) = self.machine.release();
        self.driver.run(next, |reply| release.reply(reply))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.give_up();
    }
}

/// An attempt, until it has become a lock or an error.
pub struct AttemptResource(RefCell<Option<Holding>>);

impl GuestAttempt for AttemptResource {
    fn new(dir: Descriptor, options: Options) -> Self {
        let machine = Machine::new(options.name, options.assume_dead);
        let driver = Driver::new(Dir::Own(dir), machine.names().clone());
        Self(RefCell::new(Some(Holding {
            machine,
            driver,
            released: false,
        })))
    }

    fn try_(&self, elapsed_ms: u64) -> Result<Lock, Error> {
        let mut slot = self.0.borrow_mut();
        let Some(Holding {
            machine, driver, ..
        }) = slot.as_mut()
        else {
            return Err(Error::Ended);
        };
        let next = machine.start(elapsed_ms);
        let outcome = driver.run(next, |reply| machine.reply(reply));
        match outcome {
            Ok(()) => {
                driver.close_looked_at();
                let holding = slot.take().ok_or(Error::Ended)?;
                Ok(Lock::new(LockResource(holding)))
            }
            Err(Error::Again(waiting)) => Err(Error::Again(waiting)),
            Err(error) => {
                *slot = None;
                Err(error)
            }
        }
    }
}

/// A lock that is held.
pub struct LockResource(Holding);

impl GuestLock for LockResource {
    fn report(&self) -> Report {
        self.0.machine.report()
    }

    fn still_held(&self) -> Result<bool, Failure> {
        match self.0.driver.id_at(&Name::Level(0)) {
            Ok(id) => Ok(Some(id) == self.0.machine.own()),
            Err(ErrorCode::NoEntry) => Ok(false),
            Err(code) => Err(Failure {
                operation: Operation::Stat,
                file: self.0.machine.names().level(0),
                code,
            }),
        }
    }

    fn release(lock: Lock) -> Released {
        lock.into_inner::<Self>().0.release()
    }
}
