//! Clocks and intervals, scaled down.
//!
//! A real second of the design is less than a tick here. What matters is kept: each clock is read in whole ticks, its
//! rate is wrong by a third at most (ρ), and the intervals have the order that the design demands.

/// D: how long a holder may act after it has sent its last successful confirm.
pub const DEADLINE: u8 = 4;

/// K: how long before the deadline the command is asked to end.
pub const STOP: u8 = 2;

/// K/2: how long before the deadline the command is killed, and how long it may take until all of it is reaped.
pub const KILL: u8 = STOP / 2;

/// ε: what an asker adds to its wait, since it reads its clock in whole ticks.
pub const EPSILON: u8 = 1;

/// The rate of one machine's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Two ticks in three true ones: 1 − ρ.
    Slow,
    /// A tick in a true one.
    #[default]
    True,
    /// Four ticks in three true ones: 1 + ρ.
    Fast,
}

impl Rate {
    /// Returns by how much the clock advances in a true tick. `phase` counts the true ticks modulo three.
    ///
    /// A rate that changes within the bounds needs no more states: no deadline is longer than at the slowest rate, and no
    /// wait shorter than at the fastest one.
    pub fn ticks(self, phase: u8) -> u8 {
        let thirds = match self {
            Self::Slow => 2,
            Self::True => 3,
            Self::Fast => 4,
        };
        thirds * (phase + 1) / 3 - thirds * phase / 3
    }
}

/// Returns D(1 + ρ)/(1 − ρ): with ρ = 1/3, twice D.
pub fn longest_deadline() -> u8 {
    DEADLINE * 2
}
