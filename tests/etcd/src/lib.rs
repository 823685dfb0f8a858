//! What the tests of the coordinator etcd share: servers that they start and end, the lines of lockhost, boots and machines.
#![cfg(unix)]

pub mod bed;
pub mod boot;
pub mod certificates;
pub mod endpoint;
pub mod lines;
pub mod place;
pub mod processes;
pub mod programs;
pub mod server;
pub mod ticks;
