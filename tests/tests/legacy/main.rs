//! Beside the original lock, and with locks that earlier versions have written.

mod first_format;
mod races;
mod steps;
