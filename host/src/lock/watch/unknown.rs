//! The watches of a system without notifications: a waiter polls.

use std::{io, path::Path};

use crate::sys::poll::BorrowedDescriptor;

/// A watch that never exists.
#[derive(Debug)]
pub(crate) enum FileWatch {}

impl FileWatch {
    pub(crate) fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn turn_to(&mut self, _path: &Path) -> io::Result<bool> {
        match *self {}
    }

    pub(crate) fn forget(&self) -> bool {
        match *self {}
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        match *self {}
    }
}

/// A watch that never exists.
#[derive(Debug)]
pub(crate) enum ProcessWatch {}

impl ProcessWatch {
    pub(crate) fn new(_pid: u32) -> Option<Self> {
        None
    }

    pub(crate) fn has_ended(&self) -> bool {
        match *self {}
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        match *self {}
    }
}
