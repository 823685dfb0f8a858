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

use alloc::{string::String, vec::Vec};

use crate::{
    call::{Call, FileId, Maker, Next, Reply},
    contract::{
        AliveReason, Awaited, Datetime, Error, ErrorCode, Liveness, Occupation, Operation,
        ReleaseError, ReplacedReason, Report,
    },
    dropping::{Dropping, Levels},
    examine::{Examine, Found, Look, Seen},
    lockfile::{DEEPEST, Identity, Name, Names, is_lock_name},
    settle::Settling,
    stop::{Failure, Replaced, Stop, Warning},
    sweep::Sweep,
};

/// How often an attempt goes back because others came in between.
const RETRIES: u8 = 100;

/// How many claims of one process in one directory can be at a time.
const ATTEMPTS: u32 = 4096;

/// How long an attempt waits in all, in milliseconds of the host's clock.
const PATIENCE: u64 = 30_000;

/// How long another program's reclaim is waited for, in milliseconds.
const OTHER_RECLAIM: u64 = 2_000;

/// What an attempt comes to; `Ok` is the lock, of which [`Machine::report`] tells.
pub type Outcome = Result<(), Error>;

/// What a release comes to.
pub type Released = Result<(), ReleaseError>;

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
    /// *claim*
    Current,
    Create,
    Guard,
    Write,
    /// A claim that cannot be used is given up for another one.
    Renew,
    /// *take*, steps 1 to 3.
    Link(u8),
    LinkFailed(u8, ErrorCode),
    Judge(u8),
    /// *take*, steps 5 and 6: the next level is ours.
    Under(u8),
    SecondLook(u8, ReplacedReason),
    Remove(u8, ReplacedReason),
    Relink(u8),
    RelinkFailed(u8, ErrorCode),
    /// The level above goes, now that this one is linked, or is somebody's.
    Above(u8, bool),
    RemoveAbove(u8, bool),
    /// A file that names nobody needs our claim's age, once.
    Age(u8, bool),
    AgeOther,
    /// It is kept open while it settles.
    Keep(u8),
    /// *beside the original*
    Other,
    /// The lock is linked, and nobody is replacing it: is it still ours?
    Verify,
    /// Which reclaim levels are left over?
    Leftover(u8),
    Sweep,
    /// The attempt is over, but for the claims of those whose files it removed.
    Bury,
    Dropping(After),
    /// None, until [`Machine::start`] is called again.
    WaitSettle,
    WaitOther,
    /// None: the lock is held.
    Owned,
    /// None: the attempt is over.
    Ended,
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
    state: State,
    goal: Goal,
    attempt: u32,
    retries: u8,
    now: u64,
    maker: Option<Maker>,
    own: FileId,
    /// When our claim was made, once that was asked.
    born: Option<Option<Datetime>>,
    /// The levels at which our claim may have a name.
    levels: Levels,
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
    leftovers: Vec<u8>,
    replaced: Vec<Replaced>,
    warnings: Vec<Warning>,
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
            state: State::New,
            goal: Goal::Lock,
            attempt: 0,
            retries: 0,
            now: 0,
            maker: None,
            own: FileId::default(),
            born: None,
            levels: Levels::default(),
            overtaken: false,
            examine: Examine::default(),
            dropping: Dropping::default(),
            sweep: Sweep::default(),
            settling: Settling::default(),
            other: None,
            litter: false,
            victims: Vec::new(),
            leftovers: Vec::new(),
            replaced: Vec::new(),
            warnings: Vec::new(),
            refused: String::new(),
            end: Err(Stop::Ended),
        }
    }

    /// The names of the lock's files.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The file that is our claim, and the lock where that is held.
    #[must_use]
    pub fn own(&self) -> FileId {
        self.own
    }

    /// Whether the attempt came to an end, and holds nothing.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Begin the attempt, or go on after [`Error::Again`]. `elapsed` is how long ago it began, in milliseconds.
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
            State::WaitOther => self.look_for_other(),
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
        let call = self.dropping.begin(self.own, self.levels, claim);
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
            claimed: true,
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
            (None, Err(stop)) => Next::End(Err(stop.tell(&self.names, &self.refused))),
        }
    }

    fn turn(&mut self, reply: Reply) -> Turn {
        match self.state {
            State::Look | State::Judge(_) | State::Under(_) | State::Other => {
                match self.examine.reply(reply) {
                    Look::Call(call) => Some(call),
                    Look::Over(seen) => self.seen(seen),
                }
            }
            State::Current => self.introduced(reply),
            State::Create => self.created(reply),
            State::Guard => self.guarded(reply),
            State::Write => match reply.done() {
                Ok(()) => self.link(0),
                Err(code) => self.fail(Operation::Write, self.claim().map(Name::Claim), code),
            },
            State::Renew => {
                let call = self.dropping.reply(reply);
                self.renewing(call)
            }
            State::Link(level) => match reply.done() {
                Ok(()) => self.taken(level),
                // A network file system may answer that the name exists to the very request that made it.
                Err(code) => self.compare(State::LinkFailed(level, code), level),
            },
            State::LinkFailed(level, code) => self.not_linked(level, code, reply),
            State::SecondLook(level, reason) => self.second_look(level, reason, reply),
            State::Remove(level, reason) => self.removed(level, reason, reply),
            State::Relink(level) => match reply.done() {
                Ok(()) => self.compare(State::Above(level, true), level + 1),
                Err(code) => self.compare(State::RelinkFailed(level, code), level),
            },
            State::RelinkFailed(level, code) => self.not_relinked(level, code, reply),
            State::Above(level, linked) => self.above(level, linked, reply),
            State::RemoveAbove(level, linked) => match reply.done() {
                Ok(()) | Err(ErrorCode::NoEntry) => self.above_dropped(level, linked),
                Err(code) => self.fail_at(Operation::Remove, level + 1, code),
            },
            State::Age(level, under) => {
                self.aged(reply);
                self.judge(level, under)
            }
            State::AgeOther => {
                self.aged(reply);
                self.judge_other()
            }
            State::Keep(level) => self.drop_reclaims(After::Wait(level)),
            State::Verify => self.verified(reply),
            State::Leftover(level) => self.leftover(level, reply),
            State::Sweep => match self.sweep.reply(reply) {
                Some(call) => Some(call),
                None => {
                    self.warnings
                        .extend(self.sweep.failure.map(Warning::Untidy));
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
            State::New | State::WaitSettle | State::WaitOther | State::Owned | State::Ended => {
                self.stop(Stop::Ended)
            }
        }
    }

    fn call(&mut self, state: State, call: Call) -> Turn {
        self.state = state;
        Some(call)
    }

    fn examine(&mut self, state: State, level: u8) -> Turn {
        let call = self.examine.begin(level);
        self.call(state, call)
    }

    fn compare(&mut self, state: State, level: u8) -> Turn {
        let name = Name::Level(level);
        self.call(state, Call::Id { name })
    }

    /// Whether a reply says that a name is our own file's.
    fn is_own(&self, id: Result<FileId, ErrorCode>) -> bool {
        id == Ok(self.own)
    }

    fn seen(&mut self, seen: Seen) -> Turn {
        match self.state {
            State::Look => self.looked(seen),
            State::Judge(level) => self.seen_at(level, false, seen),
            State::Under(level) => self.seen_at(level, true, seen),
            _ => self.other_seen(seen),
        }
    }

    // look

    fn looked(&mut self, seen: Seen) -> Turn {
        let stop = match seen {
            Seen::Gone => return self.introduce(),
            Seen::File => match self.verdict(0) {
                // Whether it has settled can only be told beside a claim of ours.
                Verdict::Dead(_) | Verdict::Unsettled => return self.introduce(),
                Verdict::Held => Stop::Held(0, *self.found(), Occupation::Owning),
            },
            Seen::NotALock(what) => Stop::NotALock(0, what),
            Seen::Failed(operation, code) => Stop::Failed(unseen(operation, 0, code)),
        };
        self.stop(stop)
    }

    // claim

    fn introduce(&mut self) -> Turn {
        let attempt = self.attempt;
        self.call(State::Current, Call::Current { attempt })
    }

    fn introduced(&mut self, reply: Reply) -> Turn {
        match reply {
            Reply::Maker(maker) => {
                self.maker = Some(maker);
                let claim = maker.identity;
                self.call(State::Create, Call::Create { claim })
            }
            Reply::Refused(why) => {
                self.refused = why;
                self.stop(Stop::Host)
            }
            _ => self.stop(Stop::Host),
        }
    }

    fn created(&mut self, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) => {
                self.own = id;
                self.born = None;
                self.call(State::Guard, Call::Guard)
            }
            // Another attempt of this process, or what is left of one.
            Err(ErrorCode::Exist) if self.attempt < ATTEMPTS => {
                self.attempt += 1;
                self.introduce()
            }
            Err(code) => {
                let name = self.claim().map(Name::Claim);
                self.maker = None;
                self.fail(Operation::Create, name, code)
            }
        }
    }

    fn guarded(&mut self, reply: Reply) -> Turn {
        match (reply, self.maker) {
            (Reply::Done, Some(Maker { pid, .. })) => self.call(State::Write, Call::Write { pid }),
            (Reply::Probed, _) => self.renew(),
            (Reply::Refused(why), _) => {
                self.refused = why;
                self.abort(Stop::Host)
            }
            (other, _) => self.fail(
                Operation::Create,
                self.claim().map(Name::Claim),
                other.failure(),
            ),
        }
    }

    /// Our claim cannot be used: another one, under another name.
    fn renew(&mut self) -> Turn {
        if self.is_worn_out() {
            return self.abort(Stop::Contended(0));
        }
        self.state = State::Renew;
        let call = self
            .dropping
            .begin(self.own, Levels::default(), self.claim());
        self.renewing(call)
    }

    fn renewing(&mut self, call: Option<Call>) -> Turn {
        match (call, self.dropping.failure) {
            (Some(call), _) => Some(call),
            (None, Some(failure)) => self.stop(Stop::Failed(failure)),
            (None, None) => {
                self.attempt += 1;
                self.own = FileId::default();
                self.introduce()
            }
        }
    }

    // take, steps 1 to 4

    fn link(&mut self, level: u8) -> Turn {
        if level > DEEPEST {
            return self.abort(Stop::TooDeep);
        }
        self.link_as(State::Link(level), level)
    }

    fn link_as(&mut self, state: State, level: u8) -> Turn {
        let Some(claim) = self.claim() else {
            return self.stop(Stop::Ended);
        };
        self.levels.insert(level);
        self.call(state, Call::Link { claim, level })
    }

    fn not_linked(&mut self, level: u8, code: ErrorCode, reply: Reply) -> Turn {
        let id = reply.id();
        if self.is_own(id) {
            return self.taken(level);
        }
        match (code, id) {
            // It may be linked after all, so it stays among those to be dropped.
            (_, Err(unseen)) if unseen != ErrorCode::NoEntry => {
                return self.fail_at(Operation::Stat, level, unseen);
            }
            _ => self.levels.remove(level),
        }
        match (code, id) {
            (ErrorCode::Exist, Err(_)) => self.link_again(level),
            (ErrorCode::Exist, Ok(_)) => self.examine(State::Judge(level), level),
            // Our claim is gone: somebody who could not know better has swept it.
            (ErrorCode::NoEntry, _) if self.goal == Goal::Lock => self.renew(),
            _ => self.fail_at(Operation::Link, level, code),
        }
    }

    fn link_again(&mut self, level: u8) -> Turn {
        if self.is_worn_out() {
            return self.abort(Stop::Contended(level));
        }
        self.link(level)
    }

    // what was seen at a level, before (steps 2, 3) and under the next level's name (step 5)

    fn seen_at(&mut self, level: u8, under: bool, seen: Seen) -> Turn {
        match seen {
            Seen::Gone if under => self.link_as(State::Relink(level), level),
            Seen::Gone => self.link_again(level),
            Seen::NotALock(what) => self.abort(Stop::NotALock(level, what)),
            Seen::Failed(operation, code) => {
                self.abort(Stop::Failed(unseen(operation, level, code)))
            }
            Seen::File if self.needs_age() => self.call(State::Age(level, under), Call::StatClaim),
            Seen::File => self.judge(level, under),
        }
    }

    fn needs_age(&self) -> bool {
        self.found().is_malformed() && self.born.is_none()
    }

    fn aged(&mut self, reply: Reply) {
        self.born = Some(reply.stat().ok().and_then(|stat| stat.modified));
    }

    fn judge(&mut self, level: u8, under: bool) -> Turn {
        match self.verdict(level) {
            Verdict::Held => {
                let occupation = match level {
                    0 if under || self.overtaken => Occupation::Overtaking,
                    0 => Occupation::Owning,
                    _ => Occupation::Reclaiming,
                };
                self.abort(Stop::Held(level, *self.found(), occupation))
            }
            Verdict::Unsettled => self.settle(level),
            // The file stays open, so its identity is its own; and its owner is dead, so what was seen stays true.
            // Only the name may have gone to somebody else since.
            Verdict::Dead(reason) if under => self.compare(State::SecondLook(level, reason), level),
            Verdict::Dead(_) => self.link(level + 1),
        }
    }

    fn found(&self) -> &Found {
        self.examine.found()
    }

    fn verdict(&self, level: u8) -> Verdict {
        let found = self.found();
        match found.liveness {
            Liveness::Dead(_) if found.is_malformed() => {
                let claim = self.born.flatten();
                if self.settling.has_settled(level, found, claim, self.now) {
                    Verdict::Dead(ReplacedReason::Malformed)
                } else {
                    Verdict::Unsettled
                }
            }
            Liveness::Dead(reason) => Verdict::Dead(ReplacedReason::Dead(reason)),
            // A person's word counts where nobody can know, and never against what is known.
            Liveness::Alive(
                AliveReason::Evidence | AliveReason::Running | AliveReason::ThisProcess,
            ) => Verdict::Held,
            Liveness::Alive(_) | Liveness::Unknown(_) => {
                if self.assume_dead.is_some() && self.assume_dead == found.identity() {
                    Verdict::Dead(ReplacedReason::AssumedDead)
                } else {
                    Verdict::Held
                }
            }
        }
    }

    // take, step 5: the second look, and the removal

    fn second_look(&mut self, level: u8, reason: ReplacedReason, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) if id == self.found().id => {
                let name = Name::Level(level);
                self.call(State::Remove(level, reason), Call::Unlink { name })
            }
            Ok(_) | Err(ErrorCode::NoEntry) if self.is_worn_out() => {
                self.abort(Stop::Contended(level))
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.examine(State::Under(level), level),
            Err(code) => self.fail_at(Operation::Stat, level, code),
        }
    }

    fn removed(&mut self, level: u8, reason: ReplacedReason, reply: Reply) -> Turn {
        match reply.done() {
            Ok(()) => {
                self.litter = true;
                let Found { pid, claim, id, .. } = *self.found();
                // A person's word is no knowledge: that maker may come back to its claim's name.
                if reason != ReplacedReason::AssumedDead {
                    self.victims.extend(claim.map(|claim| (claim, id)));
                }
                self.replaced.push(Replaced { level, pid, reason });
            }
            Err(ErrorCode::NoEntry) => {}
            Err(code) => return self.fail_at(Operation::Remove, level, code),
        }
        self.link_as(State::Relink(level), level)
    }

    // take, step 6

    fn not_relinked(&mut self, level: u8, code: ErrorCode, reply: Reply) -> Turn {
        let id = reply.id();
        let linked = self.is_own(id);
        match id {
            // It may be linked after all, so it stays among those to be dropped.
            Err(unseen) if unseen != ErrorCode::NoEntry => {
                return self.fail_at(Operation::Stat, level, unseen);
            }
            _ => {}
        }
        if !linked {
            self.levels.remove(level);
            if code != ErrorCode::Exist {
                return self.fail_at(Operation::Link, level, code);
            }
            self.overtaken = true;
        }
        self.compare(State::Above(level, linked), level + 1)
    }

    fn above(&mut self, level: u8, linked: bool, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) if id == self.own => {
                let name = Name::Level(level + 1);
                self.call(State::RemoveAbove(level, linked), Call::Unlink { name })
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.above_dropped(level, linked),
            Err(code) => self.fail_at(Operation::Stat, level + 1, code),
        }
    }

    fn above_dropped(&mut self, level: u8, linked: bool) -> Turn {
        self.levels.remove(level + 1);
        if linked {
            self.taken(level)
        } else {
            self.link_again(level)
        }
    }

    fn taken(&mut self, level: u8) -> Turn {
        match level {
            _ if self.goal == Goal::Tidy(level) => self.drop_reclaims(After::Tidy),
            0 => self.look_for_other(),
            _ => self.examine(State::Under(level - 1), level - 1),
        }
    }

    // again later: settling

    fn settle(&mut self, level: u8) -> Turn {
        if self.now >= PATIENCE {
            return self.abort(Stop::Contended(level));
        }
        if self.settling.remember(level, self.examine.found()) {
            return self.call(State::Keep(level), Call::Keep { level });
        }
        self.drop_reclaims(After::Wait(level))
    }

    // beside the original

    fn look_for_other(&mut self) -> Turn {
        self.examine(State::Other, 1)
    }

    fn other_seen(&mut self, seen: Seen) -> Turn {
        match seen {
            // Whoever holds a reclaim lock and is one of us looks again before it removes anything.
            Seen::File if self.found().claim.is_some() => {
                self.litter |= self.found().is_dead().is_some();
                self.verify()
            }
            Seen::File if self.needs_age() => self.call(State::AgeOther, Call::StatClaim),
            Seen::File => self.judge_other(),
            Seen::Failed(..) => self.wait_for_other(None),
            Seen::Gone | Seen::NotALock(_) => self.verify(),
        }
    }

    fn judge_other(&mut self) -> Turn {
        match self.verdict(1) {
            Verdict::Dead(_) => {
                self.litter = true;
                self.verify()
            }
            // Also one that names nobody yet: its maker may be about to write.
            Verdict::Held | Verdict::Unsettled => self.wait_for_other(self.found().pid),
        }
    }

    fn wait_for_other(&mut self, pid: Option<u32>) -> Turn {
        let waited = match self.other.get_or_insert(None) {
            Some(since) => self.now.saturating_sub(*since),
            None => 0,
        };
        if waited < OTHER_RECLAIM && self.now < PATIENCE {
            self.state = State::WaitOther;
            return self.again(Awaited::OtherReclaim, 1);
        }
        self.warnings.push(Warning::OtherReclaim(pid));
        self.verify()
    }

    fn verify(&mut self) -> Turn {
        self.compare(State::Verify, 0)
    }

    fn verified(&mut self, reply: Reply) -> Turn {
        match reply.id() {
            // Some sweep without a cause, so that litter nobody runs into does not stay for ever.
            Ok(id) if id == self.own => {
                if self.litter || self.claim().is_some_and(|own| sweeps_unasked(&own)) {
                    self.compare(State::Leftover(1), 1)
                } else {
                    self.owned()
                }
            }
            // Whoever made room for itself did not know us; the next look tells who it is. Another reclaim is waited
            // for anew then.
            Ok(_) | Err(ErrorCode::NoEntry) => {
                self.levels.remove(0);
                self.other = None;
                self.link_again(0)
            }
            Err(code) => self.fail_at(Operation::Stat, 0, code),
        }
    }

    // owned: sweeping; nothing from here on costs the lock

    fn leftover(&mut self, level: u8, reply: Reply) -> Turn {
        if reply.id().is_ok() {
            self.leftovers.push(level);
        }
        if level < DEEPEST {
            return self.compare(State::Leftover(level + 1), level + 1);
        }
        self.tidy()
    }

    fn tidy(&mut self) -> Turn {
        if let Some(level) = self.leftovers.pop() {
            self.goal = Goal::Tidy(level);
            return self.link(level);
        }
        let victims = core::mem::take(&mut self.victims);
        let call = self.sweep.begin(self.claim(), victims);
        self.call(State::Sweep, call)
    }

    fn owned(&mut self) -> Turn {
        self.state = State::Owned;
        self.end = Ok(());
        None
    }

    // ends

    /// Counts a turn back. Whether there were too many.
    fn is_worn_out(&mut self) -> bool {
        self.retries = self.retries.saturating_add(1);
        self.retries > RETRIES
    }

    fn fail_at(&mut self, what: Operation, level: u8, code: ErrorCode) -> Turn {
        self.fail(what, Some(Name::Level(level)), code)
    }

    fn fail(&mut self, operation: Operation, name: Option<Name>, code: ErrorCode) -> Turn {
        self.abort(Stop::Failed(Failure {
            operation,
            name,
            code,
        }))
    }

    /// The attempt is over. Everything that may be ours goes; but if the lock is already ours, only the reclaim locks
    /// do, since what fails then is tidying.
    fn abort(&mut self, stop: Stop) -> Turn {
        if let Goal::Tidy(_) = self.goal {
            if let Stop::Failed(failure) = stop {
                self.warnings.push(Warning::Untidy(failure));
            }
            return self.drop_reclaims(After::Tidy);
        }
        self.end = Err(stop);
        let call = self.dropping.begin(self.own, self.levels, self.claim());
        self.dropped(After::End, call)
    }

    fn drop_reclaims(&mut self, after: After) -> Turn {
        let call = self.dropping.begin(self.own, self.levels.above(), None);
        self.dropped(after, call)
    }

    fn dropped(&mut self, after: After, call: Option<Call>) -> Turn {
        if let Some(call) = call {
            return self.call(State::Dropping(after), call);
        }
        let failure = self.dropping.failure;
        match (after, failure) {
            // A refusal that leaves something of ours behind is a failure; a failure stays the one that it is.
            (After::End, Some(failure)) if !matches!(self.end, Err(Stop::Failed(_))) => {
                self.stop(Stop::Failed(failure))
            }
            // Whoever was faster with the name that this attempt had made free does not know that there is a claim to
            // be swept.
            (After::End, None) if !self.victims.is_empty() => {
                let victims = core::mem::take(&mut self.victims);
                match self.sweep.bury(victims) {
                    Some(call) => self.call(State::Bury, call),
                    None => self.ended(),
                }
            }
            (After::End, _) => self.ended(),
            (After::Wait(_), Some(failure)) if self.goal == Goal::Lock => {
                self.abort(Stop::Failed(failure))
            }
            (After::Wait(level), None) if self.goal == Goal::Lock => {
                self.levels = self.levels.lock();
                self.state = State::WaitSettle;
                self.again(Awaited::Settling, level)
            }
            (After::Wait(_) | After::Tidy, failure) => {
                // What could not be removed now is tried again at the release.
                self.levels = self.levels.lock().union(self.dropping.left);
                self.warnings.extend(failure.map(Warning::Untidy));
                self.tidy()
            }
        }
    }

    fn ended(&mut self) -> Turn {
        self.state = State::Ended;
        None
    }

    fn again(&mut self, awaited: Awaited, level: u8) -> Turn {
        self.end = Err(Stop::Again(awaited, level));
        None
    }

    fn stop(&mut self, stop: Stop) -> Turn {
        self.state = State::Ended;
        self.end = Err(stop);
        None
    }

    fn claim(&self) -> Option<Identity> {
        self.maker.map(|maker| maker.identity)
    }
}

/// A failure to look at a level, or to list the directory on the way.
fn unseen(operation: Operation, level: u8, code: ErrorCode) -> Failure {
    Failure {
        operation,
        name: (operation != Operation::List).then_some(Name::Level(level)),
        code,
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

/// A lock, or an attempt, being given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    names: Names,
    held: bool,
    dropping: Dropping,
}

impl Release {
    /// Go on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Released> {
        let call = self.dropping.reply(reply);
        self.next(call)
    }

    fn next(&self, call: Option<Call>) -> Next<Released> {
        let dropped = &self.dropping;
        Next::End(match (call, dropped.failure) {
            (Some(call), _) => return Next::Call(call),
            // Somebody else may have the directory: nothing that failed beside is worse to know.
            _ if self.held && dropped.lost => Err(ReleaseError::Lost(self.names.level(0))),
            (None, Some(failure)) => Err(ReleaseError::Failed(failure.tell(&self.names))),
            (None, None) => Ok(()),
        })
    }
}
