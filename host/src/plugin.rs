//! The interface `lockhost:lockfile/lockfile` for plugins: guests that guard a directory which they were given.
//!
//! [`add_to_linker`] links it. A plugin makes an `attempt` with a descriptor of its own, and gets a `lock` of its own; for
//! each of them the host runs the component inside, in a store that nobody else sees. So a plugin has the lock by a
//! handle, and nothing else: it needs neither the import `process` nor a clock, cannot name a lock that is another's, and
//! does in the directory what its descriptor lets it do, no more. Dropping the plugin's store, after a trap say, drops
//! what it had, which releases its locks at once and cleanly.
//!
//! ```
//! use lockhost::{
//!     plugin,
//!     wasmtime::{Engine, Result, component::{Linker, ResourceTable}},
//!     wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p2},
//! };
//!
//! struct Host {
//!     wasi: WasiCtx,
//!     table: ResourceTable,
//! }
//!
//! impl WasiView for Host {
//!     fn ctx(&mut self) -> WasiCtxView<'_> {
//!         WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let mut linker = Linker::<Host>::new(&Engine::default());
//! p2::add_to_linker_async(&mut linker)?;
//! plugin::add_to_linker(&mut linker, |host| &mut host.table)?;
//! # Ok(())
//! # }
//! ```
//!
//! [Plugins that lock](crate::plugins) has the whole of it, with a plugin, and the other way: two components composed.

mod disclosure;
pub(crate) mod given;
mod inner;
mod settings;

use std::{any::Any, mem, time::Instant};

use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceTable, ResourceType},
};
use wasmtime_wasi::filesystem::Descriptor;

pub use self::settings::Settings;
use self::{disclosure::Disclosure, given::given, inner::Inner};
use crate::{
    bindings::direct::lockfile as wit,
    component::{Instance, assumed, elapsed},
    filesystem,
    process::mode::Mode,
};

/// An attempt of a plugin: the component's own until it has become a lock, or an error.
struct Attempt {
    trying: Trying,
    begun: Instant,
    asking: Asking,
}

/// How an attempt goes on.
enum Trying {
    /// With this.
    With(Inner),
    /// Not at all, for this reason, which the plugin is yet to be given. There is no instance.
    Refused(wit::Error),
    /// Not at all.
    Ended,
}

/// A lock of a plugin.
struct Lock {
    inner: Inner,
    /// Since when its file is being put back.
    restoring: Option<Instant>,
    asking: Asking,
}

/// Which lock a plugin asks about, and what it learns of processes.
#[derive(Clone)]
struct Asking {
    name: String,
    disclosure: Disclosure,
}

/// Where a store's data keeps its resources: those of its WASI, and the plugin's attempts and locks.
type Table<T> = fn(&mut T) -> &mut ResourceTable;

/// Adds `lockhost:lockfile/lockfile` to a linker, beside the host's own WASI. `table` is where that keeps the plugin's
/// descriptors.
///
/// The functions are synchronous, so this one serves hosts that call their plugins synchronously and hosts that do so
/// asynchronously. The latter link WASI by `p2::add_to_linker_async`: what `p2::add_to_linker_sync` links panics inside of a
/// tokio runtime. They do some file operations on the calling thread and wait for nobody: a plugin is told when to try
/// again. How long that took is measured here, whatever the plugin says.
///
/// A plugin may have 16 attempts and locks at once, and learns who has a lock: [`Settings`] has both otherwise, and says
/// what an attempt costs.
///
/// The [module's documentation](self) has an example.
///
/// # Errors
/// If the linker has the interface already, and does not allow shadowing.
pub fn add_to_linker<T: 'static>(linker: &mut Linker<T>, table: Table<T>) -> Result<()> {
    Settings::new().add_to_linker(linker, table)
}

/// What the plugins of a linker may have, and what they learn.
#[derive(Clone)]
struct Terms {
    at_once: usize,
    mode: Mode,
    disclosure: Disclosure,
}

fn link<T: 'static>(linker: &mut Linker<T>, table: Table<T>, terms: Terms) -> Result<()> {
    let mut interface = linker.instance("lockhost:lockfile/lockfile@0.1.0")?;
    add_attempt(&mut interface, table, terms.clone())?;
    add_lock(&mut interface, table)?;
    let disclosure = terms.disclosure;
    interface.func_wrap(
        "inspect",
        move |mut store: StoreContextMut<'_, T>, (dir, name): (Resource<Descriptor>, String)| {
            let dir = given(table(store.data_mut()).get(&dir)?)?;
            Ok((inspect(dir, &name, &disclosure)?,))
        },
    )
}

