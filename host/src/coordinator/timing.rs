//! The intervals of a session: D, P, τ, K and the lease.

use std::{error, fmt, time::Duration};

/// ρ, by which the rate of a clock may be wrong, in thousandths. chrony slews by up to 8.3 %, and adjtimex(2) permits
/// 10 %.
const RATE_ERROR: u32 = 110;

/// ε, which covers the grain of the clocks.
const GRAIN: Duration = Duration::from_secs(1);

/// The longest deadline, an hour: its milliseconds fit into the name of a claim.
const LONGEST: Duration = Duration::from_secs(3600);

/// The intervals of a session.
///
/// A confirm may be lost, and the next one comes in time: max(P, τ) + 2τ + K < D, where the names are those of
/// `docs/protocol.md`. [`check`](Self::check) compares them.
///
/// ```
/// use lockhost::coordinator::Timing;
///
/// let timing = Timing::default();
/// assert!(timing.check().is_ok());
/// assert!(Timing { deadline: timing.stop, ..timing }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// D: how long an owner may act after it sent its last successful confirm.
    pub deadline: Duration,
    /// P: how long after a confirm the next one is sent, and how often an asker polls.
    pub period: Duration,
    /// τ: how long an answer is waited for.
    pub timeout: Duration,
    /// K: how long before the deadline the command is asked to end. At half of it, the command is killed.
    pub stop: Duration,
    /// How long the coordinator keeps a session without a confirm. It must not be shorter than D.
    pub lease: Duration,
}

impl Default for Timing {
    /// Returns D 10 s, P 1 s, τ 2 s, K 3 s and a lease of 12 s.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            period: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            stop: Duration::from_secs(3),
            lease: Duration::from_secs(12),
        }
    }
}

/// The error for intervals that do not fit each other. [`Timing`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTiming {
    /// An interval is shorter than a millisecond.
    Zero,
    /// The deadline is longer than an hour.
    TooLong,
    /// A confirm that is lost would end the command.
    NoTimeForLoss,
    /// The lease is shorter than the deadline.
    ShortLease,
}

impl fmt::Display for InvalidTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "an interval is shorter than a millisecond",
            Self::TooLong => "the deadline is longer than an hour",
            Self::NoTimeForLoss => {
                "the deadline must be longer than the period (or the time-out, if that is longer), two time-outs and the \
                 time to stop together"
            }
            Self::ShortLease => "the lease is shorter than the deadline",
        })
    }
}

impl error::Error for InvalidTiming {}

impl Timing {
    /// Checks that one lost confirm does not end the command, and that the lease outlasts the deadline.
    ///
    /// # Errors
    ///
    /// If the intervals do not fit each other.
    pub fn check(&self) -> Result<(), InvalidTiming> {
        let all = [
            self.deadline,
            self.period,
            self.timeout,
            self.stop,
            self.lease,
        ];
        if all.iter().any(|interval| interval.as_millis() == 0) {
            return Err(InvalidTiming::Zero);
        }
        if all.iter().any(|interval| *interval > LONGEST * 2) || self.deadline > LONGEST {
            return Err(InvalidTiming::TooLong);
        }
        if self.period.max(self.timeout) + self.timeout * 2 + self.stop >= self.deadline {
            return Err(InvalidTiming::NoTimeForLoss);
        }
        if self.lease < self.deadline {
            return Err(InvalidTiming::ShortLease);
        }
        Ok(())
    }

    /// Returns W, how long a session with the deadline D must have been seen gone: D(1 + ρ)/(1 − ρ) + ε, with ρ 0.11 and
    /// ε 1 s.
    #[must_use]
    pub fn watch(deadline: Duration) -> Duration {
        deadline * (1000 + RATE_ERROR) / (1000 - RATE_ERROR) + GRAIN
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidTiming, Timing};
    use std::time::Duration;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_usual_intervals_survive_a_lost_confirm() {
        assert_eq!(Timing::default().check(), Ok(()));
    }

    #[test]
    fn each_interval_that_does_not_fit_is_refused() {
        let usual = Timing::default();
        let cases = [
            (
                Timing {
                    period: Duration::ZERO,
                    ..usual
                },
                InvalidTiming::Zero,
            ),
            (
                Timing {
                    stop: Duration::from_micros(999),
                    ..usual
                },
                InvalidTiming::Zero,
            ),
            (
                Timing {
                    deadline: seconds(9),
                    ..usual
                },
                InvalidTiming::NoTimeForLoss,
            ),
            (
                Timing {
                    period: seconds(3),
                    ..usual
                },
                InvalidTiming::NoTimeForLoss,
            ),
            (
                Timing {
                    timeout: seconds(3),
                    ..usual
                },
                InvalidTiming::NoTimeForLoss,
            ),
            (
                Timing {
                    stop: seconds(4),
                    ..usual
                },
                InvalidTiming::NoTimeForLoss,
            ),
            (
                Timing {
                    lease: seconds(9),
                    ..usual
                },
                InvalidTiming::ShortLease,
            ),
            (
                Timing {
                    deadline: seconds(3601),
                    ..usual
                },
                InvalidTiming::TooLong,
            ),
        ];
        for (timing, expected) in cases {
            assert_eq!(timing.check(), Err(expected), "{timing:?}");
        }
    }

    #[test]
    fn a_watch_covers_clocks_that_are_wrong_both_ways() {
        let watch = Timing::watch(seconds(10));
        // The holder's clock runs at 1 − ρ, and the asker's at 1 + ρ.
        assert!(watch.as_secs_f64() > 10.0 / 0.89 * 1.11 + 0.9);
        assert!(watch < seconds(14));
    }
}
