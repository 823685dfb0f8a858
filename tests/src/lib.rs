//! What the tests share: the real program, directories as they may be found, and contenders for them.

pub mod contender;
pub mod dawdle;
pub mod identity;
pub mod mounted;
pub mod program;
pub mod scene;
pub mod stepped;
