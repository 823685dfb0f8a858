//! The reclaim state machine, step by step as the page `docs/protocol.md` numbers them.
//!
//! The machine decides and does nothing: it asks for one [`Call`] at a time and takes the [`Reply`]. It can be cloned,
//! compared, hashed and stepped, so a model checker can visit each of its states.
//!
//! `State` lists the steps in their order, phase by phase, each with the anchor of its step on the page. The modules
//! below hold what each phase decides:
//!
//! | phase | decided in |
//! | --- | --- |
//! | look, claim | `claim` |
//! | do links work? | `probe_links` |
//! | take | `take`; a lock file is judged by [`examine`], and settles by [`settle`] |
//! | verify | `verify` |
//! | tidy, sweep | `verify`, then [`sweep`] |
//! | in each of them, a name is compared | `compare` |
//! | give up, end, wait | `finish`, then [`give_up`] |
//! | release | [`release`] |
//! | put back | [`restore`] |
//! | beside a coordinator, after its transaction | [`rivals`] |
//!
//! The whole protocol rests on one invariant, which heads the page: *a file at `name[k]` is unlinked only by its living
//! owner, or by the one holder of `name[k+1]` that has that very file open, has seen that its owner is dead, and has
//! then seen that the file is still there.*

pub mod examine;
pub mod give_up;
pub mod listing;
pub mod outcome;
pub mod release;
pub mod restore;
pub mod rivals;
pub mod settle;
pub mod sweep;

mod claim;
mod compare;
mod finish;
mod probe_links;
mod take;
mod verify;

use alloc::{string::String, vec::Vec};

use self::{
    examine::{Examine, Found},
    give_up::{GiveUp, Levels},
    outcome::{Cause, Error, Operation, Outcome, Replaced, ReplacedReason, Warning},
    settle::Settling,
    sweep::Sweep,
};
use crate::{
    call::{Call, FileId, Maker, Next, Reply},
    facts::{Datetime, ErrorCode},
    names::{Identity, Names, is_lock_name},
};

/// How often an attempt starts again because other processes interfered.
const RETRIES: u8 = 100;

/// How many claims one process can have in one directory at a time.
const ATTEMPTS: u32 = 4096;

/// How long an attempt waits in total, in milliseconds of the host's clock.
const PATIENCE: u64 = 30_000;

/// How long the owner of a missing lock file may take to put it back, in milliseconds.
const PREDECESSOR: u64 = 200;

/// How long an attempt waits for an owner whose session is gone, in milliseconds: longer than any host watches one.
const WATCH: u64 = 7_200_000;

/// How long an attempt waits for another program's reclaim, in milliseconds.
const OTHER_RECLAIM: u64 = 2_000;

/// The same for a reclaim in place that may be lockhost's: longer than a malformed file needs to settle.
const IN_PLACE_RECLAIM: u64 = 5_000;

/// The next call; `None` once the machine has ended and its end is known.
type Turn = Option<Call>;

/// Whether a file may be taken over.
enum Verdict {
    Dead(ReplacedReason),
    Held,
    Unsettled,
    /// The owner's session is gone, and is being watched.
    Watched,
}

/// The goal of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Goal {
    /// The lock.
    Lock,
    /// None but this reclaim level, which a dead process left: the attempt holds the lock, and takes the level only to
    /// drop it.
    Tidy(u8),
}

