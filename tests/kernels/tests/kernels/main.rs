//! What `docs/filesystems.md` says of shares and crashes, on real kernels.
#![cfg(target_os = "linux")]

mod disks;
mod kept_open;
mod mounts;
mod oracle;
mod races;
mod scenario;
mod server_locks;
mod shares;
