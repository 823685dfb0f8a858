//! What the deadman does at which time: a state machine without I/O.

use std::time::Duration;

/// A reading of CLOCK_BOOTTIME, which counts suspend, and of CLOCK_MONOTONIC_RAW, which is not slewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) boot: Duration,
    pub(super) raw: Duration,
}

/// When the command must have ended, by both clocks. It is reached when either clock has passed its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline(Reading);

impl Deadline {
    /// Has passed on every machine: the lock is lost.
    pub(super) const PASSED: Self = Self(Reading {
        boot: Duration::ZERO,
        raw: Duration::ZERO,
    });

    /// Returns the deadline that is this long after a reading.
    ///
    /// The clocks must be read before the time that is left is: what goes by in between then shortens the time.
    pub(super) fn after(read: Reading, left: Duration) -> Self {
        match left.is_zero() {
            true => Self::PASSED,
            false => Self(Reading {
                boot: read.boot.saturating_add(left),
                raw: read.raw.saturating_add(left),
            }),
        }
    }

    /// Returns the deadline with these values of the clocks.
    pub(super) fn at(reading: Reading) -> Self {
        Self(reading)
    }

    /// Returns the values of the clocks.
    pub(super) fn reading(self) -> Reading {
        self.0
    }

    /// Returns how long it is until then.
    pub(super) fn left(self, now: Reading) -> Duration {
        let boot = self.0.boot.saturating_sub(now.boot);
        boot.min(self.0.raw.saturating_sub(now.raw))
    }
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, for so long.
    Wait(Duration),
    /// Ask the command to end.
    Ask,
    /// Kill everything, again and again until nothing is left.
    Kill,
}

/// The state of a deadman.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    /// K, how long before the deadline the command is asked to end. At half of it, everything is killed.
    stop: Duration,
    deadline: Deadline,
    /// Whether the command was asked since there was more time than K.
    asked: bool,
    /// Whether the command was ever asked, or killed.
    ends: bool,
    kills: bool,
}

impl Decision {
    /// Begins with the first deadline.
    pub(super) fn new(stop: Duration, deadline: Deadline) -> Self {
        Self {
            stop,
            deadline,
            asked: false,
            ends: false,
            kills: deadline == Deadline::PASSED,
        }
    }

    /// Takes the deadline of another confirm. One that has passed is for good.
    pub(super) fn extend(&mut self, deadline: Deadline) {
        self.kills |= deadline == Deadline::PASSED;
        self.deadline = deadline;
    }

    /// Takes it that the renewer is gone, or reports a loss.
    pub(super) fn lose(&mut self) {
        self.kills = true;
    }

    /// Returns how long it is until the deadline.
    pub(super) fn left(&self, now: Reading) -> Duration {
        self.deadline.left(now)
    }

    /// Returns whether the deadman ends the command, or has asked it to end.
    pub(super) fn ends(&self) -> bool {
        self.ends
    }

    /// Decides. [`Step::Ask`] is returned once for each time that the deadline comes near.
    pub(super) fn step(&mut self, now: Reading) -> Step {
        let left = self.deadline.left(now);
        // What was killed once has lost its parts: no confirm that comes later revives it.
        self.kills |= left <= self.stop / 2;
        if self.kills {
            self.ends = true;
            return Step::Kill;
        }
        if left > self.stop {
            self.asked = false;
            return Step::Wait(left - self.stop);
        }
        if self.asked {
            return Step::Wait(left - self.stop / 2);
        }
        (self.asked, self.ends) = (true, true);
        Step::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Duration = Duration::from_secs(4);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn at(boot: u64, raw: u64) -> Reading {
        Reading {
            boot: seconds(boot),
            raw: seconds(raw),
        }
    }

    /// A decision with ten seconds left at 100, by both clocks.
    fn decision() -> Decision {
        Decision::new(STOP, Deadline::after(at(100, 100), seconds(10)))
    }

    #[test]
    fn the_command_is_asked_and_then_killed_before_the_deadline() {
        let mut decision = decision();
        assert_eq!(decision.step(at(100, 100)), Step::Wait(seconds(6)));
        assert!(!decision.ends());
        assert_eq!(decision.step(at(106, 106)), Step::Ask);
        assert!(decision.ends());
        assert_eq!(decision.step(at(106, 106)), Step::Wait(seconds(2)));
        assert_eq!(decision.step(at(107, 107)), Step::Wait(seconds(1)));
        assert_eq!(decision.step(at(108, 108)), Step::Kill);
    }

    #[test]
    fn the_clock_that_is_ahead_decides() {
        for (boot, raw) in [(108, 100), (100, 108)] {
            assert_eq!(decision().step(at(boot, raw)), Step::Kill);
        }
        for (boot, raw) in [(106, 100), (100, 106)] {
            assert_eq!(decision().step(at(boot, raw)), Step::Ask);
        }
        for (boot, raw) in [(101, 100), (100, 101)] {
            assert_eq!(decision().step(at(boot, raw)), Step::Wait(seconds(5)));
        }
    }

    #[test]
    fn a_confirm_moves_the_deadline_on() {
        let mut decision = decision();
        decision.extend(Deadline::after(at(105, 105), seconds(10)));
        assert_eq!(decision.step(at(108, 108)), Step::Wait(seconds(3)));
    }

    #[test]
    fn a_command_that_was_asked_is_asked_again_next_time() {
        let mut decision = decision();
        assert_eq!(decision.step(at(106, 106)), Step::Ask);
        decision.extend(Deadline::after(at(106, 106), seconds(10)));
        assert_eq!(decision.step(at(107, 107)), Step::Wait(seconds(5)));
        assert_eq!(decision.step(at(112, 112)), Step::Ask);
        assert!(decision.ends());
    }

    #[test]
    fn nothing_revives_what_was_killed() {
        let mut decision = decision();
        assert_eq!(decision.step(at(108, 108)), Step::Kill);
        decision.extend(Deadline::after(at(108, 108), seconds(10)));
        assert_eq!(decision.step(at(108, 108)), Step::Kill);
    }

    #[test]
    fn a_loss_kills_at_once_and_for_good() {
        let mut lost = decision();
        lost.lose();
        assert_eq!(lost.step(at(100, 100)), Step::Kill);
        let mut reported = decision();
        reported.extend(Deadline::PASSED);
        reported.extend(Deadline::after(at(100, 100), seconds(10)));
        assert_eq!(reported.step(at(100, 100)), Step::Kill);
        let mut late = Decision::new(STOP, Deadline::after(at(100, 100), Duration::ZERO));
        assert_eq!(late.step(at(1, 1)), Step::Kill);
    }

    #[test]
    fn after_a_suspend_everything_is_killed_at_once() {
        // The clock that counts suspend is far ahead; no step in between was seen.
        assert_eq!(decision().step(at(5000, 101)), Step::Kill);
    }
}
