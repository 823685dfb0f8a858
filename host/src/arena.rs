//! The program's allocator: an arena for what a start allocates, and the system's allocator for all else.
//!
//! A start allocates some thousand small blocks, and keeps most of them to its end. In an arena, an allocation is an
//! addition. With musl, the system's allocator would make fifty system calls for them, and touch each page anew.

#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::UnsafeCell,
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Memory for the first blocks, one behind the other. A block that is freed is used again only if it is the last one.
pub(crate) struct Arena<const SIZE: usize> {
    /// The number of bytes in use, including the gaps of alignment.
    used: AtomicUsize,
    memory: UnsafeCell<[u8; SIZE]>,
}

// SAFETY: the memory is accessed only through blocks. `used` grows and shrinks in single atomic steps, so blocks do not
// overlap, whatever thread allocates them.
unsafe impl<const SIZE: usize> Sync for Arena<SIZE> {}

impl<const SIZE: usize> Arena<SIZE> {
    pub(crate) const fn new() -> Self {
        Self {
            used: AtomicUsize::new(0),
            memory: UnsafeCell::new([0; SIZE]),
        }
    }

    fn base(&self) -> *mut u8 {
        self.memory.get().cast()
    }

    /// Returns a block, if there is room for it.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let base = self.base();
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let gap = base.wrapping_add(used).align_offset(layout.align());
            let start = used.checked_add(gap)?;
            let end = start.checked_add(layout.size())?;
            if end > SIZE {
                return None;
            }
            match self.change(used, end) {
                Ok(()) => return Some(base.wrapping_add(start)),
                Err(now) => used = now,
            }
        }
    }

    /// Changes the number of bytes in use, if it is this one. What a thread wrote into a block that it freed happens before
    /// the block is used again.
    fn change(&self, from: usize, to: usize) -> Result<(), usize> {
        self.used
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed)
            .map(drop)
    }

    /// Returns where a block begins in the arena, if it is one of the arena's.
    fn start(&self, block: *mut u8) -> Option<usize> {
        let start = block.addr().checked_sub(self.base().addr())?;
        (start < SIZE).then_some(start)
    }

    /// Changes the size of the last block. Returns whether that was possible.
    fn resize(&self, start: usize, from: usize, to: usize) -> bool {
        let end = start.checked_add(to).filter(|end| *end <= SIZE);
        // Blocks lie one behind the other, so the block that ends where the used bytes end is the last one.
        end.is_some_and(|end| self.change(start + from, end).is_ok())
    }
}

// None of them is inlined, since a program allocates in thousands of places.
// SAFETY: a block of the arena has its layout's size and alignment, and overlaps no other. All other blocks are the
// system's, and are passed to it with the layout of their allocation.
unsafe impl<const SIZE: usize> GlobalAlloc for Arena<SIZE> {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        self.take(layout)
            .unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.start(block) {
            Some(start) => {
                // Another block than the last one stays unused.
                let _ = self.change(start + layout.size(), start);
            }
            // SAFETY: the block is the system's, with this layout.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(start) = self.start(block) else {
            // SAFETY: the block is the system's, with this layout, and the caller promises the rest.
            return unsafe { System.realloc(block, layout, size) };
        };
        if self.resize(start, layout.size(), size) || size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises that the new size is one of a layout, and not zero. The new block overlaps no other,
        // and both have as many bytes as are copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size());
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn blocks_are_aligned_and_lie_one_behind_the_other() {
        let arena = Arena::<1024>::new();
        let mut end = 0;
        for (size, align) in [(1, 1), (8, 8), (3, 1), (64, 64), (5, 4)] {
            let block = arena.take(layout(size, align)).unwrap();
            assert!(block.addr().is_multiple_of(align));
            let start = arena.start(block).unwrap();
            assert!(start >= end && start < end + align);
            end = start + size;
        }
        assert!(arena.take(layout(1024 - end, 1)).is_some());
        assert!(arena.take(layout(1, 1)).is_none());
        assert!(arena.take(layout(isize::MAX as usize, 1)).is_none());
    }

    #[test]
    fn only_the_last_block_is_used_again() {
        let arena = Arena::<1024>::new();
        let small = layout(16, 1);
        // SAFETY: each block is freed once, with its layout.
        unsafe {
            let [first, last] = [arena.alloc(small), arena.alloc(small)];
            arena.dealloc(first, small);
            arena.dealloc(last, small);
            assert_eq!(arena.alloc(small), last);
        }
    }

    #[test]
    fn a_block_keeps_its_bytes_when_its_size_changes() {
        let arena = Arena::<64>::new();
        let small = layout(4, 1);
        // SAFETY: each block is used with its own layout, and within its size.
        unsafe {
            let block = arena.alloc(small);
            block.copy_from_nonoverlapping(b"lock".as_ptr(), 4);
            assert_eq!(arena.realloc(block, small, 32), block, "it is the last");
            let other = arena.alloc(small);
            let moved = arena.realloc(block, layout(32, 1), 100);
            assert_eq!(arena.start(moved), None, "it is the system's");
            assert_eq!(std::slice::from_raw_parts(moved, 4), b"lock");
            assert_eq!(arena.realloc(other, small, 2), other);
            let moved = arena.realloc(moved, layout(100, 1), 200);
            assert_eq!(std::slice::from_raw_parts(moved, 4), b"lock");
            arena.dealloc(moved, layout(200, 1));
        }
    }

    #[test]
    fn blocks_of_several_threads_do_not_overlap() {
        let arena = &Arena::<65_536>::new();
        std::thread::scope(|scope| {
            for byte in 1..=4_u8 {
                scope.spawn(move || {
                    for _ in 0..200 {
                        // SAFETY: the block is filled and read within its size.
                        unsafe {
                            let block = arena.alloc(layout(64, 8));
                            block.write_bytes(byte, 64);
                            std::thread::yield_now();
                            assert_eq!(std::slice::from_raw_parts(block, 64), [byte; 64]);
                        }
                    }
                });
            }
        });
    }
}
