//! Queries that work alike on every Unix whose processes can be examined: kill(2), and the failures of others.

use std::io;

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use super::entry::Presence;

/// Returns whether anything has this number now.
pub(crate) fn presence(pid: u32) -> Presence {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Presence::Absent;
    };
    match test_kill_process(pid) {
        Err(Errno::SRCH) => Presence::Absent,
        _ => Presence::Present,
    }
}

/// Returns what the system shows; `None` for what it does not have, or hides.
pub(crate) fn shown<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    let lacking = [Errno::MFILE, Errno::NFILE, Errno::NOMEM].map(|errno| errno.raw_os_error());
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error)
            if error
                .raw_os_error()
                .is_some_and(|code| lacking.contains(&code)) =>
        {
            Err(error)
        }
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_process_has_a_number_beyond_the_range() {
        assert_eq!(presence(u32::MAX), Presence::Absent);
        assert_eq!(presence(0), Presence::Absent);
        assert_eq!(presence(std::process::id()), Presence::Present);
    }

    #[test]
    fn only_what_is_lacking_is_a_failure() {
        let failed = |errno: Errno| shown::<()>(Err(errno.into()));
        assert_eq!(shown(Ok(7)).unwrap(), Some(7));
        assert_eq!(failed(Errno::PERM).unwrap(), None);
        assert!(failed(Errno::NOMEM).is_err());
    }
}
