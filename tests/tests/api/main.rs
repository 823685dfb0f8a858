//! The library in one process: its calls, threads, instances, executors and plugins. No test here starts a process,
//! except the build of the plugin: so no process has a copy of the descriptors of a dropped store.

mod executors;
mod library;
#[cfg(feature = "component")]
mod plugins;
mod threads;
