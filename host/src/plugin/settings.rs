//! The limits that a host sets for its plugins.

use wasmtime::{Result, component::Linker};

use super::{
    attempt::Terms,
    disclosure::Disclosure,
    link::{Table, link},
};
use crate::process::mode::Mode;

/// The default limit of attempts and locks that a plugin has at once.
const AT_ONCE: usize = 16;

/// The limits of a plugin, and what it learns of processes.
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
    /// Returns settings that permit 16 attempts and locks at once, and withhold nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            at_once: AT_ONCE,
            withholds: false,
            mode: Mode::PRIVATE,
        }
    }

    /// Sets how many attempts and locks a plugin may have at once: those of one [`ResourceTable`], by default 16. A
    /// further attempt fails with the cause `host`.
    ///
    /// Each costs its host an instance with at most 4 MiB of memory (mostly some tens of kilobytes) and at most 64 open
    /// files (mostly two). An attempt that has ended costs neither.
    ///
    /// [`ResourceTable`]: wasmtime::component::ResourceTable
    #[must_use]
    pub fn at_once(mut self, count: usize) -> Self {
        self.at_once = count;
        self
    }

    /// Sets whether this interface withholds all knowledge of processes from a plugin (`false` by default).
    ///
    /// - An identity is a handle: a keyed hash that means the same owner each time, in this linker, and nothing else.
    ///   `assume-dead` accepts only such handles.
    /// - The number in `report` is 0, and all others are left out.
    /// - An owner is judged only by the evidence that the kernel keeps on its file, and no process is examined. So no
    ///   file that the plugin writes makes the host reveal whether a process exists, or when it started.
    ///
    /// The last has a price: an owner without evidence is `unknown`, and its lock is not taken over. That concerns
    /// locks of other programs, and every lock on a file system without evidence (a network mount, FUSE, and all of
    /// Windows).
    ///
    /// What is in the plugin's own directory stays readable there: the lock file has this process' number, and a
    /// claim's name has the boot id, the start time and the namespaces.
    #[must_use]
    pub fn withhold_processes(mut self, withhold: bool) -> Self {
        self.withholds = withhold;
        self
    }

    /// Sets the mode of the files of plugins' locks, by default [`Mode::PRIVATE`]:
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
