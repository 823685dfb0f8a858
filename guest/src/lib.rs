//! The lock protocol of lockhost as a WASI component.
//!
//! [`lockhost_machine`] decides and does nothing; [`driver`] does and decides nothing. Built for `wasm32-wasip2`, this
//! crate is the component.
//!
//! Each module imports only modules above it in this list: [`contract`], [`driver`], [`component`], `wasm`.

#![cfg_attr(target_family = "wasm", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod component;
pub mod contract;
pub mod driver;

#[cfg(target_family = "wasm")]
mod wasm;
