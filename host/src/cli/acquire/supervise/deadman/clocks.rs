//! The two clocks by which a deadline is measured.

// The library is another crate, and shows no clocks.
#[path = "../../../../sys/clocks/linux.rs"]
mod both;

use super::decision::Reading;

/// Reads both.
///
/// # Panics
/// If the kernel lacks one. Then no session was enrolled either.
pub(super) fn now() -> Reading {
    let (boot, raw) = both::now().expect("the kernel has both clocks");
    Reading { boot, raw }
}
