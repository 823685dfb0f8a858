//! The reclaim state machine.
//!
//! A value that decides and does nothing: it asks for one [`Call`] at a time and is told the [`Reply`]. It can be
//! cloned, compared, hashed and stepped, so that whoever wants to know whether two owners can ever be can look at
//! every state it can be in.
//!
//! The sentence on which everything rests: *a file at a level's name is unlinked only by its living owner, or by the
//! one holder of the next level's name that has that very file open, has seen that its owner is dead, and then that
//! it is still there.* A dead owner does nothing any more, so what was seen stays true. At every level there is at
//! most one holder, by induction from the deepest level in use, which holds no dead file and is plain exclusion by
//! link(2).

mod claim;
mod end;
mod own;
mod scratch;
mod take;

use alloc::{string::String, vec::Vec};

use crate::{
    call::{Call, FileId, Maker, Next, Ours, Reply},
    contract::{Datetime, Error, ErrorCode, Operation, ReplacedReason, Report},
    dropping::{Dropping, Levels},
    examine::{Examine, Look, Seen},
    lockfile::{Identity, Name, Names, is_lock_name},
    release::{Release, Released},
    settle::Settling,
    stop::{Replaced, Stop, Warning},
    sweep::Sweep,
};

/// How often an attempt goes back because others came in between.
const RETRIES: u8 = 100;

/// How many claims of one process in one directory can be at a time.
const ATTEMPTS: u32 = 4096;

/// How long an attempt waits in all, in milliseconds of the host's clock.
const PATIENCE: u64 = 30_000;

/// How long the owner of a lock file that is gone may take to put it back, in milliseconds.
const PREDECESSOR: u64 = 200;

/// How long another program's reclaim is waited for, in milliseconds.
const OTHER_RECLAIM: u64 = 2_000;

/// The same for one that may be of ours, made in place: longer than a file needs to settle that names nobody.
const IN_PLACE_RECLAIM: u64 = 5_000;

/// What an attempt comes to; `Ok` is the lock, of which [`Machine::report`] tells.
pub type Outcome = Result<(), Error>;

/// The next call; `None` once the machine has come to an end, and knows which.
type Turn = Option<Call>;

/// Whether a file may be taken over.
enum Verdict {
    Dead(ReplacedReason),
    Held,
    Unsettled,
}

/// What the attempt is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Goal {
    /// The lock.
    Lock,
    /// It has the lock, and takes this reclaim level only to drop it again, because a dead process left it.
    Tidy(u8),
}

/// Which reply the machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// None: nothing has happened yet.
    New,
    /// *look*: nothing is created before the lock is seen to be free or dead.
    Look,
    /// It is free, and the claim of the owner that this attempt succeeds may still stand.
    Predecessor,
    /// *claim*
    Current(Purpose),
    Create,
    /// Of the claim, or of what was made in place; whether that is step 6, under the next level's name; and how often a
    /// probe was in the way already.
    Guard(Ours, bool, u8),
    Write(Ours, bool),
    /// The claim is given up, for another one or for none.
    Unclaim(Purpose),
    /// *without hard links*: does a second name of the claim show as the same file?
    /// Whether it is tried again.
    ScratchLink(bool),
    ScratchCompare(bool, Option<ErrorCode>),
    /// … and does the claim have two names then?
    ScratchCount,
    ScratchRemove(Links),
    /// The claim tells how old it is before it goes.
    Born,
    /// *take*, steps 1 to 3, and the link of step 6, under the next level's name.
    Link(u8, bool),
    LinkFailed(u8, bool, ErrorCode),
    /// The same without links.
    Make(u8, bool),
    Judge(u8),
    /// *take*, steps 5 and 6: the next level is ours.
    Under(u8),
    SecondLook(u8, ReplacedReason),
    Remove(u8, ReplacedReason),
    /// The level above goes, now that this one is linked, or is somebody's.
    Above(u8, bool),
    RemoveAbove(u8, bool),
    /// A file that names nobody needs our claim's age, once.
    Age(u8, bool),
    AgeOther(u8),
    /// It is kept open while it settles.
    Keep(u8),
    KeepOther(u8),
    /// *beside the original*, and *without hard links*: the name at this level is ours, and somebody may be about to
    /// remove it who does not know that.
    Other(u8),
    /// Nobody is replacing it: is it still ours?
    Verify(u8),
    /// Which reclaim levels are left over?
    Leftover(u8),
    Sweep,
    /// The attempt is over, but for the claims of those whose files it removed.
    Bury,
    Dropping(After),
    /// None, until [`Machine::start`] is called again.
    WaitSettle,
    WaitOther(u8),
    /// None: the lock is held.
    Owned,
    /// None: the attempt is over.
    Ended,
}

