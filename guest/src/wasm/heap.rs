//! The component's heap, laid out so that an instance touches few pages of memory.
//!
//! Each page that an instance touches is resident for as long as its lock is held. So the heap begins where the linker's
//! data ends, and its first part has about what an acquisition needs. rlsf's own heap would begin in a new page of
//! WebAssembly, with a sentinel at its far end, and with four kilobytes of free lists.

use alloc::alloc::{GlobalAlloc, Layout};
use core::{arch::wasm32, cell::UnsafeCell, ptr, ptr::NonNull};

use rlsf::{FlexSource, FlexTlsf, GRANULARITY};

/// The number of classes of sizes: the largest block has four megabytes, as the host's limit for an instance.
const CLASSES: usize = 18;

/// The number of free lists in a class, for sizes that differ by an eighth.
const LISTS: usize = 8;

/// The size of a page of WebAssembly, in bytes.
const PAGE: usize = 64 << 10;

/// The size of most machines' pages, in bytes.
const TOUCHED: usize = 4 << 10;

/// The bytes that an acquisition of a free lock needs of the heap.
const USUAL: usize = 3_840;

/// The global allocator.
pub(super) struct Heap(UnsafeCell<FlexTlsf<Memory, u32, u8, CLASSES, LISTS>>);

// SAFETY: a component has one thread, so its heap is never shared.
unsafe impl Sync for Heap {}

impl Heap {
    pub(super) const fn new() -> Self {
        let heap = FlexTlsf::new(Memory { unused: 0 });
        Self(UnsafeCell::new(heap))
    }
}

// SAFETY: rlsf returns blocks that fit the layout and do not overlap. Each method has the only reference to the heap,
// since there is one thread, and no method calls itself.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        let heap = unsafe { &mut *self.0.get() };
        heap.allocate(layout)
            .map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: see above. The block came from `alloc` with this layout, as the caller promises, so it is not null.
        unsafe {
            let heap = &mut *self.0.get();
            heap.deallocate(NonNull::new_unchecked(block), layout.align());
        }
    }
}

/// The memory behind the heap.
struct Memory {
    /// Where the unused part of the first page of WebAssembly begins; zero before the first use.
    unused: usize,
}

impl Memory {
    /// Returns the next part of the first page, if it has so many bytes: at first a small one.
    fn rest(&mut self, least: usize) -> Option<(usize, usize)> {
        let is_first = self.unused == 0;
        let start = if is_first { base() } else { self.unused };
        let end = start.next_multiple_of(PAGE);
        let usual = (start + USUAL).next_multiple_of(TOUCHED).min(end);
        let end = match is_first && least <= usual - start {
            true => usual,
            false => end,
        };
        self.unused = start;
        (least <= end - start).then(|| {
            self.unused = end;
            (start, end - start)
        })
    }
}

// SAFETY: each part begins where the one before ended, in memory behind the linker's data or in pages that were added
// for it, so parts do not overlap, and nothing else uses them.
unsafe impl FlexSource for Memory {
    unsafe fn alloc(&mut self, least: usize) -> Option<NonNull<[u8]>> {
        let (start, length) = self.rest(least).or_else(|| grow(least))?;
        let start = ptr::with_exposed_provenance_mut(start);
        Some(NonNull::slice_from_raw_parts(NonNull::new(start)?, length))
    }

    fn min_align(&self) -> usize {
        GRANULARITY
    }
}

/// Adds pages of WebAssembly for so many bytes.
fn grow(least: usize) -> Option<(usize, usize)> {
    let pages = least.div_ceil(PAGE);
    match wasm32::memory_grow(0, pages) {
        usize::MAX => None,
        before => Some((before * PAGE, pages * PAGE)),
    }
}

/// Returns the end of the linker's data, aligned for the heap.
fn base() -> usize {
    unsafe extern "C" {
        static __heap_base: u8;
    }
    (&raw const __heap_base)
        .expose_provenance()
        .next_multiple_of(GRANULARITY)
}