/// The reply that the machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// None: the next call of [`Machine::start`] begins with *look*, at first and after protocol.md#look-2 has waited.
    New,
    /// protocol.md#look: the attempt creates nothing before it has seen that the lock is free or its owner dead.
    Look(Look),
    /// protocol.md#claim
    Claim(Claim),
    /// protocol.md#probe-links
    ProbeLinks(ProbeLinks),
    /// protocol.md#take, and protocol.md#in-place where there are no links
    Take(Take),
    /// protocol.md#verify, and protocol.md#in-place where there are no links
    Verify(Verify),
    /// protocol.md#tidy-2: does a file stand at this reclaim level?
    Tidy(u8),
    /// protocol.md#sweep, and protocol.md#give-up-5
    Sweep(Claims),
    /// Names of ours are removed, and then this follows.
    GiveUp(Then),
    /// protocol.md#again-later: none, until [`Machine::start`] is called again.
    Wait(Wait),
    /// None: the lock is held.
    Owned,
    /// None: the attempt is over.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Look {
    /// protocol.md#look-1: the lock file is judged.
    Judge,
    /// protocol.md#look-2: does the predecessor's claim still stand?
    Predecessor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Claim {
    /// protocol.md#claim-1: the host is asked for an identity …
    Identify,
    /// … and the claim is created.
    Create,
    /// protocol.md#claim-2: the host keeps evidence on it.
    Guard,
    /// protocol.md#claim-3: the pid is written into it.
    Write,
    /// protocol.md#claim-2, or protocol.md#take-1: the claim cannot be used, and the attempt gives it up for another
    /// one.
    GiveUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ProbeLinks {
    /// protocol.md#probe-links-1: the host is asked for an identity, which will name the scratch link …
    Identify,
    /// … and the scratch link is made.
    Link(Try),
    /// protocol.md#probe-links-2: the link call was answered with this code, or done. Which file has the name?
    Compare(Try, Option<ErrorCode>),
    /// protocol.md#probe-links-3: how many names does the claim have …
    Count,
    /// … and how many the scratch link, if the claim seems to have one?
    CountScratch,
    /// protocol.md#probe-links-4: the scratch link is removed.
    Remove(Links),
    /// protocol.md#probe-links-5: links do not work. The time of the claim is noted …
    Age,
    /// … and the claim is given up.
    GiveUpClaim,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Take {
    /// protocol.md#take-1, or protocol.md#take-6: the claim is linked to the name of this level.
    Link(u8, Reclaim),
    /// … and the link failed with this code. Above the lock's name, a link reported as made counts as `Exist` until the
    /// name is compared. Which file has the name?
    Compare(u8, Reclaim, ErrorCode),
    /// protocol.md#in-place-1: instead of a link, a file is made at this level …
    Make(u8, Reclaim),
    /// … the host keeps evidence on it …
    Guard(u8, Reclaim, Probes),
    /// … and the pid is written into it.
    Write(u8, Reclaim),
    /// protocol.md#take-2 and protocol.md#take-3: the file at this level is judged.
    Judge(u8),
    /// protocol.md#take-5: it is judged again, under the reclaim lock …
    JudgeUnder(u8),
    /// … compared …
    CompareDead(u8, ReplacedReason),
    /// … and removed.
    Remove(u8, ReplacedReason),
    /// protocol.md#take-6: this process or a newcomer has linked this level. Which file has the name of the next level?
    CompareReclaim(u8, Linked),
    /// … The file is ours, and is removed.
    RemoveReclaim(u8, Linked),
    /// protocol.md#settle-1: the file at this level is malformed. How old is our claim?
    Age(u8, Reclaim),
    /// protocol.md#settle-2: the file at this level is kept open while it settles.
    Keep(u8),
}

/// The steps of *verify*. `k` is the level of our own file; the machine judges `name[k+1]`, which may have to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Verify {
    /// protocol.md#verify-1, or protocol.md#in-place-2: `name[k]` is ours, and `name[k+1]` is judged.
    Judge(u8),
    /// protocol.md#settle-1: `name[k+1]` is malformed. How old is our claim?
    Age(u8),
    /// protocol.md#settle-2: `name[k+1]` is kept open while it settles.
    Keep(u8),
    /// protocol.md#verify-2, or protocol.md#in-place-3: which file has `name[k]`?
    Compare(u8),
}

/// Whether this process holds `name[k+1]`, the reclaim lock, while it works at `name[k]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reclaim {
    /// It does not: *take*, steps 1 to 4.
    NotHeld,
    /// It does: *take*, steps 5 and 6.
    Held,
}

