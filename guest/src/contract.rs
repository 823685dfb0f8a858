//! The contract in `wit/`, as Rust: what the machine speaks about, and what the driver calls.

// Generated code, apart from our rules; its `unsafe` is what carries values across the component's border.
#[allow(
    missing_docs,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    rust_2018_idioms,
    unreachable_pub,
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    unused_qualifications
)]
mod generated {
    wit_bindgen::generate!({
        path: "../wit",
        world: "lockhost",
        additional_derives: [PartialEq, Eq, Hash],
        additional_derives_ignore: ["stream-error"],
        generate_all,
    });

    #[cfg(target_family = "wasm")]
    export!(Component with_types_in self);
    #[cfg(target_family = "wasm")]
    use crate::component::Component;
}

pub use generated::{
    exports::lockhost::lockfile::lockfile::{
        Awaited, Cause, Descriptor, Error, Failure, Guest, GuestAttempt, GuestLock, Holder,
        InspectCause, InspectError, Lock, NotALock, Occupation, Occupied, Operation, Options,
        Refusal, ReleaseCause, ReleaseError, Remark, Replaced, ReplacedReason, Report, Restored,
        State, Status, Unrestored, Waiting, Warning,
    },
    lockhost::lockfile::process::{
        self, AliveReason, DeadReason, Evidence, GuardError, Liveness, UnknownReason,
    },
    wasi::{
        clocks::wall_clock::Datetime,
        filesystem::types::{
            DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntryStream, ErrorCode,
            NewTimestamp, OpenFlags, PathFlags,
        },
    },
};
