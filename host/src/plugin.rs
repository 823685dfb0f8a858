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

pub(crate) mod given;
mod inner;

use std::time::Instant;

use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceTable, ResourceType},
};
use wasmtime_wasi::filesystem::Descriptor;

use self::{given::given, inner::Inner};
use crate::{
    bindings::direct::lockfile as wit,
    component::{Instance, elapsed},
};

/// An attempt of a plugin: the component's own until it has become a lock, or an error.
struct Attempt {
    trying: Option<Inner>,
    begun: Instant,
}

/// A lock of a plugin.
struct Lock(Inner);

/// Where a store's data keeps its resources: those of its WASI, and the plugin's attempts and locks.
type Table<T> = fn(&mut T) -> &mut ResourceTable;

/// Adds `lockhost:lockfile/lockfile` to a linker, beside the host's own WASI. `table` is where that keeps the plugin's
/// descriptors.
///
/// The functions are synchronous, so this one serves hosts that call their plugins synchronously and hosts that do so
/// asynchronously. They do some file operations on the calling thread and wait for nobody: a plugin is told when to try
/// again. How long that took is measured here, whatever the plugin says.
///
/// An attempt and a lock cost an instance of the component, some tens of kilobytes, and up to a handful of open files. How
/// many a plugin can have at once is bounded by what bounds its other resources:
/// [`ResourceTable::set_max_capacity`].
///
/// The [module's documentation](self) has an example.
///
/// # Errors
/// If the linker has the interface already, and does not allow shadowing.
pub fn add_to_linker<T: 'static>(linker: &mut Linker<T>, table: Table<T>) -> Result<()> {
    let mut interface = linker.instance("lockhost:lockfile/lockfile@0.1.0")?;
    add_attempt(&mut interface, table)?;
    add_lock(&mut interface, table)?;
    interface.func_wrap(
        "inspect",
        move |mut store: StoreContextMut<'_, T>, (dir, name): (Resource<Descriptor>, String)| {
            let dir = given(table(store.data_mut()).get(&dir)?)?;
            Ok((Instance::ready()?.inspect(dir, &name)?,))
        },
    )
}

fn add_attempt<T: 'static>(interface: &mut LinkerInstance<'_, T>, table: Table<T>) -> Result<()> {
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
            Ok((table.push(Attempt::new(dir, &options)?)?,))
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
        "[static]lock.release",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).delete(lock)?.release()?,))
        },
    )
}

impl Attempt {
    fn new(dir: Descriptor, options: &wit::Options) -> Result<Self> {
        let mut instance = Instance::ready()?;
        let attempt = instance.attempt(dir, options)?;
        Ok(Self {
            trying: Some(Inner::new(instance, attempt)),
            begun: Instant::now(),
        })
    }

    /// The outer error is a trap, which ends the attempt as well.
    fn proceed(&mut self, told: u64) -> Result<std::result::Result<Lock, wit::Error>> {
        let Some(mut inner) = self.trying.take_if(|inner| inner.is_ours()) else {
            return Ok(Err(wit::Error {
                file: String::new(),
                cause: wit::Cause::Ended,
            }));
        };
        // A plugin that says it has waited, and has not, would take another program's file before it is written.
        let elapsed = told.min(elapsed(self.begun));
        let attempt = inner.resource;
        match inner.instance()?.go_on(attempt, elapsed)? {
            Ok(lock) => {
                inner.resource = lock;
                Ok(Ok(Lock(inner)))
            }
            Err(error) => {
                self.trying = Some(inner);
                Ok(Err(error))
            }
        }
    }
}

impl Lock {
    fn report(&mut self) -> Result<wit::Report> {
        let lock = self.0.resource;
        self.0.instance()?.report(lock)
    }

    fn still_held(&mut self) -> Result<std::result::Result<bool, wit::Failure>> {
        if !self.0.is_ours() {
            return Ok(Ok(false));
        }
        let lock = self.0.resource;
        self.0.instance()?.still_held(lock)
    }

