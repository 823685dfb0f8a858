//! What stat(2) tells of a file, as the component gets it.

use rustix::fs::{FileType, Stat};
use wasmtime_wasi::p2::bindings::{
    clocks::wall_clock::Datetime,
    filesystem::types::{DescriptorStat, DescriptorType},
};

/// Returns the device and the inode of a file.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    trivial_numeric_casts,
    reason = "on some systems they are these types already"
)]
pub(crate) fn id(seen: &Stat) -> (u64, u64) {
    (seen.st_dev as u64, seen.st_ino as u64)
}

/// Returns the type of a file. The component does not distinguish sockets and FIFOs.
pub(crate) fn kind(seen: &Stat) -> DescriptorType {
    match FileType::from_raw_mode(seen.st_mode) {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        _ => DescriptorType::Unknown,
    }
}

/// Returns the facts that the component uses. It knows files by the time of their content alone.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    trivial_numeric_casts,
    reason = "on some systems they are these types already"
)]
pub(crate) fn stat(seen: &Stat) -> DescriptorStat {
    // A time before 1970 cannot be passed on.
    let seconds = u64::try_from(seen.st_mtime).ok();
    let nanoseconds = u32::try_from(seen.st_mtime_nsec).ok();
    let modified = seconds.zip(nanoseconds);
    DescriptorStat {
        type_: kind(seen),
        link_count: seen.st_nlink as u64,
        size: seen.st_size as u64,
        data_access_timestamp: None,
        data_modification_timestamp: modified.map(|(seconds, nanoseconds)| Datetime {
            seconds,
            nanoseconds,
        }),
        status_change_timestamp: None,
    }
}
