//! The component in a host's own engine and stores, five times: each file beside this one takes and releases the lock
//! `plugin.lock` on a directory in another setting.
//!
//!     cargo run --package lockhost --example embedding -- fuel DIRECTORY

mod epochs;
mod fuel;
mod host;
mod instance_pre;
mod memory_limit;
mod pooling;

use std::{env, path::PathBuf};

use lockhost::wasmtime::{Error, Result};

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1);
    let setting = arguments.next().and_then(|it| it.into_string().ok());
    let directory = arguments.next().map_or_else(env::temp_dir, PathBuf::from);
    match setting.as_deref() {
        Some("instance-pre") => instance_pre::run(&directory),
        Some("pooling") => pooling::run(&directory),
        Some("fuel") => fuel::run(&directory),
        Some("epochs") => epochs::run(&directory),
        Some("memory-limit") => memory_limit::run(&directory),
        _ => Err(Error::msg(
            "which of instance-pre, pooling, fuel, epochs, memory-limit, and on which directory?",
        )),
    }
}
