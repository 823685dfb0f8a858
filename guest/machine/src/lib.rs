//! The lock protocol of lockhost as a state machine that does no I/O.
//!
//! An attempt is a [`Machine`](machine::Machine). It asks its driver for one [`Call`](call::Call) at a time, and takes
//! the [`Reply`](call::Reply). It decides and does nothing; a driver does and decides nothing. Two drivers stand on
//! this crate: the component of lockhost, over `wasi:filesystem`, and lockhost's native backend, over the calls of the
//! operating system. A model checker drives it too, through all interleavings, crashes and failures. The page
//! `docs/protocol.md` of lockhost defines the steps.
//!
//! The version of this crate is that of lockhost, which is the only user that it promises anything to.
//!
//! Each module imports only modules that stand earlier in this list: [`facts`], [`names`], [`call`], [`machine`],
//! [`inspect`].

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod call;
pub mod facts;
pub mod inspect;
pub mod machine;
pub mod names;
