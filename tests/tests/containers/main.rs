//! Namespaces, boots, volumes and odd kernels: across all of them the host knows which owner is alive, or the lock
//! refuses.

mod boots;
mod mounts;
mod odd_kernel;
mod pid_namespaces;
mod pid_ns_reuse;
mod proc_visibility;
