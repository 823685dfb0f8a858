//! Detection of a child made by fork(2).

use super::{number::Number, platform};

/// Returns whether this is still the process of which `platform::number` returned this number, and not a child made by
/// fork(2). If a namespace cannot be seen any more, for instance after chroot(2), it is still the same process.
pub(crate) fn is_still(number: Number) -> bool {
    let now = platform::number();
    let differ = number.1.is_some() && now.1.is_some() && number.1 != now.1;
    number.0 == now.0 && !differ
}
