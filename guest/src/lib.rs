//! The lock protocol of lockhost as a WASI component.
//!
//! [`machine`] decides and does nothing; [`driver`] does and decides nothing. Built for `wasm32-wasip2`, this crate is
//! the component. Built natively, it is the same machine, for tests to drive. The page `docs/protocol.md` describes the
//! protocol.
//!
//! Each module imports only modules above it in this list: [`facts`], [`names`], [`call`], [`machine`], [`inspect`];
//! [`contract`], [`driver`], [`component`], `wasm`. The first five know neither WASI nor the contract.

#![cfg_attr(target_family = "wasm", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod call;
pub mod component;
pub mod contract;
pub mod driver;
pub mod facts;
pub mod inspect;
pub mod machine;
pub mod names;

#[cfg(target_family = "wasm")]
mod wasm;
