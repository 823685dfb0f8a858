//! Pseudo-random pauses, to reach unforeseen interleavings. No clock is involved.

use std::{cell::Cell, hint, thread};

/// A source of pauses, the same for the same seed. Their lengths are spread over many orders of magnitude, since the
/// length of a window is unknown.
#[derive(Debug)]
pub struct Jitter(Cell<u64>);

impl Jitter {
    /// Returns a source; seeds that follow each other begin far apart.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(
            seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    /// Returns a number below `limit` (xorshift64).
    pub fn below(&self, limit: u64) -> u64 {
        let mut state = self.0.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.set(state);
        // The upper half is the better one.
        (state >> 32) % limit
    }

    /// Yields the processor, or keeps it busy, fewer than `2^magnitudes` times.
    pub fn pause(&self, magnitudes: u64) {
        let count = self.below(1 << self.below(magnitudes + 1));
        let yields = self.below(2) == 0;
        for _ in 0..count {
            if yields {
                thread::yield_now();
            } else {
                (0..100).for_each(|_| hint::spin_loop());
            }
        }
    }
}
