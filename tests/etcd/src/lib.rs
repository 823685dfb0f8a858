//! What the tests of the coordinator etcd share: servers that they start and end, and the lines of lockhost.
#![cfg(unix)]

pub mod certificates;
pub mod endpoint;
pub mod lines;
pub mod machine;
pub mod server;
