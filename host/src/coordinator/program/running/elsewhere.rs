//! A program that runs, as the standard library knows it.

use std::process::Child;

/// A program that runs, or has ended. Dropped, it is ended and reaped.
pub(super) struct Running(Child);

impl Running {
    /// Takes a child that was just started.
    pub(super) fn new(child: Child) -> Self {
        Self(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
