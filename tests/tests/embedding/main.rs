//! The component in a host's own engine, linker and stores.

mod host;
mod linking;
