//! The embedded component: what it is built from, what it does and costs, and that it serves other runtimes.

mod build;
mod contract;
mod engine;
mod large;
mod node;
mod python;
mod syscalls;
mod twin;
