//! What a store of this library's own knows of its files without another system call.
//!
//! Other stores open files by calls of which this module knows nothing, so nothing is known of their files.

use std::{
    fs::File,
    sync::{Arc, Weak},
};

/// A device and an inode.
type FileId = (u64, u64);

/// What is known of the latest directory and the latest file. A weak reference keeps the place in memory, so no other
/// file can be taken for the one that is meant.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The latest directory in which this process was asked for its identity, with the type of its file system if locks
    /// are evidence there. An open directory stays on its file system.
    directory: Option<(Weak<File>, Option<u64>)>,
    /// The latest regular file that was opened, and its number until it is read: then the client of a share may know better.
    /// Its type stays the same for as long as it is open.
    opened: Option<(Weak<File>, Option<FileId>)>,
    /// The file that was just made, and its directory, until the next call on any file.
    made: Option<(Weak<File>, Weak<File>)>,
}

#[cfg_attr(
    windows,
    allow(dead_code, reason = "files are opened by other calls there")
)]
impl Known {
    /// Notes the type of a directory's file system.
    pub(crate) fn note_directory(&mut self, directory: &Arc<File>, kind: Option<u64>) {
        self.directory = Some((Arc::downgrade(directory), kind));
    }

    /// Notes a regular file that was opened.
    pub(crate) fn note_opened(&mut self, file: &Arc<File>, id: FileId) {
        self.opened = Some((Arc::downgrade(file), Some(id)));
    }

    /// Notes that a file was read.
    pub(crate) fn note_read(&mut self, file: &Arc<File>) {
        if let Some((opened, id)) = &mut self.opened
            && is(opened, file)
        {
            *id = None;
        }
    }

    /// Notes a file that was just made in a directory, exclusively.
    pub(crate) fn note_made(&mut self, file: &Arc<File>, directory: &Arc<File>) {
        self.made = Some((Arc::downgrade(file), Arc::downgrade(directory)));
    }

    /// Notes that a file is used in any way: none counts as new any more.
    pub(crate) fn note_use(&mut self) {
        self.made = None;
    }

    /// Returns whether this is the latest regular file that was opened.
    pub(crate) fn is_latest(&self, file: &Arc<File>) -> bool {
        let opened = self.opened.as_ref();
        opened.is_some_and(|(opened, _)| is(opened, file))
    }

    /// Returns the device and the inode of the latest regular file that was opened, if it is this one and was not read since.
    pub(crate) fn id(&self, file: &Arc<File>) -> Option<FileId> {
        let (opened, id) = self.opened.as_ref()?;
        is(opened, file).then_some(*id)?
    }

    /// Returns the type of the file system on which a file was just made, if that is known: the inner value is `None`
    /// where locks are no evidence.
    pub(super) fn made_on(&self, file: &Arc<File>) -> Option<Option<u64>> {
        let (made, place) = self.made.as_ref()?;
        let (directory, kind) = self.directory.as_ref()?;
        (is(made, file) && Weak::ptr_eq(place, directory)).then_some(*kind)
    }

    /// Forgets all of it: the task is over.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

fn is(weak: &Weak<File>, file: &Arc<File>) -> bool {
    std::ptr::eq(weak.as_ptr(), Arc::as_ptr(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Arc<File> {
        Arc::new(tempfile::tempfile().unwrap())
    }

    #[test]
    fn a_file_is_new_until_any_file_is_used() {
        let (directory, made, other) = (file(), file(), file());
        let mut known = Known::default();
        known.note_made(&made, &directory);
        assert_eq!(known.made_on(&made), None, "its file system is unknown");
        known.note_directory(&other, Some(7));
        assert_eq!(known.made_on(&made), None, "it lies elsewhere");
        known.note_directory(&directory, Some(7));
        assert_eq!(known.made_on(&made), Some(Some(7)));
        assert_eq!(known.made_on(&other), None);
        known.note_use();
        assert_eq!(known.made_on(&made), None);
    }

    #[test]
    fn the_number_of_the_latest_file_is_known_until_it_is_read() {
        let [one, other] = [file(), file()];
        let mut known = Known::default();
        known.note_opened(&one, (1, 2));
        assert_eq!((known.id(&one), known.id(&other)), (Some((1, 2)), None));
        known.note_use();
        known.note_opened(&other, (3, 4));
        assert_eq!((known.id(&one), known.id(&other)), (None, Some((3, 4))));
        known.note_read(&one);
        assert_eq!(known.id(&other), Some((3, 4)));
        known.note_read(&other);
        assert_eq!((known.id(&other), known.is_latest(&other)), (None, true));
        known.forget();
        assert!(!known.is_latest(&other));
    }
}