/// Which process linked its claim in *take*, step 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Linked {
    /// This one.
    Ours,
    /// A newcomer.
    Newcomers,
}

/// The number of a try to link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Try {
    First,
    Second,
}

/// How often a probe kept a file from being guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Probes(u8);

/// The result of a scratch link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Links {
    /// Links work.
    Work,
    /// They do not.
    Lack,
    /// It is unknown.
    Failed(Operation, ErrorCode),
}

/// The claims of dead owners to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Claims {
    /// protocol.md#sweep: those of the owners whose files were replaced, and those chosen from the directory. The lock
    /// is held.
    Listed,
    /// protocol.md#tidy-3: the same once more, when reclaim locks that were left over are gone.
    Tidied,
    /// protocol.md#give-up-5: those of the owners whose files this attempt removed. The attempt is over.
    Replaced,
}

/// The step that follows once names are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    /// protocol.md#give-up: the attempt ends, with the outcome in [`Machine::end`].
    End,
    /// protocol.md#again-1: it waits until the file at this level has settled.
    Settle(u8),
    /// … or until the session of its owner was watched for long enough.
    Watch(u8),
    /// protocol.md#tidy-2: the next reclaim level that may be left over.
    Tidy,
}

/// The event that the attempt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wait {
    /// A malformed file settles, or an owner's session is watched.
    Settle,
    /// No process holds `name[k+1]`; `name[k]` is ours.
    OtherReclaim(u8),
}

/// One attempt, and then the lock that it acquired.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    names: Names,
    assume_dead: Option<String>,
    /// The owner whose end this attempt waited for.
    predecessor: Option<Identity>,
    state: State,
    goal: Goal,
    attempt: u32,
    retries: u8,
    now: u64,
    maker: Option<Maker>,
    /// Our claim.
    own: FileId,
    /// The time of our claim, once asked for.
    born: Option<Option<Datetime>>,
    scratch: Option<Identity>,
    /// The level at which a link of our claim was denied, and the reason; a scratch link decides what follows.
    denied: Option<(u8, ErrorCode)>,
    /// Whether the file system lacks hard links: then there is no claim, and a file of its own at each level.
    in_place: bool,
    /// The levels at which our claim, or a file of ours, may have a name.
    levels: Levels,
    /// The level of a file that was made in place and that another process may be about to remove: it was empty for a
    /// while.
    unsure: Option<u8>,
    /// Whether another process linked while this attempt held the reclaim lock.
    overtaken: bool,
    examine: Examine,
    give_up: GiveUp,
    sweep: Sweep,
    settling: Settling,
    /// Since when the attempt waits for another program's reclaim; the inner value as in [`Settling`].
    other: Option<Option<u64>>,
    /// Whether dead owners' files were seen or removed, so there is something to sweep.
    litter: bool,
    /// The claims of the owners whose files were removed.
    victims: Vec<(Identity, FileId)>,
    replaced: Vec<Replaced>,
    warnings: Vec<Warning>,
    /// Whether the lock file was removed and cannot be put back.
    lost: bool,
    /// The host's message, when it refused.
    refused: String,
    /// The outcome of the last turn; `Ok` is the lock.
    end: Outcome,
}

impl Machine {
    /// Creates an attempt at the lock of this name. If `assume_dead` is given, the attempt may take over from exactly
    /// that owner, even if the host cannot know whether it is dead.
    #[must_use]
    pub fn new(lock: String, assume_dead: Option<String>) -> Self {
        Self {
            names: Names::new(lock),
            assume_dead,
            predecessor: None,
            state: State::New,
            goal: Goal::Lock,
            attempt: 0,
            retries: 0,
            now: 0,
            maker: None,
            own: FileId::default(),
            born: None,
            scratch: None,
            denied: None,
            in_place: false,
            levels: Levels::default(),
            unsure: None,
            overtaken: false,
            examine: Examine::default(),
            give_up: GiveUp::default(),
            sweep: Sweep::default(),
            settling: Settling::default(),
            other: None,
            litter: false,
            victims: Vec::new(),
            replaced: Vec::new(),
            warnings: Vec::new(),
            lost: false,
            refused: String::new(),
            end: Err(Error::without_file(Cause::Ended)),
        }
    }