fn add_attempt<T: 'static>(
    interface: &mut LinkerInstance<'_, T>,
    table: Table<T>,
    terms: Terms,
) -> Result<()> {
    let resource = ResourceType::host::<Attempt>();
    interface.resource("attempt", resource, move |mut store, rep| {
        let attempt = Resource::<Attempt>::new_own(rep);
        drop(table(store.data_mut()).delete(attempt)?);
        Ok(())
    })?;
    interface.func_wrap(
        "[constructor]attempt",
        move |mut store: StoreContextMut<'_, T>,
              (dir, options): (Resource<Descriptor>, wit::Options)| {
            let table = table(store.data_mut());
            let dir = given(&table.delete(dir)?)?;
            let attempt = if instances(table) < terms.at_once {
                Attempt::new(dir, options, &terms)?
            } else {
                Attempt::one_too_many(terms.at_once, terms.disclosure.clone())
            };
            Ok((table.push(attempt)?,))
        },
    )?;
    interface.func_wrap(
        "[method]attempt.succeed",
        move |mut store: StoreContextMut<'_, T>, (attempt, owner): (Resource<Attempt>, String)| {
            table(store.data_mut()).get_mut(&attempt)?.succeed(&owner)
        },
    )?;
    interface.func_wrap(
        "[method]attempt.try",
        move |mut store: StoreContextMut<'_, T>, (attempt, elapsed): (Resource<Attempt>, u64)| {
            let table = table(store.data_mut());
            Ok((match table.get_mut(&attempt)?.proceed(elapsed)? {
                Ok(lock) => Ok(table.push(lock)?),
                Err(error) => Err(error),
            },))
        },
    )
}

/// How many instances of the component a plugin has.
fn instances(table: &mut ResourceTable) -> usize {
    let has_one = |it: &&mut (dyn Any + Send)| match it.downcast_ref::<Attempt>() {
        Some(attempt) => matches!(attempt.trying, Trying::With(_)),
        None => it.is::<Lock>(),
    };
    table.iter_mut().filter(has_one).count()
}

/// Judges a lock for a plugin.
fn inspect(
    dir: Descriptor,
    name: &str,
    disclosure: &Disclosure,
) -> Result<std::result::Result<wit::Status, wit::InspectError>> {
    if filesystem::check(name).is_err() {
        return Ok(Err(wit::InspectError {
            file: beginning(name),
            cause: wit::InspectCause::BadName,
        }));
    }
    let instance = Instance::for_plugin(disclosure.withholds())?;
    let status = instance.inspect(dir, name)?;
    Ok(status
        .map(|status| disclosure.status(status))
        .map_err(|error| disclosure.unjudged(name, error)))
}

/// As much of a name as a file's may have.
fn beginning(name: &str) -> String {
    name[..name.floor_char_boundary(filesystem::LONGEST_NAME)].to_owned()
}

fn add_lock<T: 'static>(interface: &mut LinkerInstance<'_, T>, table: Table<T>) -> Result<()> {
    let resource = ResourceType::host::<Lock>();
    interface.resource("lock", resource, move |mut store, rep| {
        let lock = Resource::<Lock>::new_own(rep);
        drop(table(store.data_mut()).delete(lock)?);
        Ok(())
    })?;
    interface.func_wrap(
        "[method]lock.report",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.report()?,))
        },
    )?;
    interface.func_wrap(
        "[method]lock.still-held",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.still_held()?,))
        },
    )?;
    interface.func_wrap(
        "[method]lock.restore",
        move |mut store: StoreContextMut<'_, T>, (lock, elapsed): (Resource<Lock>, u64)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.restore(elapsed)?,))
        },
    )?;
    interface.func_wrap(
        "[method]lock.refresh",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.refresh()?,))
        },
    )?;
    interface.func_wrap(
        "[static]lock.release",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).delete(lock)?.release()?,))
        },
    )
}

