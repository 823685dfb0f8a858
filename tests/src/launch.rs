//! The state that a test process inherits from the process that launched it, and that its results must not depend on.

#[cfg_attr(unix, path = "launch/unix.rs")]
#[cfg_attr(windows, path = "launch/windows.rs")]
mod platform;

use std::{env, sync::Once};

/// What changes the program's output or decision, and may be set where the tests run: on a hosted runner, in the shell of a
/// user who likes colours, in a service, or under a lock of their own.
const VARIABLES: [&str; 15] = [
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "LOCKHOST_COORDINATOR",
    "LOCKHOST_DIR",
    "LOCKHOST_FENCE",
    "LOCKHOST_FENCE_EPOCH",
    "LOCKHOST_LOCK",
    "LOCKHOST_LOG",
    "LOCKHOST_MODE",
    "LOCKHOST_NAME",
    "LOCKHOST_PID",
    "LOCKHOST_WAIT",
    "NOTIFY_SOCKET",
    "NO_COLOR",
];

/// Gives this process, and so each program that it starts, the state that a login shell gives. A script that runs the tests
/// in the background ignores keys' signals and may have files open, and a service may have a strict umask. Variables are
/// set that the program reads.
pub(crate) fn normalize() {
    static NORMALIZED: Once = Once::new();
    NORMALIZED.call_once(|| {
        platform::normalize();
        for variable in VARIABLES {
            // SAFETY: threads of a test process read their environment by the standard library, which locks it meanwhile.
            // What C code reads by itself (TZ, say) stays where it is; only the entries after a removed one move.
            unsafe { env::remove_var(variable) };
        }
    });
}
