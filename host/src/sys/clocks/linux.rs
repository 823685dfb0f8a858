//! The two clocks of Linux that together count every second: CLOCK_BOOTTIME counts suspend, and is slewed;
//! CLOCK_MONOTONIC_RAW is not slewed, and does not count suspend.

use std::{mem::MaybeUninit, time::Duration};

/// Returns the readings of both, or nothing if the kernel lacks one.
pub(crate) fn now() -> Option<(Duration, Duration)> {
    Some((
        read(libc::CLOCK_BOOTTIME)?,
        read(libc::CLOCK_MONOTONIC_RAW)?,
    ))
}

fn read(clock: libc::clockid_t) -> Option<Duration> {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the pointer is valid for a write of one `timespec`.
    #[allow(unsafe_code)]
    let answer = unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) };
    if answer != 0 {
        return None;
    }
    // SAFETY: the call has succeeded, so the kernel has written it.
    #[allow(unsafe_code)]
    let time = unsafe { time.assume_init() };
    let (seconds, nanoseconds) = (time.tv_sec.try_into(), time.tv_nsec.try_into());
    Some(Duration::new(seconds.ok()?, nanoseconds.ok()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_clocks_advance() {
        let before = super::now().unwrap();
        let after = super::now().unwrap();
        assert!(before.0 <= after.0 && before.1 <= after.1);
        assert!(before.0 > std::time::Duration::ZERO);
    }
}
