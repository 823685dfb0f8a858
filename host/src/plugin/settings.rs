//! What a host permits its plugins.

use wasmtime::{Result, component::Linker};

use super::{
    attempt::Terms,
    disclosure::Disclosure,
    link::{Table, link},
};
use crate::process::mode::Mode;

/// How many attempts and locks a plugin may have at once, unless its host says otherwise.
const AT_ONCE: usize = 16;

/// What a plugin may have, and what it learns of processes.
///
/// ```
/// # use lockhost::{plugin, wasmtime::{Engine, Result, component::{Linker, ResourceTable}}};
/// # use lockhost::wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p2};
/// # struct Host { wasi: WasiCtx, table: ResourceTable }
/// # impl WasiView for Host {
/// #     fn ctx(&mut self) -> WasiCtxView<'_> { WasiCtxView { ctx: &mut self.wasi, table: &mut self.table } }
/// # }
/// # fn main() -> Result<()> {
/// let mut linker = Linker::<Host>::new(&Engine::default());
/// p2::add_to_linker_sync(&mut linker)?;
/// plugin::Settings::new()
///     .at_once(4)
///     .withhold_processes(true)
///     .add_to_linker(&mut linker, |host| &mut host.table)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    at_once: usize,
    withholds: bool,
    mode: Mode,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// Permits 16 attempts and locks at once, and withholds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            at_once: AT_ONCE,
            withholds: false,
            mode: Mode::PRIVATE,
        }
    }

    /// Sets how many attempts and locks a plugin may have at once: those of one [`ResourceTable`], 16 from the start. A
    /// further attempt ends with the cause `host`.
    ///
    /// Each costs its host an instance with at most 4 MiB of memory (mostly some tens of kilobytes) and at most 64 open
    /// files (mostly two). An attempt that has ended costs nothing of both.
    ///
    /// [`ResourceTable`]: wasmtime::component::ResourceTable
    #[must_use]
    pub fn at_once(mut self, count: usize) -> Self {
        self.at_once = count;
        self
    }

    /// Sets whether a plugin learns nothing of processes by this interface (`false` from the start).
    ///
    /// - An identity is a handle: a keyed hash that means the same owner each time, in this linker, and nothing else.
    ///   `assume-dead` takes such handles alone.
    /// - The number in `report` is 0, and all others are left out.
    /// - An owner is judged by the evidence that the kernel keeps on its file, and no process is looked at. So no file that
    ///   the plugin writes makes the host answer whether a process exists, or when it started.
    ///
    /// The last has a price: an owner without evidence is `unknown`, and its lock is not taken over. That is a lock of
    /// another program, and every lock on a file system without evidence (a network mount, FUSE, and all of Windows).
    ///
    /// What is in the plugin's own directory stays there to be read: the lock file has this process' number, and a claim's
    /// name the boot id, the start time and the namespaces.
    #[must_use]
    pub fn withhold_processes(mut self, withhold: bool) -> Self {
        self.withholds = withhold;
        self
    }

    /// Sets the mode of the files of plugins' locks, [`Mode::PRIVATE`] from the start:
    /// [`Options::mode`](crate::Options::mode) has the reasons. A plugin cannot choose it.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Adds `lockhost:lockfile/lockfile` to a linker, as [`add_to_linker`](super::add_to_linker) does.
    ///
    /// # Errors
    /// If the linker has the interface already, and does not allow shadowing.
    pub fn add_to_linker<T: 'static>(self, linker: &mut Linker<T>, table: Table<T>) -> Result<()> {
        let disclosure = if self.withholds {
            Disclosure::none()
        } else {
            Disclosure::All
        };
        let terms = Terms {
            at_once: self.at_once,
            mode: self.mode,
            disclosure,
        };
        link(linker, table, terms)
    }
}
