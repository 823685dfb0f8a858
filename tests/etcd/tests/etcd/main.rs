//! The coordinator etcd: each operation, with real clusters and with endpoints that are none.
#![cfg(unix)]

mod auth;
mod crates;
mod endpoints;
mod library;
mod lives;
mod members;
mod operations;
mod program;
mod races;
mod space;
mod tls;
