//! Nothing: what counts are the dependencies in Cargo.toml.

fn main() {}