    /// Names the owner whose end was waited for before this attempt. Has no effect if `owner` is not an identity.
    pub fn succeed(&mut self, owner: &str) {
        self.predecessor = Identity::new(owner);
    }

    /// Returns the names of the lock's files.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the file that is the lock, if the lock is held.
    #[must_use]
    pub fn own(&self) -> Option<FileId> {
        self.levels.get(0)
    }

    /// Returns whether the attempt has ended without holding the lock.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Begins the attempt, or goes on after [`Cause::Again`]. `elapsed` is the time since the attempt began, in
    /// milliseconds.
    pub fn start(&mut self, elapsed: u64) -> Next<Outcome> {
        self.now = self.now.max(elapsed);
        self.settling.resume(self.now);
        if let Some(since) = &mut self.other {
            since.get_or_insert(self.now);
        }
        let turn = match self.state {
            State::New if !is_lock_name(self.names.lock()) => {
                self.stop(Error::at(0, Cause::BadName))
            }
            State::New => self.examine(State::Look(Look::Judge), 0),
            State::Wait(Wait::Settle) => self.link(0),
            State::Wait(Wait::OtherReclaim(level)) => self.judge_reclaim_beside(level),
            _ => self.stop(Error::without_file(Cause::Ended)),
        };
        self.next(turn)
    }

