//! What the component needs of `wasi:filesystem/types` beyond what wasmtime-wasi gives.

pub(crate) mod answer;
pub(crate) mod cause;
#[cfg(windows)]
mod creation_time;
pub(crate) mod directory;
pub(crate) mod error_code;
#[cfg(windows)]
mod handles;
mod listing;
mod opening;
pub(crate) mod reopen;

#[cfg_attr(windows, path = "wasi/windows.rs")]
#[cfg_attr(not(windows), path = "wasi/unix.rs")]
mod platform;

use wasmtime::component::Linker;

use self::answer::View;
#[cfg(not(windows))]
pub(crate) use self::platform::is_plain;

/// Makes a linker's `wasi:filesystem/types` fit for the component, after wasmtime-wasi's has been added to it.
///
/// Directories are read here an entry at a time. wasmtime-wasi reads all entries of a directory at once, keeps them in the
/// host's memory, and asks for the type of each file.
///
/// On Unix `open-at` is replaced, for a name in the directory itself that is opened without following links, for reading
/// or writing, or made exclusively:
///
/// - It never waits. wasmtime-wasi's waits for the other end of a FIFO that is put at the name at the last moment, until
///   the process is killed; and while another process has a lease on the file (fcntl(2), `F_SETLEASE`), for 45 seconds
///   by default. Here a lease is waited for two thirds of a second, and then answered with `would-block`.
/// - It opens regular files and directories. A FIFO, a socket or a device is closed again at once, and answered with
///   `no-such-device`.
/// - A file that it makes has mode 0600 from the start. wasmtime-wasi's has 0666 minus the umask until the component has
///   had it guarded, and in that moment another user may open it.
///
/// On Windows a file can be removed only while every process that has it open permits that, and wasmtime-wasi's `open-at`
/// does not: a lock that its owner has open could never be released, nor taken over. So all calls that name one file of a
/// directory, without following links, are done here: by the directory's handle, which needs no path, and so is bound to no
/// length, no device's name and no server's.
///
/// What the component never asks for, as paths of several parts, stays wasmtime-wasi's, so that other guests may use the
/// same linker. The calls that are replaced block the thread for as long as the system takes, whatever the store's context
/// says. A host whose other guests open FIFOs, and that must not block, has a linker for the component alone.
///
/// The linker allows no shadowing afterwards: who wants it says so again.
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
/// If the functions cannot be defined, as memory is lacking.
pub fn fit_filesystem<T: 'static>(linker: &mut Linker<T>, view: View<T>) -> wasmtime::Result<()> {
    platform::fit(linker, view)
}
