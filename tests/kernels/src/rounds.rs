//! How often the tests do what may go wrong by chance.

use std::env;

/// Returns the number of rounds of a race: `LOCKHOST_ROUNDS`, or 5.
#[must_use]
pub fn rounds() -> usize {
    number("LOCKHOST_ROUNDS", 5)
}

/// Returns the number of crashes of a kernel: `LOCKHOST_CRASHES`, or 3.
#[must_use]
pub fn crashes() -> usize {
    number("LOCKHOST_CRASHES", 3)
}

fn number(variable: &str, otherwise: usize) -> usize {
    match env::var(variable) {
        Ok(text) => text.parse().expect("a number of rounds"),
        Err(_) => otherwise,
    }
}

/// Returns how many processes race on each machine: `LOCKHOST_RACERS`, or 3.
#[must_use]
pub fn racers() -> usize {
    number("LOCKHOST_RACERS", 3)
}
