//! This process, as it was found once: to find out takes some twenty system calls, as each fact is read in two ways.
//!
//! What is remembered may have become wrong: a process can enter another time namespace (setns(2)), or be stopped,
//! written down and go on under another kernel. So it never decides alone: a name is given from memory only where
//! evidence outweighs all that the name says, and death is told only by what is true now.

use std::{
    io,
    sync::{Mutex, TryLockError},
};

use super::{fork::is_still, identity::Identity, number::Number, platform};

/// Who found it, and what.
static FOUND: Mutex<Option<(Number, Identity)>> = Mutex::new(None);

/// The asking process, as it is or was; never its parent.
///
/// # Errors
/// As [`platform::myself`].
pub(crate) fn myself() -> io::Result<Identity> {
    let mut found = match FOUND.try_lock() {
        Ok(found) => found,
        // Nothing can be half-done in there.
        Err(TryLockError::Poisoned(found)) => found.into_inner(),
        // By another thread, or for ever: by one of the parent's, when this process was forked off.
        Err(TryLockError::WouldBlock) => return platform::myself(),
    };
    if let Some((number, identity)) = &*found
        && is_still(*number)
    {
        return Ok(identity.clone());
    }
    let number = platform::number();
    let identity = platform::myself()?;
    // What the system hides may be shown later.
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