    fn release(self) -> Result<std::result::Result<(), wit::ReleaseError>> {
        if !self.0.is_ours() {
            return Ok(Ok(()));
        }
        let (instance, lock) = self.0.spend()?;
        instance.release(lock)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::component::open_directory;

    fn attempt(directory: &tempfile::TempDir) -> Attempt {
        let options = wit::Options {
            name: "plugin.lock".to_owned(),
            assume_dead: None,
        };
        let directory = open_directory(directory.path()).unwrap();
        Attempt::new(directory, &options).unwrap()
    }

    fn inspect(directory: Descriptor) -> std::result::Result<wit::Status, wit::InspectError> {
        let instance = Instance::new().unwrap();
        instance.inspect(directory, "plugin.lock").unwrap()
    }

    #[test]
    fn a_plugin_that_says_it_has_waited_has_not() {
        let directory = tempfile::tempdir().unwrap();
        let lock = directory.path().join("plugin.lock");
        fs::write(&lock, "").unwrap();
        let mut attempt = attempt(&directory);
        for told in [0, 60_000, u64::MAX] {
            let error = attempt.proceed(told).unwrap().err().unwrap();
            assert!(matches!(error.cause, wit::Cause::Again(_)), "{error:?}");
        }
        drop(attempt);
        let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn an_attempt_that_has_become_a_lock_or_an_error_has_ended() {
        let directory = tempfile::tempdir().unwrap();
        let (mut first, mut second) = (attempt(&directory), attempt(&directory));
        let lock = first.proceed(0).unwrap().ok().unwrap();
        let refused = second.proceed(0).unwrap().err().unwrap();
        assert!(matches!(refused.cause, wit::Cause::Held(_)), "{refused:?}");
        for attempt in [&mut first, &mut second] {
            let ended = attempt.proceed(0).unwrap().err().unwrap();
            assert!(matches!(ended.cause, wit::Cause::Ended), "{ended:?}");
        }
        drop((first, second));
        assert!(directory.path().join("plugin.lock").exists());
        drop(lock);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_tells_of_itself_and_of_its_loss() {
        let directory = tempfile::tempdir().unwrap();
        let mut lock = attempt(&directory).proceed(0).unwrap().ok().unwrap();
        let report = lock.report().unwrap();
        assert_eq!(
            (report.file.as_str(), report.pid),
            ("plugin.lock", std::process::id())
        );
        assert!(lock.still_held().unwrap().unwrap());
        let path = |name| directory.path().join(name);
        fs::write(path("other"), "7\n").unwrap();
        // Not in one step, for a system that replaces no file which is open.
        fs::rename(path("plugin.lock"), path("away")).unwrap();
        fs::rename(path("other"), path("plugin.lock")).unwrap();
        assert!(!lock.still_held().unwrap().unwrap());
        let lost = lock.release().unwrap().unwrap_err();
        assert!(matches!(lost.cause, wit::ReleaseCause::Lost), "{lost:?}");
    }

    #[test]
    fn a_file_is_no_directory_to_lock() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), "").unwrap();
        let file = fs::File::open(directory.path().join("file")).unwrap();
        let file = wasmtime_wasi::filesystem::File::new(
            file,
            wasmtime_wasi::filesystem::FsPerms::ReadWrite,
            wasmtime_wasi::filesystem::OpenMode::READ,
            false,
        );
        let file = given(&Descriptor::File(file)).unwrap();
        let status = inspect(file).unwrap_err();
        assert!(
            matches!(status.cause, wit::InspectCause::Failed(_)),
            "{status:?}"
        );
    }

    #[test]
    fn an_inspection_writes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let look = || {
            let directory = open_directory(directory.path()).unwrap();
            inspect(directory).unwrap()
        };
        assert_eq!(look().state, wit::State::Free);
        let lock = attempt(&directory).proceed(0).unwrap().ok().unwrap();
        let count = || fs::read_dir(directory.path()).unwrap().count();
        let before = count();
        assert_eq!(look().state, wit::State::Held);
        assert_eq!(count(), before);
        drop(lock);
        assert_eq!(look().state, wit::State::Free);
    }
}
