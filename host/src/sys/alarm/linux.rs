//! A descriptor that becomes readable at a time: timerfd_create(2), by the clock that counts suspend.

use std::{io, os::fd::OwnedFd, time::Duration};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
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
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Self(timerfd_create(TimerfdClockId::Boottime, flags)?))
    }

    /// Sets the time from now. With none left, it is readable at once.
    pub(crate) fn set(&self, left: Duration) {
        // A time of zero would switch it off.
        let left = left.max(Duration::from_nanos(1));
        let time = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            },
        };
        let set = timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &time);
        debug_assert!(set.is_ok(), "a timer accepts a time");
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
