//! Namespaces, boots, volumes and odd kernels: who is alive is known across all of them, or the lock refuses.

mod boots;
mod mounts;
mod odd_kernel;
mod pid_namespaces;
mod pid_ns_reuse;
mod proc_visibility;