/// What the host is asked for an identity for, and what a claim is given up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Purpose {
    /// A claim.
    Claim,
    /// A scratch link; files that are made in place.
    Scratch,
}

/// What a scratch link showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Links {
    /// Links work.
    Work,
    /// They do not.
    Lack,
    /// It cannot be told.
    Failed(Operation, ErrorCode),
}

/// What happens once names are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum After {
    /// The attempt ends, as [`Machine::end`] says.
    End,
    /// It waits until the file at this level has settled.
    Wait(u8),
    /// The next leftover level, if any.
    Tidy,
}

/// One attempt, and then the lock that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    names: Names,
    assume_dead: Option<String>,
    /// Whose end was waited for.
    predecessor: Option<Identity>,
    state: State,
    goal: Goal,
    attempt: u32,
    retries: u8,
    now: u64,
    maker: Option<Maker>,
    /// Our claim.
    own: FileId,
    /// When our claim was made, once that was asked.
    born: Option<Option<Datetime>>,
    scratch: Option<Identity>,
    /// The level at which a link of our claim was denied, and the reason, where a scratch link decides what follows.
    denied: Option<(u8, ErrorCode)>,
    /// There are no hard links here: no claim, and a file of its own at each level.
    in_place: bool,
    /// The levels at which our claim, or a file of ours, may have a name.
    levels: Levels,
    /// The level of a file that was made in place and that somebody may be about to remove: it was empty for a while.
    unsure: Option<u8>,
    /// Somebody linked in between, while this attempt held the reclaim lock.
    overtaken: bool,
    examine: Examine,
    dropping: Dropping,
    sweep: Sweep,
    settling: Settling,
    /// Since when another program's reclaim is waited for; the inner value as in [`Settling`].
    other: Option<Option<u64>>,
    /// Dead files were seen or removed, so there is something to sweep.
    litter: bool,
    /// The claims of those whose files were removed.
    victims: Vec<(Identity, FileId)>,
    replaced: Vec<Replaced>,
    warnings: Vec<Warning>,
    /// The lock file was removed, and cannot be put back.
    lost: bool,
    /// The host's sentence, when it refused.
    refused: String,
    /// What the last turn ended with; `Ok` is the lock.
    end: Result<(), Stop>,
}

