//! The parts that a component without a standard library has to provide itself.

#![allow(unsafe_code)]

use alloc::alloc::{Layout, alloc, realloc};

mod heap;

use self::heap::Heap;

/// The exports of the component, as the canonical ABI calls them.
// Generated code, to which our rules do not apply.
#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    unsafe_op_in_unsafe_fn,
    unused_qualifications
)]
mod exports {
    use crate::component::Component;

    crate::contract::generated::export!(Component with_types_in crate::contract::generated);
}

#[global_allocator]
static ALLOCATOR: Heap = Heap::new();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Allocates memory for strings and lists that the host hands to the component, as the canonical ABI requires. On other
/// targets wit-bindgen defines this function. Here it would leave it to a libc, whose allocator is not the one that
/// frees what is returned.
///
/// # Safety
/// As the canonical ABI calls it: `old` is null with `old_len` 0, or came from here with that length and alignment;
/// `align` is a power of two; lengths fit in memory.
// SAFETY of the name: this is the component's only definition, since no libc that defines it is linked first.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_len: usize,
    align: usize,
    new_len: usize,
) -> *mut u8 {
    let Ok(layout) = Layout::from_size_align(if old_len == 0 { new_len } else { old_len }, align)
    else {
        core::arch::wasm32::unreachable()
    };
    let memory = match (old_len, new_len) {
        (0, 0) => core::ptr::without_provenance_mut(align),
        // SAFETY: the size is not zero.
        (0, _) => unsafe { alloc(layout) },
        // SAFETY: `old` is of this layout, by the caller's promise; the canonical ABI never shrinks to nothing.
        _ => unsafe { realloc(old, layout, new_len) },
    };
    if memory.is_null() {
        core::arch::wasm32::unreachable()
    }
    memory
}
