//! The lock protocol of lockhost as a WASI component.
//!
//! [`machine`] decides and does nothing; [`driver`] does and decides nothing. Built for `wasm32-wasip2` this is the
//! component; built natively it is the same machine, for tests to drive.

#![cfg_attr(target_family = "wasm", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod call;
pub mod component;
pub mod contract;
pub mod driver;
pub mod dropping;
pub mod examine;
pub mod inspect;
pub mod listing;
pub mod lockfile;
pub mod machine;
pub mod release;
pub mod restore;
pub mod settle;
pub mod stop;
pub mod sweep;

#[cfg(target_family = "wasm")]
mod wasm;
