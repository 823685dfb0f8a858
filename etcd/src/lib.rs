#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod address;
mod answer;
mod cluster;
#[cfg(any(feature = "component", feature = "native"))]
mod coordinator;
mod enroll;
mod error;
mod etcd;
mod facts;
mod keys;
mod leases;
mod lookup;
mod request;
#[cfg(feature = "cli")]
pub mod serve;
mod tls;
mod transport;

pub use address::Address;
pub use error::{Error, ErrorKind};
pub use etcd::Etcd;