impl Machine {
    /// An attempt at the lock of this name, which takes over from exactly `assume_dead`, if that is given, though
    /// nobody can tell that this owner is dead.
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
            dropping: Dropping::default(),
            sweep: Sweep::default(),
            settling: Settling::default(),
            other: None,
            litter: false,
            victims: Vec::new(),
            replaced: Vec::new(),
            warnings: Vec::new(),
            lost: false,
            refused: String::new(),
            end: Err(Stop::Ended),
        }
    }

    /// Says whose end was waited for before this attempt. It is without effect if that is no identity.
    pub fn succeed(&mut self, owner: &str) {
        self.predecessor = Identity::new(owner);
    }

    /// The names of the lock's files.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The file that is the lock, where that is held.
    #[must_use]
    pub fn own(&self) -> Option<FileId> {
        self.levels.get(0)
    }

    /// Whether the attempt came to an end, and holds nothing.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Begin the attempt, or go on after [`Cause::Again`](crate::contract::Cause::Again). `elapsed` is how long ago it
    /// began, in milliseconds.
    pub fn start(&mut self, elapsed: u64) -> Next<Outcome> {
        self.now = self.now.max(elapsed);
        self.settling.resume(self.now);
        if let Some(since) = &mut self.other {
            since.get_or_insert(self.now);
        }
        let turn = match self.state {
            State::New if !is_lock_name(&self.names.level(0)) => self.stop(Stop::BadName),
            State::New => self.examine(State::Look, 0),
            State::WaitSettle => self.link(0),
            State::WaitOther(level) => self.look_for_other(level),
            _ => self.stop(Stop::Ended),
        };
        self.next(turn)
    }

    /// Go on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Outcome> {
        let turn = self.turn(reply);
        self.next(turn)
    }

    /// Give the lock, or the attempt, up: the names, the claim, the evidence.
    #[must_use]
    pub fn release(&mut self) -> (Release, Next<Released>) {
        let held = matches!(self.state, State::Owned);
        let claim = self.claim();
        let call = self
            .dropping
            .begin(self.levels, self.unsure, self.own, claim);
        self.dropping.lost = self.lost;
        let release = Release {
            names: self.names.clone(),
            held,
            dropping: self.dropping,
        };
        self.state = State::Ended;
        let next = release.next(call);
        (release, next)
    }

    /// How the lock was got.
    #[must_use]
    pub fn report(&self) -> Report {
        let maker = self.maker.as_ref();
        Report {
            file: self.names.level(0),
            pid: maker.map_or(0, |maker| maker.pid),
            identity: maker.map_or("", |maker| maker.identity.as_str()).into(),
            claimed: !self.in_place,
            evidence: maker.is_some_and(|maker| maker.evidence),
            replaced: self
                .replaced
                .iter()
                .map(|it| it.tell(&self.names))
                .collect(),
            warnings: self
                .warnings
                .iter()
                .map(|it| it.tell(&self.names))
                .collect(),
        }
    }

    fn next(&self, turn: Turn) -> Next<Outcome> {
        match (turn, &self.end) {
            (Some(call), _) => Next::Call(call),
            (None, Ok(())) => Next::End(Ok(())),
            (None, Err(stop)) => {
                Next::End(Err(stop.tell(&self.names, self.found(), &self.refused)))
            }
        }
    }

    fn turn(&mut self, reply: Reply) -> Turn {
        match self.state {
            State::Look | State::Judge(_) | State::Under(_) | State::Other(_) => {
                // Asked for the sake of the look, before there is a claim.
                if let (Reply::Maker(maker), State::Look) = (&reply, self.state) {
                    self.maker = Some(*maker);
                }
                match self.examine.reply(reply) {
                    Look::Call(call) => Some(call),
                    Look::Over(seen) => self.seen(seen),
                }
            }
            State::Predecessor => self.predecessor_seen(reply),
            State::Current(purpose) => self.introduced(purpose, reply),
            State::Create => self.created(reply),
            State::Guard(file, under, probed) => self.guarded(file, under, probed, reply),
            State::Write(file, under) => self.written(file, under, reply),
            State::Unclaim(purpose) => {
                let call = self.dropping.reply(reply);
                self.unclaiming(purpose, call)
            }
            State::ScratchLink(again) => self.scratch_linked(again, reply),
            State::ScratchCompare(again, code) => self.scratch_compared(again, code, reply),
            State::ScratchCount => self.scratch_counted(reply),
            State::ScratchRemove(links) => self.scratch_removed(links, reply),
            State::Born => self.without_links(reply),
            State::Link(level, under) => self.linked(level, under, reply),
            State::LinkFailed(level, under, code) => self.not_linked(level, under, code, reply),
            State::Make(level, under) => self.made(level, under, reply),
            State::SecondLook(level, reason) => self.second_look(level, reason, reply),
            State::Remove(level, reason) => self.removed(level, reason, reply),
            State::Above(level, linked) => self.above(level, linked, reply),
            State::RemoveAbove(level, linked) => match reply.done() {
                Ok(()) | Err(ErrorCode::NoEntry) => self.above_dropped(level, linked),
                Err(code) => self.fail_at(Operation::Remove, level + 1, code),
            },
            State::Age(level, under) => {
                self.aged(reply);
                self.judge(level, under)
            }
            State::AgeOther(level) => {
                self.aged(reply);
                self.judge_other(level)
            }
            State::KeepOther(level) => self.wait_for_other(level, None),
            State::Keep(level) => self.drop_reclaims(After::Wait(level)),
            State::Verify(level) => self.verified(level, reply),
            State::Leftover(level) => self.leftover(level, reply),
            State::Sweep => match self.sweep.reply(reply) {
                Some(call) => Some(call),
                None => {
                    self.warn(self.sweep.failure);
                    if self.sweep.partial {
                        self.warnings.push(Warning::Unswept);
                    }
                    self.owned()
                }
            },
            State::Bury => match self.sweep.reply(reply) {
                Some(call) => Some(call),
                None => self.ended(),
            },
            State::Dropping(after) => {
                let call = self.dropping.reply(reply);
                self.dropped(after, call)
            }
            State::New | State::WaitSettle | State::WaitOther(_) | State::Owned | State::Ended => {
                self.stop(Stop::Ended)
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

    fn compare(&mut self, state: State, level: u8) -> Turn {
        let name = Name::Level(level);
        self.call(state, Call::Id { name })
    }

    /// Whether a reply says that the name at a level is our own file's.
    fn is_own(&self, level: u8, id: Result<FileId, ErrorCode>) -> bool {
        id.is_ok_and(|id| self.levels.get(level) == Some(id))
    }

    fn seen(&mut self, seen: Seen) -> Turn {
        match self.state {
            State::Look => self.looked(seen),
            State::Judge(level) => self.seen_at(level, false, seen),
            State::Under(level) => self.seen_at(level, true, seen),
            State::Other(level) => self.other_seen(level, seen),
            _ => self.stop(Stop::Ended),
        }
    }
}

/// Whether an owner sweeps without a cause: one identity in 64 does (by its FNV-1a hash), each for good.
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
mod dialogue;
