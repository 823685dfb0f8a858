//! The component's calls of `wasi:filesystem/types`, as functions that are done when they return: the component runs on
//! the caller's stack, and needs no other.

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;

use super::state::State;

#[cfg_attr(windows, path = "wasi_files/windows.rs")]
#[cfg_attr(not(windows), path = "wasi_files/unix.rs")]
mod platform;

pub(super) use self::platform::{add_to_linker, context};

type Handle = Resource<Descriptor>;
