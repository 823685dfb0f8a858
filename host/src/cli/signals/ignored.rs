//! What a signal does now, asked without changing it.

use std::{mem::MaybeUninit, ptr};

use nix::libc;

/// Whether this process ignores a signal, as nohup(1) has it, and shells for what they run in the background. It makes a
/// system call and nothing else, so it may be asked before `main`.
#[allow(unsafe_code)]
pub(crate) fn is_ignored(signal: i32) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeros are a value of this type, and sigaction(2), which is told to set nothing, only writes to it.
    unsafe {
        let done = libc::sigaction(signal, ptr::null(), now.as_mut_ptr());
        done == 0 && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
