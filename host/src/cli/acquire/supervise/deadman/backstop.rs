//! Timers of the kernel, for a deadman that is stopped or frozen when it has to kill.
//!
//! A process that was stopped by a signal goes on by SIGCONT. One that a cgroup of version 2 freezes still ends by SIGKILL, and the
//! kernel ends the command with it.

use std::{io, time::Duration};

use nix::{
    sys::{
        signal::{SigEvent, SigevNotify, Signal},
        timer::{Expiration, Timer, TimerSetTimeFlags},
    },
    time::ClockId,
};

/// Both timers.
pub(super) struct Backstop {
    /// At K/2 before the deadline, when this process kills.
    wakes: Timer,
    /// At K/4 before it, when this process has failed to.
    ends: Timer,
    /// K.
    stop: Duration,
}

impl Backstop {
    /// Makes the timers.
    ///
    /// # Errors
    /// If the kernel has none left.
    pub(super) fn new(stop: Duration) -> io::Result<Self> {
        let timer = |signal| {
            let notify = SigevNotify::SigevSignal {
                signal,
                si_value: 0,
            };
            Timer::new(ClockId::CLOCK_BOOTTIME, SigEvent::new(notify))
        };
        Ok(Self {
            wakes: timer(Signal::SIGCONT)?,
            ends: timer(Signal::SIGKILL)?,
            stop,
        })
    }

    /// Sets them for a deadline that comes in so long. Where it is time to kill already, this process is awake and does that,
    /// and the timers stay as they are.
    pub(super) fn set(&mut self, left: Duration) {
        if left <= self.stop / 2 {
            return;
        }
        let before = |part: u32| Expiration::OneShot((left - self.stop / part).into());
        let (wakes, ends) = (before(2), before(4));
        let flags = TimerSetTimeFlags::empty();
        // They exist, and the times are valid.
        let _ = self.wakes.set(wakes, flags);
        let _ = self.ends.set(ends, flags);
    }
}
