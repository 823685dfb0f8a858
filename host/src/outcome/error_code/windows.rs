//! The meaning of a code on Windows.

/// The meaning of `Busy`: a sharing violation.
pub(crate) const BUSY: &str = "another program has it open, and does not permit that";

/// Whether it passes by itself: when that program closes the file.
pub(crate) const BUSY_PASSES: bool = true;
