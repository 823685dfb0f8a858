//! Conversions between the contract's types in `wit/` and this library's own, about processes, files and failures.
//!
//! Each list names the variants once for both directions. If either side lacks a variant, it does not compile.

use wasmtime_wasi::p2::bindings::filesystem::types as files;

use crate::{
    bindings::{direct::lockfile, process as wit},
    outcome::{DescriptorType, ErrorCode, Operation},
    process::{
        GuardError, Owner,
        liveness::{AliveReason, DeadReason, Liveness, UnknownReason},
    },
};

/// Defines the conversions between two enumerations, in both directions. Behind the semicolon are variants of this library
/// alone, and what the contract has for them.
macro_rules! convert {
    ($wire:ident::$name:ident: $($variant:ident),+ $(,)? $(; $($only:ident => $as:ident),+)?) => {
        impl From<$wire::$name> for $name {
            fn from(wire: $wire::$name) -> Self {
                match wire {
                    $($wire::$name::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for $wire::$name {
            fn from(native: $name) -> Self {
                match native {
                    $($name::$variant => Self::$variant,)+
                    $($($name::$only => Self::$as,)+)?
                }
            }
        }
    };
}

convert!(wit::AliveReason: Evidence, Running, Unguarded, Exists, ThisProcess, OwnPid, Session);
convert!(wit::DeadReason: NoProcess, Zombie, Thread, Reused, EvidenceGone, Nobody, SessionGone);
convert!(
    wit::UnknownReason: OtherBoot, OtherNamespace, Unreadable, NoAnswer, NoCoordinator, Unreachable, OtherIncarnation, Watched;
    Gone => Watched
);
convert!(lockfile::Operation: Create, Write, Stat, Open, Read, List, Link, Remove);
convert!(files::DescriptorType: Unknown, BlockDevice, CharacterDevice, Directory, Fifo, SymbolicLink, RegularFile, Socket);
convert!(
    files::ErrorCode: Access, WouldBlock, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge,
    IllegalByteSequence, InProgress, Interrupted, Invalid, Io, IsDirectory, Loop, TooManyLinks, MessageSize, NameTooLong,
    NoDevice, NoEntry, NoLock, InsufficientMemory, InsufficientSpace, NotDirectory, NotEmpty, NotRecoverable, Unsupported,
    NoTty, NoSuchDevice, Overflow, NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice,
);

impl From<wit::Liveness> for Liveness {
    fn from(wire: wit::Liveness) -> Self {
        match wire {
            wit::Liveness::Alive(reason) => Self::Alive(reason.into()),
            wit::Liveness::Dead(reason) => Self::Dead(reason.into()),
            wit::Liveness::Unknown(reason) => Self::Unknown(reason.into()),
        }
    }
}

impl From<Liveness> for wit::Liveness {
    fn from(native: Liveness) -> Self {
        match native {
            Liveness::Alive(reason) => Self::Alive(reason.into()),
            Liveness::Dead(reason) => Self::Dead(reason.into()),
            Liveness::Unknown(reason) => Self::Unknown(reason.into()),
        }
    }
}

impl From<wit::Owner> for Owner {
    fn from(wire: wit::Owner) -> Self {
        match wire {
            wit::Owner::Maker(identity) => Self::Maker(identity),
            wit::Owner::Pid(pid) => Self::Pid(pid),
            wit::Owner::Nobody => Self::Nobody,
        }
    }
}

impl From<GuardError> for wit::GuardError {
    fn from(native: GuardError) -> Self {
        match native {
            GuardError::Probed => Self::Probed,
            GuardError::Refused(why) => Self::Refused(why),
        }
    }
}
