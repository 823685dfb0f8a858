//! Conversions between the contract's types in `wit/` and this library's own, about processes.
//!
//! Each list names the variants once for both directions. If either side lacks a variant, it does not compile.

use crate::{
    bindings::process as wit,
    process::{
        GuardError, Owner,
        liveness::{AliveReason, DeadReason, Liveness, UnknownReason},
    },
};

/// Defines the conversions between two enumerations, in both directions.
macro_rules! convert {
    ($name:ident: $($variant:ident),+ $(,)?) => {
        impl From<wit::$name> for $name {
            fn from(wire: wit::$name) -> Self {
                match wire {
                    $(wit::$name::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for wit::$name {
            fn from(native: $name) -> Self {
                match native {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }
    };
}

convert!(AliveReason: Evidence, Running, Unguarded, Exists, ThisProcess, OwnPid);
convert!(DeadReason: NoProcess, Zombie, Thread, Reused, EvidenceGone, Nobody);
convert!(UnknownReason: OtherBoot, OtherNamespace, Unreadable, NoAnswer);

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
