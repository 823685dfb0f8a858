//! An attempt of a plugin.

use std::{mem, time::Instant};

use wasmtime::Result;
use wasmtime_wasi::filesystem::Descriptor;

use super::{
    asking::{Asking, beginning},
    disclosure::Disclosure,
    lock::Lock,
    resource::OwnedResource,
};
use crate::{
    bindings::direct::lockfile as wit,
    component::{
        calls::{assumed, elapsed},
        instance::Instance,
    },
    lock::name,
    process::mode::Mode,
};

/// An attempt of a plugin: the component's own until it has become a lock, or an error.
pub(super) struct Attempt {
    pub(super) trying: Trying,
    pub(super) begun: Instant,
    asking: Asking,
}

/// The state of an attempt.
pub(super) enum Trying {
    /// The component's attempt goes on.
    With(Box<OwnedResource>),
    /// The attempt is refused for this reason, which the plugin has not got yet. There is no instance.
    Refused(wit::Error),
    /// The attempt has ended.
    Ended,
}

/// The limits of a linker's plugins, and what they learn.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) at_once: usize,
    pub(super) mode: Mode,
    pub(super) disclosure: Disclosure,
}

impl Attempt {
    /// Begins an attempt. No text that a plugin can make long is handed to an instance, or kept.
    pub(super) fn new(dir: Descriptor, options: wit::Options, terms: &Terms) -> Result<Self> {
        let disclosure = terms.disclosure.clone();
        if name::check(&options.name).is_err() {
            let name = beginning(&options.name);
            return Ok(Self::refused(name, wit::Cause::BadName, disclosure));
        }
        let asking = Asking {
            name: options.name,
            disclosure,
        };
        let assume_dead = match assumed(options.assume_dead) {
            Some(handle) if asking.disclosure.withholds() => asking.meant(&dir, &handle)?,
            assumed => assumed,
        };
        let instance = Instance::for_plugin(asking.disclosure.withholds())?;
        let mut instance = instance.with_mode(terms.mode);
        let options = wit::Options {
            name: asking.name.clone(),
            assume_dead,
        };
        let attempt = instance.attempt(dir, &options)?;
        Ok(Self {
            trying: Trying::With(Box::new(OwnedResource::new(instance, attempt))),
            begun: Instant::now(),
            asking,
        })
    }

    /// Returns an attempt beyond the plugin's limit, which is refused.
    pub(super) fn one_too_many(at_once: usize, disclosure: Disclosure) -> Self {
        let why =
            format!("the plugin has as many attempts and locks as the host permits, {at_once}");
        Self::refused(String::new(), wit::Cause::Host(why), disclosure)
    }

    fn refused(name: String, cause: wit::Cause, disclosure: Disclosure) -> Self {
        let file = name.clone();
        Self {
            trying: Trying::Refused(wit::Error { file, cause }),
            begun: Instant::now(),
            asking: Asking { name, disclosure },
        }
    }

    /// Sets the owner whose end was awaited. A handle that stands for an identity names no claim: then nothing is
    /// awaited.
    pub(super) fn succeed(&mut self, owner: &str) -> Result<()> {
        match &mut self.trying {
            Trying::With(inner) if inner.is_ours() => {
                let attempt = inner.resource;
                let owner = beginning(owner);
                inner.instance()?.succeed(attempt, &owner)
            }
            _ => Ok(()),
        }
    }

    /// Takes one step. The outer error is a trap, which ends the attempt as well.
    pub(super) fn proceed(&mut self, told: u64) -> Result<std::result::Result<Lock, wit::Error>> {
        let mut inner = match mem::replace(&mut self.trying, Trying::Ended) {
            Trying::With(inner) if inner.is_ours() => inner,
            Trying::Refused(error) => return Ok(Err(error)),
            // A child made by fork(2) has no part in it.
            Trying::With(_) | Trying::Ended => {
                return Ok(Err(wit::Error {
                    file: String::new(),
                    cause: wit::Cause::Ended,
                }));
            }
        };
        // A plugin that claims a wait which it did not do would take another program's file before it is written.
        let elapsed = told.min(elapsed(self.begun));
        let attempt = inner.resource;
        match inner.instance()?.proceed(attempt, elapsed)? {
            Ok(lock) => {
                inner.resource = lock;
                let asking = self.asking.clone();
                Ok(Ok(Lock {
                    inner: *inner,
                    restoring: None,
                    asking,
                }))
            }
            Err(error) => {
                // Every other answer ends the attempt, and drops the instance.
                if matches!(error.cause, wit::Cause::Again(_)) {
                    self.trying = Trying::With(inner);
                }
                Ok(Err(self.asking.error(error)))
            }
        }
    }
}
