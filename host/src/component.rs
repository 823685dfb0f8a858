//! The component, ready to be instantiated: its ahead-of-time code, and the one engine of the process.

use std::{
    fs::File,
    io,
    path::Path,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use wasmtime::{
    Engine, Store,
    component::{Component, ResourceTable},
};
use wasmtime_wasi::filesystem::{
    Descriptor, Dir, FsPerms, OpenMode, WasiFilesystemCtx, WasiFilesystemCtxView,
    WasiFilesystemView,
};

use crate::{bindings::direct::Lockhost, process::platform, process_host::ProcessCtx};

mod calls;
mod code;
mod files;
mod idle;
mod linked;

pub(crate) use self::calls::elapsed;
use self::{idle::Limits, linked::Linked};

/// How much memory an instance may have, in bytes, also one that works for a plugin. It needs a few hundred kilobytes with the
/// longest names, however many files and claims there are: directories are listed in parts.
const MEMORY: usize = 4 << 20;

/// How long an identity may be, in bytes, as the contract has it.
const IDENTITY: usize = 128;

/// An identity to be assumed dead. A longer text than any identity means no owner, and the component is not handed a copy.
pub(crate) fn assumed(identity: Option<String>) -> Option<String> {
    identity.filter(|it| it.len() <= IDENTITY)
}

/// How many files, directories and pieces of evidence an instance may have at one time: of each level there are at most
/// a file that is looked at and one of its own with its evidence.
const HANDLES: usize = 64;

/// How many bytes an instance may hand over in one call. All that it has to say is names of files and identities.
const HANDED_OVER: usize = 1 << 20;

/// The component's bytes, for whoever compiles it or hands it on. They are bound to no version of wasmtime.
/// [`component`] has an example.
pub const COMPONENT: &[u8] = include_bytes!("../lockfile.wasm");

/// The component, loaded into an engine of the caller's: from the code that was compiled ahead of time, in a quarter of a
/// millisecond, if the engine has the settings that [`configure`](crate::configure) makes.
///
/// For an engine with other settings it is compiled anew, in some tens of milliseconds, if this crate's feature
/// `cranelift` is on. Without, a host does so by `Component::new(engine, COMPONENT)` if it has a compiler, or loads what
/// it compiled before, as it does for its plugins.
///
/// ```
/// use lockhost::wasmtime::{Config, Engine, component::Component};
///
/// # fn main() -> lockhost::wasmtime::Result<()> {
/// let mut config = Config::new();
/// lockhost::configure(&mut config);
/// let component = lockhost::component(&Engine::new(&config)?)?;
///
/// let mut config = Config::new();
/// config.consume_fuel(true);
/// let engine = Engine::new(&config)?;
/// // The host's own wasmtime has the feature `cranelift` here.
/// let component = Component::new(&engine, lockhost::COMPONENT)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the code does not fit the engine, and there is no compiler; the error names the setting that differs.
pub fn component(engine: &Engine) -> wasmtime::Result<Component> {
    code::deserialize(engine).or_else(|misfit| compile(engine, misfit))
}

#[cfg(feature = "cranelift")]
fn compile(engine: &Engine, _misfit: wasmtime::Error) -> wasmtime::Result<Component> {
    Component::from_binary(engine, COMPONENT)
}

#[cfg(not(feature = "cranelift"))]
fn compile(_engine: &Engine, misfit: wasmtime::Error) -> wasmtime::Result<Component> {
    Err(misfit.context(
        "the engine has other settings than lockhost::configure() makes; without its feature `cranelift`, lockhost has no \
         compiler for it",
    ))
}

/// Opens a directory for the component: `lockfile`'s `attempt` and `inspect` take it once it is in the store's table.
/// The component sees nothing above or beside it. [`bindings`](crate::bindings) has an example.
///
/// # Errors
/// If there is no such directory, or it may not be searched.
pub fn open_directory(path: impl AsRef<Path>) -> io::Result<Descriptor> {
    let directory = platform::open_directory(path.as_ref())?;
    Ok(Descriptor::Dir(as_dir(directory)))
}

/// A directory as the component takes it.
pub(crate) fn as_dir(directory: File) -> Dir {
    let mode = OpenMode::READ | OpenMode::WRITE;
    Dir::new(directory, FsPerms::ReadWrite, mode, true)
}

/// What one store holds: the files of one attempt or lock, and the evidence on them.
pub(crate) struct State {
    table: ResourceTable,
    files: WasiFilesystemCtx,
    process: ProcessCtx,
    limits: Limits,
}

impl WasiFilesystemView for State {
    fn filesystem(&mut self) -> WasiFilesystemCtxView<'_> {
        called(&mut self.table);
        WasiFilesystemCtxView {
            ctx: &mut self.files,
            table: &mut self.table,
        }
    }
}

/// Comes before every call of the host; tests have one that fails.
#[cfg(any(not(test), windows))]
fn called(_table: &mut ResourceTable) {}

#[cfg(all(test, not(windows)))]
use crate::faults::called;

/// An instance in a store of its own.
pub(crate) struct Instance {
    pub(crate) store: Store<State>,
    pub(crate) exports: Lockhost,
}

impl Instance {
    /// A new one.
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let Linked { pre, files } = linked::get()?;
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut store = Store::new(
            pre.engine(),
            State {
                table,
                files: files.clone(),
                process: ProcessCtx::of_blocking_files(),
                limits: Limits::default(),
            },
        );
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(HANDED_OVER);
        let exports = pre.instantiate(&mut store)?;
        Ok(Self { store, exports })
    }

    /// The descriptor under which a kernel keeps this instance's claim locked.
    pub(crate) fn evidence(&self) -> Option<Arc<File>> {
        self.store.data().process.evidence()
    }
}

#[cfg(test)]
impl Instance {
    /// Takes the directory away from a component that holds it: its next call traps.
    pub(crate) fn lose_directory(&mut self) {
        use wasmtime::component::Resource;

        let table = &mut self.store.data_mut().table;
        let numbers = 0..u32::try_from(HANDLES).unwrap();
        let directory = numbers
            .map(Resource::<Descriptor>::new_own)
            .find(|it| matches!(table.get(it), Ok(Descriptor::Dir(_))));
        table.delete(directory.expect("it holds one")).unwrap();
    }
}

/// What a call of wasmtime-wasi answers. All descriptors block, so it is done at the first look; no runtime, no thread and
/// no waker is involved, whether the caller has one or not.
///
/// # Errors
/// If it waits after all.
pub(crate) fn at_once<T>(call: impl Future<Output = T>) -> wasmtime::Result<T> {
    let mut call = std::pin::pin!(call);
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Ok(answer),
        Poll::Pending => Err(wasmtime::Error::msg(
            "a file operation waits, which none ever does",
        )),
    }
}

#[cfg(test)]
mod limits;
#[cfg(test)]
mod nonsense;
