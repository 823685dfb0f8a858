//! Sets of signals by number: the real-time signals have no names in `nix`, and its set iterates over names only.

use std::mem::MaybeUninit;

use nix::{
    libc,
    sys::signal::{SigSet, Signal},
};

/// Signals by number, the first in the lowest bit but one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers(u128);

impl Numbers {
    pub(super) fn contains(self, number: i32) -> bool {
        self.0 & bit(number) != 0
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the set as the system's calls take it.
    #[allow(unsafe_code)]
    pub(super) fn to_set(self) -> SigSet {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset(3) initialises the set before any other use, and sigaddset(3) only changes it. It refuses
        // a number that is no signal's, or one that the C library reserves, and leaves the set alone.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for number in (1..i32::from(u8::MAX)).filter(|it| self.contains(*it)) {
                libc::sigaddset(set.as_mut_ptr(), number);
            }
            SigSet::from_sigset_t_unchecked(set.assume_init())
        }
    }
}

impl FromIterator<i32> for Numbers {
    fn from_iter<I: IntoIterator<Item = i32>>(numbers: I) -> Self {
        Self(numbers.into_iter().map(bit).fold(0, |all, bit| all | bit))
    }
}

impl From<&[Signal]> for Numbers {
    fn from(signals: &[Signal]) -> Self {
        signals.iter().map(|signal| *signal as i32).collect()
    }
}

fn bit(number: i32) -> u128 {
    u32::try_from(number)
        .ok()
        .and_then(|number| 1_u128.checked_shl(number))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_it_was_made_of() {
        let numbers: Numbers = [1, 15, 64, 127, 128, -1].into_iter().collect();
        let found: Vec<_> = (0..=200).filter(|it| numbers.contains(*it)).collect();
        assert_eq!(found, [1, 15, 64, 127]);
        let set = numbers.to_set();
        assert!(set.contains(Signal::SIGTERM) && !set.contains(Signal::SIGINT));
    }
}
