//! The current disposition of a signal, read without changing it.

use std::{mem::MaybeUninit, ptr};

use nix::libc;

/// Returns whether this process ignores a signal, as under nohup(1), or as a background command of some shells.
#[allow(unsafe_code)]
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeros are a value of this type. sigaction(2) only writes to it, since its call sets nothing.
    unsafe {
        let done = libc::sigaction(signal, ptr::null(), now.as_mut_ptr());
        done == 0 && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