    /// Goes on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Outcome> {
        let turn = self.turn(reply);
        self.next(turn)
    }

    /// Returns how the lock was acquired.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report {
            maker: self.maker.as_ref(),
            claimed: !self.in_place,
            replaced: &self.replaced,
            warnings: &self.warnings,
        }
    }

    /// Returns the file that was examined last: the holder's, if the attempt was refused.
    #[must_use]
    pub fn found(&self) -> &Found {
        self.examine.found()
    }

    /// Returns the host's message, if it refused.
    #[must_use]
    pub fn refused(&self) -> &str {
        &self.refused
    }

    fn next(&self, turn: Turn) -> Next<Outcome> {
        match turn {
            Some(call) => Next::Call(call),
            None => Next::End(self.end),
        }
    }

    fn turn(&mut self, reply: Reply) -> Turn {
        match self.state {
            State::Look(Look::Judge)
            | State::Take(Take::Judge(_) | Take::JudgeUnder(_))
            | State::Verify(Verify::Judge(_)) => self.judging(reply),
            State::Look(Look::Predecessor) => self.predecessor_seen(reply),

            State::Claim(Claim::Identify) => self.identified(reply),
            State::Claim(Claim::Create) => self.created(reply),
            State::Claim(Claim::Guard) => self.claim_guarded(reply),
            State::Claim(Claim::Write) => self.claim_written(reply),
            State::Claim(Claim::GiveUp) | State::ProbeLinks(ProbeLinks::GiveUpClaim) => {
                let call = self.give_up.reply(reply);
                self.claim_given_up(call)
            }

            State::ProbeLinks(ProbeLinks::Identify) => self.scratch_identified(reply),
            State::ProbeLinks(ProbeLinks::Link(time)) => self.scratch_linked(time, reply),
            State::ProbeLinks(ProbeLinks::Compare(time, code)) => {
                self.scratch_compared(time, code, reply)
            }
            State::ProbeLinks(ProbeLinks::Count) => self.claim_counted(reply.stat()),
            State::ProbeLinks(ProbeLinks::CountScratch) => self.scratch_counted(reply.stat()),
            State::ProbeLinks(ProbeLinks::Remove(links)) => self.scratch_removed(links, reply),
            State::ProbeLinks(ProbeLinks::Age) => self.without_links(reply),

            State::Take(Take::Link(level, reclaim)) => self.linked(level, reclaim, reply),
            State::Take(Take::Compare(level, reclaim, code)) => {
                self.link_compared(level, reclaim, code, reply)
            }
            State::Take(Take::Make(level, reclaim)) => self.made(level, reclaim, reply),
            State::Take(Take::Guard(level, reclaim, probes)) => {
                self.made_guarded(level, reclaim, probes, reply)
            }
            State::Take(Take::Write(level, reclaim)) => self.made_written(level, reclaim, reply),
            State::Take(Take::CompareDead(level, reason)) => {
                self.dead_compared(level, reason, reply)
            }
            State::Take(Take::Remove(level, reason)) => self.removed(level, reason, reply),
            State::Take(Take::CompareReclaim(level, linked)) => {
                self.reclaim_compared(level, linked, reply)
            }
            State::Take(Take::RemoveReclaim(level, linked)) => match reply.done() {
                Ok(()) | Err(ErrorCode::NoEntry) => self.reclaim_dropped(level, linked),
                Err(code) => self.fail_at(Operation::Remove, level + 1, code),
            },
            State::Take(Take::Age(level, reclaim)) => {
                self.aged(reply);
                self.judge(level, reclaim)
            }
            State::Take(Take::Keep(level)) => self.give_up_reclaims(Then::Settle(level)),

            State::Verify(Verify::Age(level)) => {
                self.aged(reply);
                self.judge_beside(level)
            }
            State::Verify(Verify::Keep(level)) => self.wait_for_reclaim(level, None),
            State::Verify(Verify::Compare(level)) => self.verified(level, reply),

            State::Tidy(level) => self.leftover(level, reply),
            State::Sweep(claims) => {
                let call = self.sweep.reply(reply);
                self.swept(claims, call)
            }
            State::GiveUp(then) => {
                let call = self.give_up.reply(reply);
                self.given_up(then, call)
            }
            State::New | State::Wait(_) | State::Owned | State::Ended => {
                self.stop(Error::without_file(Cause::Ended))
            }
        }
    }

    fn call(&mut self, state: State, call: Call) -> Turn {
        self.state = state;
        Some(call)
    }

    fn examine(&mut self, state: State, level: u8) -> Turn {
        let evidence = self.maker.map(|maker| maker.evidence);
        let call = self.examine.begin(level, evidence);
        self.call(state, call)
    }

    /// Examines a lock file (protocol.md#judging-a-lock-file), in the step of the current state.
    fn judging(&mut self, reply: Reply) -> Turn {
        // The examination asks for the maker in *look*, before there is a claim.
        if let (Reply::Maker(maker), State::Look(_)) = (&reply, self.state)
            && self.examine.asks_who_we_are()
        {
            self.maker = Some(*maker);
        }
        match (self.examine.reply(reply), self.state) {
            (Next::Call(call), _) => Some(call),
            (Next::End(seen), State::Take(Take::Judge(level))) => {
                self.seen(level, Reclaim::NotHeld, seen)
            }
            (Next::End(seen), State::Take(Take::JudgeUnder(level))) => {
                self.seen(level, Reclaim::Held, seen)
            }
            (Next::End(seen), State::Verify(Verify::Judge(level))) => self.seen_beside(level, seen),
            (Next::End(seen), _) => self.looked(seen),
        }
    }
}

/// How a lock was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// The owner.
    pub maker: Option<&'a Maker>,
    /// Whether the lock is a claim under a second name. Otherwise it was made in place.
    pub claimed: bool,
    /// The files that were removed to acquire it, in that order.
    pub replaced: &'a [Replaced],
    /// The clean-up that failed without failing the attempt.
    pub warnings: &'a [Warning],
}

/// Returns whether an owner sweeps without a cause: one identity in 64 does (by its FNV-1a hash), each for good.
#[must_use]
pub fn sweeps_unasked(identity: &Identity) -> bool {
    let hash = identity
        .as_str()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    (hash >> 16).is_multiple_of(64)
}

#[cfg(test)]
mod tests;
