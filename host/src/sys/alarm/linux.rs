//! A descriptor that becomes readable at a time: timerfd_create(2), by the clock that counts suspend.

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    time::Duration,
};

use crate::sys::poll::{BorrowedDescriptor, borrow};

/// A descriptor that is readable once its time is over, and stays readable until it is set again.
#[derive(Debug)]
pub(crate) struct Alarm(OwnedFd);

impl Alarm {
    /// Creates one that is not readable yet.
    ///
    /// # Errors
    ///
    /// If no descriptor is left.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: the call takes two numbers, and returns a new descriptor or an error.
        #[allow(unsafe_code)]
        let descriptor = unsafe { libc::timerfd_create(libc::CLOCK_BOOTTIME, flags) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made this descriptor for this process, and nothing else knows it.
        #[allow(unsafe_code)]
        let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Self(owned))
    }

    /// Sets the time from now. With none left, it is readable at once.
    pub(crate) fn set(&self, left: Duration) {
        // A time of zero would switch it off.
        let left = left.max(Duration::from_nanos(1));
        let time = libc::itimerspec {
            it_interval: libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: libc::timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(libc::time_t::MAX),
                tv_nsec: left.subsec_nanos().into(),
            },
        };
        let none = std::ptr::null_mut();
        // SAFETY: the descriptor is a timer's, `time` is valid for a read, and no old value is asked for.
        #[allow(unsafe_code)]
        unsafe {
            libc::timerfd_settime(self.0.as_raw_fd(), 0, &raw const time, none);
        }
    }

    /// Returns the descriptor.
    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        borrow(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::poll::await_any;

    fn is_readable(alarm: &Alarm) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut polled = [PollFd::new(&alarm.0, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).unwrap() == 1
    }

    #[test]
    fn an_alarm_is_readable_once_its_time_is_over() {
        let alarm = Alarm::new().unwrap();
        assert!(!is_readable(&alarm));
        alarm.set(Duration::from_secs(3600));
        assert!(!is_readable(&alarm));
        alarm.set(Duration::ZERO);
        await_any(&[alarm.descriptor()], Duration::from_secs(60));
        assert!(is_readable(&alarm));
        alarm.set(Duration::from_secs(3600));
        assert!(!is_readable(&alarm));
    }
}
