//! The renewer's intervals, which decide how much a holder survives: P, τ, K, D and the lease.
//!
//! [`world`](crate::world) needs none of them but D and K for its promises: its processes confirm at any time. Here one
//! holder confirms by the clock, and what is promised is that it is not ended in vain. All clocks are exact.

use stateright::{Checker, HasDiscoveries, Model, Property};

/// The intervals, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// D.
    pub deadline: u8,
    /// P: a confirm is sent this long after the last one, or when its answer or time-out comes, if that is later.
    pub period: u8,
    /// τ: after it, a confirm without an answer is lost, and the next one is sent at once.
    pub timeout: u8,
    /// K.
    pub stop: u8,
    /// How long the coordinator keeps a session after a confirm.
    pub lease: u8,
    /// How many confirms, or their answers, are lost.
    pub losses: u8,
}

impl Intervals {
    /// Intervals in the order that the design demands: max(P, τ) + 2τ + K < D, and a lease of D.
    pub const RIGHT: Self = Self {
        deadline: 9,
        period: 1,
        timeout: 2,
        stop: 2,
        lease: 9,
        losses: 1,
    };
}

/// A promise about a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// The command is not asked to end.
    CommandGoesOn,
    /// The lease does not expire before the deadline.
    LeaseOutlastsDeadline,
}

/// A holder, and its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Renewal {
    /// Until the deadline.
    left: u8,
    /// Until the lease expires.
    lease: u8,
    /// Since the last confirm was sent.
    since: u8,
    /// Where the last confirm is.
    confirm: Confirm,
    losses: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Confirm {
    /// It was answered, or there is a time-out.
    Over {
        answered: bool,
    },
    Sent,
    Executed,
    Lost,
}

/// What happens to a holder or its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Tick,
    Send,
    Execute,
    Answer,
    Lose,
}

impl Renewal {
    fn may(&self, event: Event, intervals: &Intervals) -> bool {
        let under_way = matches!(self.confirm, Confirm::Sent | Confirm::Executed);
        match event {
            Event::Tick => {
                !self.may(Event::Send, intervals) && (!under_way || self.since < intervals.timeout)
            }
            Event::Send => match self.confirm {
                Confirm::Over { answered } => !answered || self.since >= intervals.period,
                _ => false,
            },
            Event::Execute => self.confirm == Confirm::Sent && self.lease > 0,
            Event::Answer => self.confirm == Confirm::Executed,
            Event::Lose => under_way && self.losses > 0,
        }
    }

    fn after(mut self, event: Event, intervals: &Intervals) -> Self {
        match event {
            Event::Tick => {
                self.left = self.left.saturating_sub(1);
                self.lease = self.lease.saturating_sub(1);
                self.since = (self.since + 1).min(intervals.deadline);
                if self.confirm == Confirm::Lost && self.since >= intervals.timeout {
                    self.confirm = Confirm::Over { answered: false };
                }
            }
            Event::Send => {
                self.confirm = Confirm::Sent;
                self.since = 0;
            }
            Event::Execute => {
                self.confirm = Confirm::Executed;
                self.lease = intervals.lease;
            }
            Event::Answer => {
                self.confirm = Confirm::Over { answered: true };
                self.left = self.left.max(intervals.deadline - self.since);
            }
            Event::Lose => {
                let over = self.since >= intervals.timeout;
                self.confirm = if over {
                    Confirm::Over { answered: false }
                } else {
                    Confirm::Lost
                };
                self.losses -= 1;
            }
        }
        self
    }
}

struct Run(Intervals);

impl Model for Run {
    type State = Renewal;
    type Action = Event;

    fn init_states(&self) -> Vec<Renewal> {
        let Intervals {
            deadline,
            lease,
            losses,
            ..
        } = self.0;
        let confirm = Confirm::Executed;
        vec![Renewal {
            left: deadline,
            lease,
            since: 0,
            confirm,
            losses,
        }]
    }

    fn actions(&self, renewal: &Renewal, events: &mut Vec<Event>) {
        let all = [
            Event::Tick,
            Event::Send,
            Event::Execute,
            Event::Answer,
            Event::Lose,
        ];
        events.extend(all.into_iter().filter(|event| renewal.may(*event, &self.0)));
    }

    fn next_state(&self, renewal: &Renewal, event: Event) -> Option<Renewal> {
        Some(renewal.after(event, &self.0))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("the command goes on", |run: &Self, renewal: &Renewal| {
                renewal.left > run.0.stop
            }),
            Property::always("the lease outlasts the deadline", |_, renewal: &Renewal| {
                renewal.lease > 0 || renewal.left == 0
            }),
        ]
    }
}

impl Survival {
    fn name(self) -> &'static str {
        match self {
            Self::CommandGoesOn => "the command goes on",
            Self::LeaseOutlastsDeadline => "the lease outlasts the deadline",
        }
    }

    /// Returns the number of states if the promise holds in all of them, and a shortest way to where it does not.
    ///
    /// # Errors
    ///
    /// If it does not hold.
    pub fn check(self, intervals: Intervals) -> Result<usize, String> {
        let checker = Run(intervals).checker();
        let checker = checker
            .finish_when(HasDiscoveries::AllOf([self.name()].into()))
            .spawn_bfs()
            .join();
        match checker.discoveries().remove(self.name()) {
            None => Ok(checker.unique_state_count()),
            Some(path) => Err(format!("{:?}", path.into_actions())),
        }
    }
}
