//! What stat(2) reports about a file.

use lockhost_machine::{call::FileId, facts::Datetime};
use rustix::fs::{FileType, Stat};

use super::{Seen, kind_of};

/// Returns the facts that the machine uses.
///
/// The types of the numbers differ between systems.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    clippy::useless_conversion,
    trivial_numeric_casts,
    reason = "on some systems they are these types already"
)]
pub(super) fn seen(seen: Stat) -> Seen {
    Seen {
        id: FileId(seen.st_dev as u64, seen.st_ino as u64),
        kind: kind_of(FileType::from_raw_mode(seen.st_mode)),
        size: seen.st_size as u64,
        links: seen.st_nlink as u64,
        // WASI counts from 1970.
        modified: u64::try_from(seen.st_mtime).ok().map(|seconds| Datetime {
            seconds,
            nanoseconds: seen.st_mtime_nsec as u32,
        }),
    }
}
