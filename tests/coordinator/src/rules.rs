//! The rules of the protocol, each of which a run can leave out.

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An owner whose session is gone is dead only after W.
    Wait,
    /// W has the factor (1 + ρ)/(1 − ρ).
    WaitHasRates,
    /// W has ε.
    WaitHasEpsilon,
    /// W is counted from the answer *gone*, and not from the question.
    WaitFromAnswer,
    /// The deadline is counted from the time at which the confirm was sent.
    DeadlineFromSending,
    /// The coordinator has one key for each directory.
    Key,
    /// The key is compared and put in one transaction.
    KeyInTransaction,
    /// The transaction requires that the key is absent or names the session that was judged.
    JudgedCompared,
    /// The transaction requires that the newcomer's own session is there.
    OwnSessionCompared,
    /// An owner of another incarnation is unknown.
    Incarnation,
    /// A revision below the last one seen is no success, and voids a wait.
    Revision,
    /// A confirm requires that the directory's key names the holder's session.
    KeyConfirmed,
    /// A newcomer at a free lock judges the session that the key names.
    KeyJudged,
    /// The question about the key's session reads the key as well: another session may have it now, or none.
    KeyReadAgain,
    /// The command starts only while it is not yet time to end it.
    StartChecked,
    /// A second process, the deadman, kills the command when it is time.
    Deadman,
    /// A holder that finds its session gone kills its command.
    LossKills,
    /// The command is reaped before anything is released.
    CommandEndsFirst,
    /// The session is deleted after everything else.
    SessionLast,
    /// The deadman kills at deadline − K/2, and not at the deadline. The design page leaves open which.
    DeadmanLeavesTime,
    /// Not on the design page: the kernel kills the command with the deadman, all of it.
    CommandDiesWithDeadman,
    /// Not on the design page: a confirm is sent and answered before the deadline, or the attempt is over.
    NoRevival,
    /// Not on the design page: the first *gone* is a transaction that marks the asker's own session, and the transaction
    /// for the key requires this mark, and that the judged session is absent.
    Mark,
    /// Not on the design page: after its transaction a newcomer lists the directory, and waits W while the claim of
    /// another session is there that it has not judged. Another incarnation's claim is unknown.
    ClaimsListed,
    /// Not on the design page, and lockhost does not follow it: the directory keeps the highest token, and a new token is
    /// above it.
    TokenKept,
    /// Not on the design page: a timer of the kernel wakes or kills the deadman when that has to kill, also one that is stopped
    /// or frozen.
    TimerKills,
}

/// A set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules(u32);

impl Rules {
    /// The rules of the design page, and those that the model has shown to be missing.
    pub const MENDED: Self = Self(u32::MAX);

    /// Returns the rules of the design page alone.
    pub fn of_the_page() -> Self {
        [
            Rule::CommandDiesWithDeadman,
            Rule::TimerKills,
            Rule::NoRevival,
            Rule::Mark,
            Rule::ClaimsListed,
            Rule::TokenKept,
        ]
        .into_iter()
        .fold(Self::MENDED, Self::without)
    }

    /// Returns the rules that lockhost follows. It keeps no token in the directory: after a restore, tokens may be those of
    /// earlier owners.
    pub fn of_lockhost() -> Self {
        Self::MENDED.without(Rule::TokenKept)
    }

    /// Returns the set without this rule.
    pub fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u32))
    }

    /// Returns the set with this rule.
    pub fn with(self, rule: Rule) -> Self {
        Self(self.0 | 1 << rule as u32)
    }

    /// Returns whether the rule is in the set.
    pub fn has(self, rule: Rule) -> bool {
        self.0 & 1 << rule as u32 != 0
    }
}
