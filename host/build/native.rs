//! A build without the component, which has nothing to compile.

use std::error::Error;

/// Does nothing.
#[allow(clippy::unnecessary_wraps, reason = "the component's fails")]
pub(crate) fn compile() -> Result<(), Box<dyn Error>> {
    Ok(())
}
