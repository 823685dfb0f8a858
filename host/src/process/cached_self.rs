//! The cached identity of this process. To find it takes some twenty system calls, as each fact is read in two ways.
//!
//! The cached identity may be stale: a process can enter another time namespace (setns(2)), or be checkpointed and
//! restored under another kernel. So it never decides alone. A name comes from the cache only where evidence outweighs
//! the whole name, and a death is reported only by facts that are current.

use std::{
    io,
    sync::{Mutex, TryLockError},
};

use super::{fork::is_still, identity::Identity, number::Number, platform};

/// The number of the process that found it, and what it found.
static FOUND: Mutex<Option<(Number, Identity)>> = Mutex::new(None);

/// Returns the identity of this process, as it is or was; never that of its parent.
///
/// # Errors
/// As [`platform::myself`].
pub(crate) fn myself() -> io::Result<Identity> {
    let mut found = match FOUND.try_lock() {
        Ok(found) => found,
        // The value is never half-written.
        Err(TryLockError::Poisoned(found)) => found.into_inner(),
        // Another thread holds it; or a thread of the parent held it at the fork, and then it is locked for ever.
        Err(TryLockError::WouldBlock) => return platform::myself(),
    };
    if let Some((number, identity)) = &*found
        && is_still(*number)
    {
        return Ok(identity.clone());
    }
    let number = platform::number();
    let identity = platform::myself()?;
    // The system may show later what it hides now.
    if identity.is_whole() {
        *found = Some((number, identity.clone()));
    }
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_is_true() {
        let now = platform::myself().unwrap();
        assert!(now.is_whole(), "{now}");
        for _ in 0..2 {
            assert_eq!(myself().unwrap(), now);
        }
    }

    #[test]
    fn it_is_found_also_while_another_thread_finds_it() {
        let _busy = FOUND.lock().unwrap();
        let other = std::thread::spawn(|| myself().unwrap());
        assert_eq!(other.join().unwrap(), platform::myself().unwrap());
    }
}
