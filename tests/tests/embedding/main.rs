//! The component in a host's own engine, linker and stores. The hosts are the examples' own.

#[path = "../../../host/examples/embedding/epochs.rs"]
mod epochs;
#[path = "../../../host/examples/embedding/fuel.rs"]
mod fuel;
#[path = "../../../host/examples/embedding/host.rs"]
mod host;
#[path = "../../../host/examples/embedding/instance_pre.rs"]
mod instance_pre;
#[path = "../../../host/examples/embedding/memory_limit.rs"]
mod memory_limit;
#[path = "../../../host/examples/embedding/pooling.rs"]
mod pooling;

mod forgetful;
mod forgotten;
mod instructions;
mod interrupted;
mod linking;
mod settings;
