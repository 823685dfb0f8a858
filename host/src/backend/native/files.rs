//! Operations on the files of one directory, each by one name in it, which never wait and follow no link.

#[cfg_attr(windows, path = "files/windows.rs")]
#[cfg_attr(unix, path = "files/unix.rs")]
mod platform;

pub(super) use self::platform::{
    Listing, Opened, create, id, id_at, link, link_open, open, refresh, stat, stat_at, unlink,
    write,
};
