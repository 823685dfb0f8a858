//! The library in one process: its calls, threads, instances, executors and plugins. No test here starts a process, but for
//! the build of the plugin: so none has a copy of what a store that is dropped has left open.

mod executors;
mod library;
mod plugins;
mod threads;
