//! Repetition of an operation whose failure passes by itself.

use std::{thread, time::Duration};

/// The tries of a blocked operation, and the first pause, which doubles each time: two thirds of a second in all.
const TRIES: u32 = 7;
const PAUSE: Duration = Duration::from_millis(5);

/// Repeats an operation for a moment while its failure is one that passes by itself.
pub(crate) fn patiently<T, E>(
    passes: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    for nth in 0..TRIES {
        match attempt() {
            Err(error) if passes(&error) => thread::sleep(PAUSE * 2_u32.pow(nth)),
            outcome => return outcome,
        }
    }
    attempt()
}
