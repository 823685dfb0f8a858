//! The original lock beside lockhost, and locks that earlier versions have written.

mod first_format;
mod races;
mod steps;
