//! Whether this is still the process that it was, and not a child of its that fork(2) made.

use super::{number::Number, platform};

/// Whether this is still the process that `platform::number` told of, and not a child of its that fork(2) made. A
/// namespace that cannot be seen any more (after chroot(2), say) makes it no other process.
pub(crate) fn is_still(number: Number) -> bool {
    let now = platform::number();
    let differ = number.1.is_some() && now.1.is_some() && number.1 != now.1;
    number.0 == now.0 && !differ
}
