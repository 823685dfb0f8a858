//! A test bed of several kernels: user-mode-linux of Debian, started, connected, cut off, paused, killed and given commands
//! by a test.
//!
//! All of it lives in namespaces of its own ([`bed`]), so the kernel ends and removes it with the test, however that ends.
#![cfg(unix)]

pub mod bed;
pub mod log;
pub mod machine;
pub mod owner;
pub mod programs;
pub mod rounds;
pub mod site;
