//! Failed operations of the file system: the file, the reason, and the file's owner.

use std::{borrow::Cow, io, path::Path};

use super::{
    error::{Error, Kind},
    hint::Whose,
    place::Place,
};
use crate::{
    outcome::{DescriptorType, ErrorCode, Failure, NotALock, Operation, cause, error_code},
    process::platform::{effective_user, is_sticky, owner_of},
};

impl Error {
    /// Returns the error for a failed operation. `file` is empty for the directory itself.
    pub(crate) fn failed(directory: &Path, file: &str, failure: Failure) -> Self {
        Self::failed_at(directory, directory, file, failure)
    }

    /// Returns the same error, where the directory's path is now another than the one that messages name.
    pub(crate) fn failed_at(
        directory: &Path,
        absolute: &Path,
        file: &str,
        failure: Failure,
    ) -> Self {
        let error = cause::of(failure).unwrap_or_else(|| {
            io::Error::new(
                error_code::kind(failure.code),
                error_code::words(failure.code),
            )
        });
        let path = if file.is_empty() {
            directory.to_owned()
        } else {
            directory.join(file)
        };
        let whose = match error.kind() {
            io::ErrorKind::PermissionDenied => whose(&absolute.join(file), absolute, failure),
            _ => None,
        };
        let operation = operation(failure.operation).to_owned();
        Self::new(path, Kind::Io(operation, error, whose))
    }
}

impl Place {
    /// Returns the error for an operation that failed in this directory. It names the path as given, and the owner of
    /// the file that is in the way.
    pub(crate) fn failed(&self, file: &str, failure: Failure) -> Error {
        Error::failed_at(self.given(), self.absolute(), file, failure)
    }
}

/// Describes what stands at the lock file's name instead.
pub(crate) fn not_a_lock(what: NotALock) -> String {
    match what {
        NotALock::Size(bytes) => format!("longer than any pid file ({bytes} bytes)"),
        NotALock::Kind(kind) => match kind {
            DescriptorType::Directory => "a directory",
            DescriptorType::SymbolicLink => "a symbolic link",
            DescriptorType::Fifo => "a named pipe",
            DescriptorType::Socket => "a socket",
            DescriptorType::BlockDevice | DescriptorType::CharacterDevice => "a device",
            DescriptorType::Unknown | DescriptorType::RegularFile => "a special file",
        }
        .to_owned(),
    }
}

/// Returns the text for an operation, after "cannot".
pub(crate) fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Write => "write",
        Operation::Stat => "examine",
        Operation::Open => "open",
        Operation::Read => "read",
        Operation::List => "list",
        Operation::Link => "link",
        Operation::Remove => "remove",
    }
}

/// Returns the owner of a file that this process may not touch, or of a directory that it may not change, and which
/// users may.
fn whose(path: &Path, directory: &Path, failure: Failure) -> Option<Whose> {
    let belonging = Belonging {
        file: owner_of(path),
        directory: owner_of(directory),
        sticky: is_sticky(directory),
        user: effective_user(),
    };
    belonging.explain(failure)
}

/// The users that the file and its directory belong to, as far as that is known.
pub(crate) struct Belonging {
    pub(crate) file: Option<u32>,
    pub(crate) directory: Option<u32>,
    pub(crate) sticky: bool,
    /// The effective user of this process.
    pub(crate) user: Option<u32>,
}

/// Root may do what modes and owners forbid, unless it lacks the capability.
const AS_ROOT: &str =
    "check its capabilities, attributes (lsattr), the security policy and the file server";

impl Belonging {
    pub(crate) fn explain(&self, failure: Failure) -> Option<Whose> {
        let whose = |fact: String, hint: Cow<'static, str>| Some(Whose { fact, hint });
        if self.user == Some(0) && self.file.or(self.directory).is_some() {
            return whose("this process is root".to_owned(), AS_ROOT.into());
        }
        let changes = matches!(
            failure.operation,
            Operation::Create | Operation::Link | Operation::Remove
        );
        let file = self
            .file
            .filter(|_| !changes || failure.code != ErrorCode::Access);
        let (what, user) = match file {
            Some(user) => ("file", user),
            None => ("directory", self.directory?),
        };
        if self.user == Some(user) {
            return whose(
                format!("the {what} belongs to this user, {user}"),
                format!("check the {what}'s mode, attributes (lsattr) and the security policy")
                    .into(),
            );
        }
        let fact = format!("the {what} belongs to user {user}");
        let hint = match failure.operation {
            Operation::Open if file.is_some() => format!(
                "run it as user {user} or root: its owner has ended, and no other user may reclaim it"
            ),
            Operation::Remove if file.is_some() && self.sticky => format!(
                "run it as user {user}, the directory's user or root: the directory has the sticky bit"
            ),
            _ => format!("run it as user {user} or root, or change the mode of the {what}"),
        };
        whose(fact, hint.into())
    }
}
