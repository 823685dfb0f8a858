//! A mark that fork(2) clears in the child (madvise(2), `MADV_WIPEONFORK`), and the number of the process that it
//! belongs to. It shows, without a system call, that cached facts belong to this process and not to its parent.
//!
//! A process keeps its number for as long as it lives, so the number is asked for once. A child made by fork(2) finds
//! the mark cleared, and asks for its own. Only a process that shares all its memory with another one (clone(2) with
//! `CLONE_VM`) finds the other one's number: the locks in that memory are the same for both.

use std::{
    process, ptr,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

/// The bits of a mark that are the process' number. The rest counts the marks.
const PID: u32 = u32::BITS;

/// Returns this process' number, and a number that it shares with none of its ancestors. A child made by fork(2) gets
/// another one, also where both are the first in their PID namespaces. `None` before Linux 4.14, or if there is no
/// memory for it.
pub(crate) fn mark() -> Option<(u32, u64)> {
    static PAGE: OnceLock<Option<&'static AtomicU64>> = OnceLock::new();
    // How many marks there were since this memory was first copied: a child continues the count.
    static MARKS: AtomicU64 = AtomicU64::new(0);

    let page = (*PAGE.get_or_init(wiped_on_fork))?;
    let mark = match page.load(Ordering::Relaxed) {
        0 => {
            let nth = MARKS.fetch_add(1, Ordering::Relaxed) + 1;
            let next = nth << PID | u64::from(process::id());
            // The first thread sets it for all threads.
            let said = page.compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed);
            said.map_or_else(|first| first, |_| next)
        }
        known => known,
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the number is its lower half"
    )]
    Some((mark as u32, mark))
}

/// Returns some bytes that are zero, and zero again in a child. They stay mapped until the process ends.
#[allow(unsafe_code)]
fn wiped_on_fork() -> Option<&'static AtomicU64> {
    // As large as the number; the kernel rounds it up to a page.
    let length = size_of::<AtomicU64>();
    // SAFETY: a new mapping, at an address that the kernel chooses, overlaps no other memory.
    let page = unsafe {
        mmap_anonymous(
            ptr::null_mut(),
            length,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE,
        )
    }
    .ok()?;
    // SAFETY: the mapping is ours alone. In this process the advice changes nothing, and in a child, which has a copy,
    // the bytes are zero, which an AtomicU64 may be.
    unsafe { madvise(page, length, Advice::LinuxWipeOnFork) }.ok()?;
    // SAFETY: the page is aligned for any type, readable, writable, zeroed, never unmapped, and reached by this
    // reference alone.
    Some(unsafe { AtomicU64::from_ptr(page.cast()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_one_mark() {
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(mark)).collect();
        let marked = mark();
        assert!(marked.is_some_and(|(pid, mark)| pid == process::id() && mark != 0));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), marked);
        }
    }
}
