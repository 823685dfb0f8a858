//! The component's needs of `wasi:filesystem/types` beyond wasmtime-wasi.

pub(crate) mod answer;
pub(crate) mod directory;
#[cfg(not(windows))]
pub(crate) mod error_code;
pub(crate) mod listing;
pub(crate) mod opening;
pub(crate) mod reopen;
#[cfg(not(windows))]
pub(crate) mod stat;

#[cfg_attr(windows, path = "wasi/windows.rs")]
#[cfg_attr(not(windows), path = "wasi/unix.rs")]
mod platform;

use wasmtime::component::Linker;

use self::answer::View;
#[cfg(not(windows))]
pub(crate) use self::platform::{Opened, is_plain, open};

/// Makes a linker's `wasi:filesystem/types` fit for the component, after wasmtime-wasi's has been added to it.
///
/// It reads directories an entry at a time. wasmtime-wasi reads all entries of a directory at once, keeps them in the
/// host's memory, and asks for the type of each file.
///
/// On Unix it replaces `open-at` for a name in the directory itself that is opened without following links, for reading
/// or writing, or made exclusively:
///
/// - It never waits. wasmtime-wasi's waits for the other end of a FIFO that is put at the name at the last moment,
///   until the process is killed. It also waits while another process has a lease on the file (fcntl(2), `F_SETLEASE`),
///   45 seconds by default. This one waits two thirds of a second for a lease, and then returns `would-block`.
/// - It opens regular files and directories. It closes a FIFO, a socket or a device at once, and returns
///   `no-such-device`.
/// - A file that it makes has mode 0600 from the start. wasmtime-wasi's has 0666 minus the umask until the component
///   guards it, and in that moment another user may open it.
///
/// On Windows a file can be removed only while every process that has it open permits that. wasmtime-wasi's `open-at`
/// does not permit it: a lock that its owner has open could never be released, nor taken over. So all calls that name
/// one file of a directory, without following links, are replaced. They use the directory's handle, which needs no
/// path. So no length limit, device name or server name applies.
///
/// Calls that the component never makes, such as those with paths of several parts, stay wasmtime-wasi's, so that other
/// guests may use the same linker. The replaced calls block the thread for as long as the system takes, whatever the
/// store's context allows. If a host's other guests open FIFOs, and the host must not block, it needs a linker for the
/// component alone.
///
/// Afterwards the linker allows no shadowing; a host that wants it allows it again.
///
/// ```
/// use lockhost::{
///     wasmtime::{Engine, Result, component::{Linker, ResourceTable}},
///     wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, filesystem::WasiFilesystemView},
/// };
///
/// struct Host {
///     wasi: WasiCtx,
///     table: ResourceTable,
/// }
///
/// impl WasiView for Host {
///     fn ctx(&mut self) -> WasiCtxView<'_> {
///         WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let mut linker = Linker::<Host>::new(&Engine::default());
/// lockhost::wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
/// lockhost::fit_filesystem(&mut linker, |host| host.filesystem())?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the functions cannot be defined, for lack of memory.
pub fn fit_filesystem<T: 'static>(linker: &mut Linker<T>, view: View<T>) -> wasmtime::Result<()> {
    platform::fit(linker, view)
}
