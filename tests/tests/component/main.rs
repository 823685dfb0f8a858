//! The embedded component: its sources, its behaviour and cost, and its use in other runtimes.

mod build;
mod contract;
mod engine;
mod large;
mod node;
mod python;
mod syscalls;
mod twin;
