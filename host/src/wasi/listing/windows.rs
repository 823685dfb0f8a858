//! Directory listings by the directory's handle. wasmtime-wasi uses a path, and cuts off its prefix, which permits long
//! paths and those of other machines.

use std::fs::File;

use wasmtime_wasi::p2::bindings::filesystem::types::{DirectoryEntry, ErrorCode};

use crate::handles;

/// A directory that is being read.
pub(super) struct Listing(handles::Listing);

impl Listing {
    pub(super) fn of(directory: &File) -> Result<Self, ErrorCode> {
        Ok(Self(handles::Listing::of(directory)?))
    }

    /// Returns the next entry, except the directory itself and its parent.
    pub(super) fn entry(&mut self) -> Result<Option<DirectoryEntry>, ErrorCode> {
        let Some(entry) = self.0.entry()? else {
            return Ok(None);
        };
        let type_ = entry.kind.into();
        let name = entry.name.ok_or(ErrorCode::IllegalByteSequence)?;
        Ok(Some(DirectoryEntry { type_, name }))
    }
}
