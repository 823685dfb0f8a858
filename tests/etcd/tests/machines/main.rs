//! Machines that mount one volume, with a real etcd: whatever happens to them, the commands of two owners never act at once.
//!
//! Each command writes lines with the kernel's time to a file that is not on the volume. These decide.
#![cfg(unix)]

mod coordinators;
mod guards;
mod library;
mod networks;
mod processes;
mod scene;
mod takeover;
mod versions;
mod volumes;
