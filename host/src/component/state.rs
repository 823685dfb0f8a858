//! The contents of this library's own stores, and their limits.

use wasmtime::{ResourceLimiter, Result, component::ResourceTable};
use wasmtime_wasi::filesystem::{WasiFilesystemCtx, WasiFilesystemCtxView, WasiFilesystemView};

use crate::process_host::ProcessCtx;

/// The memory limit of an instance, in bytes, also for a plugin. It needs a few hundred kilobytes with the longest
/// names, however many files and claims there are: directories are listed in parts.
pub(crate) const MEMORY: usize = 4 << 20;

/// The maximum number of files, directories and pieces of evidence of an instance at one time. Of each level, these are
/// at most a file that it examines, and one of its own with its evidence.
pub(crate) const HANDLES: usize = 64;

/// The maximum number of bytes that an instance may pass in one call. It passes only names of files and identities.
pub(crate) const HANDED_OVER: usize = 1 << 20;

/// The contents of one store: the files of one attempt or lock, and the evidence on them.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) files: WasiFilesystemCtx,
    pub(crate) process: ProcessCtx,
    pub(crate) limits: Limits,
}

impl State {
    /// Begins a call of the component.
    pub(super) fn begin(&mut self) {
        called(&mut self.table);
    }

    /// Begins a call of the component that uses a file.
    pub(super) fn use_files(&mut self) {
        self.begin();
        self.process.known.note_use();
    }
}

impl WasiFilesystemView for State {
    fn filesystem(&mut self) -> WasiFilesystemCtxView<'_> {
        self.use_files();
        WasiFilesystemCtxView {
            ctx: &mut self.files,
            table: &mut self.table,
        }
    }
}

/// Runs before every call of the host; tests have one that fails.
#[cfg(any(not(test), windows))]
pub(crate) fn called(_table: &mut ResourceTable) {}

#[cfg(all(test, not(windows)))]
pub(crate) use crate::tests::traps::called;

/// The limit of an instance's memory, and the memory's size.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// The memory's size in bytes.
    pub(crate) size: usize,
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let may_grow = desired <= MEMORY;
        if may_grow {
            self.size = desired;
        }
        Ok(may_grow)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_grows_within_its_bound() {
        let limits = &mut Limits::default();
        assert!(limits.memory_growing(0, MEMORY, None).unwrap());
        assert!(!limits.memory_growing(0, MEMORY + 1, None).unwrap());
    }
}
