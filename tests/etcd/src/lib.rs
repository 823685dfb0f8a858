//! What the tests of the coordinator etcd share: servers that they start and end, the lines of lockhost, and machines.
#![cfg(unix)]

pub mod bed;
pub mod certificates;
pub mod endpoint;
pub mod lines;
pub mod machine;
pub mod place;
pub mod programs;
pub mod server;
pub mod ticks;
