//! One machine: a process that asks, acquires, renews and releases; its deadman; its command.

use crate::sessions::Session;

/// A machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Machine {
    /// The step at which the process is.
    pub at: At,
    /// Attempts that it has begun.
    pub attempts: u8,
    /// The session of this attempt, and its incarnation.
    pub session: Option<(Session, u8)>,
    /// The owner that it has judged, or is judging.
    pub judged: Option<Session>,
    /// How long it has waited, by its own clock.
    pub waited: u8,
    /// How long it may act, by its own clock: until the deadline.
    pub left: u8,
    /// The request that it has sent and has no answer to.
    pub request: Request,
    /// The token of this attempt.
    pub token: u8,
    /// The last revision that it has seen.
    pub seen: u8,
    /// A transaction that it has given up waiting for, which the coordinator has yet to execute: the session, and the one
    /// that was judged.
    pub late: Option<(Session, Option<Session>)>,
    /// The command.
    pub command: Command,
    /// The deadman.
    pub deadman: Guard,
    /// The renewer in its part as a guard: one that is stopped takes no step and kills nothing.
    pub renewer: Guard,
    /// Whether the machine is paused, or all processes of the lock and of its command are frozen.
    pub paused: bool,
    /// Whether its requests go to the second coordinator.
    pub redirected: bool,
}

/// The step at which a process is.
///
/// A process may stay at a step for as long as time goes on: so it is slow, paused, or waits for an answer that is late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum At {
    /// Before an attempt, or after the last one.
    #[default]
    Idle,
    /// About to read `N`.
    Look,
    /// Has asked whether the judged session is there. Only without [`Rule::WaitFromAnswer`](crate::rules::Rule): with it,
    /// a late answer is a late question.
    Observing,
    /// Has seen the session of the file at `N` gone, and waits.
    Watch,
    /// The owner is dead. About to compare `N` with its file.
    Compare,
    /// About to unlink `N`.
    Unlink,
    /// About to link its claim.
    Link,
    /// About to send the transaction, or waits for its answer.
    Transact,
    /// The key names another session. About to ask whether that is there.
    JudgeKey,
    /// Has seen the key's session gone, and waits, with its own file at `N`.
    WatchKey,
    /// Has the key. About to compare `N` with its own file.
    Verify,
    /// About to list the claims.
    List,
    /// Waits because another session's claim is there.
    Await,
    /// About to start the command.
    Start,
    /// The command runs, or is being reaped.
    Hold,
    /// Releases: about to compare `N` with its own file.
    ReleaseCompare,
    /// Releases: about to unlink `N`.
    ReleaseUnlink,
    /// Releases: about to delete the key if it names its session.
    ReleaseKey,
    /// Releases: about to delete its session.
    ReleaseSession,
    /// The process is dead.
    Dead,
}

/// A request to the coordinator whose success extends the time to act: the transaction, or a confirm.
///
/// Its answer arrives when it is executed. One that arrives later changes nothing: the deadline is counted from the
/// sending, so a process that has its answer and is slow is in the same state. For the same reason a confirm that is lost
/// is one that was never sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Request {
    /// None is under way.
    #[default]
    None,
    /// It was sent. If it succeeds, this much of D will be left.
    Sent(u8),
    /// The transaction has compared, and has yet to put. Only without
    /// [`Rule::KeyInTransaction`](crate::rules::Rule).
    Compared(u8),
    /// It has succeeded, and the answer is under way. Only without
    /// [`Rule::DeadlineFromSending`](crate::rules::Rule).
    Answered,
}

/// A command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Command {
    /// There is none, or all of it is reaped.
    #[default]
    None,
    /// It runs.
    Running,
    /// It was killed, and acts for at most this much longer, by the machine's clock.
    Dying(u8),
    /// All of it that could be killed is reaped, and a descendant acts on.
    Escaped,
    /// All of it is reaped, and the kernel has yet to write a page.
    DirtyPage,
}

/// A process that kills the command in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Guard {
    /// It runs, or there is nothing to guard yet.
    #[default]
    Up,
    /// It is stopped.
    Stopped,
    /// It is dead, or was never started.
    Dead,
}

impl Machine {
    /// Returns whether a process of its command can write to the directory now.
    pub fn acts(&self) -> bool {
        let runs = matches!(
            self.command,
            Command::Running | Command::Dying(_) | Command::Escaped
        );
        runs && !self.paused
    }

    /// Returns whether its process can take a step.
    pub fn runs(&self) -> bool {
        !self.paused && self.renewer == Guard::Up && self.at != At::Dead
    }

    /// Returns whether its process counts the time that it waits.
    pub fn waits(&self) -> bool {
        matches!(
            self.at,
            At::Observing | At::Watch | At::WatchKey | At::Await
        )
    }

    /// Ends an attempt.
    pub fn end_attempt(&mut self) {
        *self = Self {
            attempts: self.attempts,
            late: self.late,
            command: self.command,
            renewer: self.renewer,
            paused: self.paused,
            redirected: self.redirected,
            ..Self::default()
        };
    }

    /// Goes to another step, and forgets what only the last one needed.
    pub fn go(&mut self, at: At) {
        if at == At::Look || at == At::ReleaseCompare {
            self.judged = None;
        }
        self.at = at;
        if !self.waits() {
            self.waited = 0;
        }
    }

    /// Begins to release.
    pub fn release(&mut self) {
        self.request = Request::None;
        self.left = 0;
        self.token = 0;
        self.go(At::ReleaseCompare);
    }
}
