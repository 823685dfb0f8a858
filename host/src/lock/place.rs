//! The directory that a path names: resolved early if the path is relative, and checked later for changes.

use std::{
    fs::File,
    io,
    path::{self, Path, PathBuf},
};

use crate::process::platform::file_id;

#[cfg_attr(unix, path = "place/unix.rs")]
#[cfg_attr(windows, path = "place/windows.rs")]
mod platform;

/// A directory by the path that a caller gave. A relative path keeps the meaning that it had when this was made,
/// whatever the working directory is now.
#[derive(Debug)]
pub(crate) struct Place {
    given: PathBuf,
    /// The same path, for calls that take no base.
    absolute: PathBuf,
    base: platform::Base,
}

/// The result of comparing a path with an open directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// It names that directory, as far as can be seen from here.
    Same,
    /// It names another directory.
    Other,
    /// It names no directory.
    Nothing,
}

impl Place {
    pub(crate) fn new(given: &Path) -> Self {
        platform::remember_root();
        Self {
            // Without a working directory there is no other path.
            absolute: path::absolute(given).unwrap_or_else(|_| given.to_owned()),
            base: platform::Base::of(given),
            given: given.to_owned(),
        }
    }

    /// Returns the path as it was given, for messages.
    pub(crate) fn given(&self) -> &Path {
        &self.given
    }

    pub(crate) fn absolute(&self) -> &Path {
        &self.absolute
    }

    /// Opens the directory that the path names now, for the component.
    pub(crate) fn open(&self) -> io::Result<File> {
        self.base.open(&self.given, &self.absolute)
    }

    /// Compares what the path names now with a directory that it named before. The directory is open, so no other one
    /// has its number.
    ///
    /// What cannot be examined counts as the same: a process that has dropped its privileges keeps its lock. So does a
    /// path in a process that has changed its root directory since its first lock: it means nothing there.
    pub(crate) fn names(&self, directory: &File) -> Named {
        let Some(before) = file_id(directory) else {
            return Named::Same;
        };
        let named = match self.base.id(&self.given, &self.absolute) {
            Ok(now) if now.is_none_or(|now| now == before) => Named::Same,
            Ok(_) => Named::Other,
            Err(error) if names_nothing(&error) => Named::Nothing,
            Err(_) => Named::Same,
        };
        match named {
            Named::Other | Named::Nothing if platform::is_in_another_root() => Named::Same,
            named => named,
        }
    }
}

fn names_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_path_is_compared_with_the_directory_that_it_named() {
        let scene = tempfile::tempdir().unwrap();
        let [data, old] = ["data", "old"].map(|name| scene.path().join(name));
        fs::create_dir(&data).unwrap();
        let place = Place::new(&data);
        let directory = place.open().unwrap();
        assert_eq!(place.names(&directory), Named::Same);
        fs::rename(&data, &old).unwrap();
        assert_eq!(place.names(&directory), Named::Nothing);
        fs::create_dir(&data).unwrap();
        assert_eq!(place.names(&directory), Named::Other);
        fs::remove_dir(&data).unwrap();
        fs::write(&data, "").unwrap();
        assert_ne!(place.names(&directory), Named::Same);
        fs::remove_file(&data).unwrap();
        fs::rename(&old, &data).unwrap();
        assert_eq!(place.names(&directory), Named::Same);
    }

    #[test]
    #[cfg(unix)]
    fn a_symbolic_link_that_turns_names_another_directory() {
        let scene = tempfile::tempdir().unwrap();
        let [link, one, other] = ["link", "one", "other"].map(|name| scene.path().join(name));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        std::os::unix::fs::symlink(&one, &link).unwrap();
        let place = Place::new(&link);
        let directory = place.open().unwrap();
        assert_eq!(place.names(&directory), Named::Same);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        assert_eq!(place.names(&directory), Named::Other);
    }
}