impl Attempt {
    /// Nothing that a plugin can make long is handed to an instance, or kept.
    fn new(dir: Descriptor, options: wit::Options, terms: &Terms) -> Result<Self> {
        let disclosure = terms.disclosure.clone();
        if filesystem::check(&options.name).is_err() {
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
            trying: Trying::With(Inner::new(instance, attempt)),
            begun: Instant::now(),
            asking,
        })
    }

    /// One that its plugin may not have.
    fn one_too_many(at_once: usize, disclosure: Disclosure) -> Self {
        let why =
            format!("the host permits {at_once} attempts and locks at once, and there are as many");
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

    /// A handle that stands for an identity names no claim: then nothing is waited for.
    fn succeed(&mut self, owner: &str) -> Result<()> {
        match &mut self.trying {
            Trying::With(inner) if inner.is_ours() => {
                let attempt = inner.resource;
                let owner = beginning(owner);
                inner.instance()?.succeed(attempt, &owner)
            }
            _ => Ok(()),
        }
    }

    /// The outer error is a trap, which ends the attempt as well.
    fn proceed(&mut self, told: u64) -> Result<std::result::Result<Lock, wit::Error>> {
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
        // A plugin that says it has waited, and has not, would take another program's file before it is written.
        let elapsed = told.min(elapsed(self.begun));
        let attempt = inner.resource;
        match inner.instance()?.go_on(attempt, elapsed)? {
            Ok(lock) => {
                inner.resource = lock;
                let asking = self.asking.clone();
                Ok(Ok(Lock {
                    inner,
                    restoring: None,
                    asking,
                }))
            }
            Err(error) => {
                // Every other answer ends the attempt, and with it goes the instance.
                if matches!(error.cause, wit::Cause::Again(_)) {
                    self.trying = Trying::With(inner);
                }
                Ok(Err(self.asking.error(error)))
            }
        }
    }
}

impl Asking {
    fn error(&self, error: wit::Error) -> wit::Error {
        self.disclosure.error(&self.name, error)
    }

    /// The identity that a handle stands for, among the owners that there are. The component compares it under the
    /// reclaim lock, so it is useless once another owner has come.
    fn meant(&self, dir: &Descriptor, handle: &str) -> Result<Option<String>> {
        let instance = Instance::for_plugin(self.disclosure.withholds())?;
        let status = instance.inspect(dir.clone(), &self.name)?;
        let files = status.map(|status| status.files).unwrap_or_default();
        let mut owners = files.into_iter().filter_map(|it| it.holder.identity);
        Ok(owners.find(|it| self.disclosure.identity(it.clone()) == handle))
    }
}

impl Lock {
    fn report(&mut self) -> Result<wit::Report> {
        let lock = self.inner.resource;
        let report = self.inner.instance()?.report(lock)?;
        Ok(self.asking.disclosure.report(&self.asking.name, report))
    }

    fn still_held(&mut self) -> Result<std::result::Result<bool, wit::Failure>> {
        if !self.inner.is_ours() {
            return Ok(Ok(false));
        }
        let lock = self.inner.resource;
        self.inner.instance()?.still_held(lock)
    }

    /// As an attempt's, its waiting is measured here.
    fn restore(
        &mut self,
        told: u64,
    ) -> Result<std::result::Result<wit::Restored, wit::Unrestored>> {
        if !self.inner.is_ours() {
            return Ok(Err(wit::Unrestored::Lost));
        }
        let begun = *self.restoring.get_or_insert_with(Instant::now);
        let lock = self.inner.resource;
        let outcome = self
            .inner
            .instance()?
            .restore(lock, told.min(elapsed(begun)))?;
        if !matches!(outcome, Err(wit::Unrestored::Again(_))) {
            self.restoring = None;
        }
        Ok(outcome)
    }

    fn refresh(&mut self) -> Result<std::result::Result<(), wit::Failure>> {
        if !self.inner.is_ours() {
            return Ok(Ok(()));
        }
        let lock = self.inner.resource;
        self.inner.instance()?.refresh(lock)
    }

    fn release(self) -> Result<std::result::Result<(), wit::ReleaseError>> {
        if !self.inner.is_ours() {
            return Ok(Ok(()));
        }
        let Asking { name, disclosure } = self.asking;
        let (instance, lock) = self.inner.spend()?;
        let released = instance.release(lock)?;
        Ok(released.map_err(|error| disclosure.released(&name, error)))
    }
}

#[cfg(test)]
mod tests;
