//! A lockhost process: the machine itself, one operation a step.

use lockhost_machine::{
    call::{Call, Known, Next, Ours, Owner, Reply},
    machine::{
        Machine,
        outcome::{Cause, Operation, Outcome},
        release::{Release, Released, Unreleased},
        restore::{Outcome as Restored, Restore, Unrestored},
    },
    names,
};

use crate::{
    descriptors::Descriptors,
    directory::{Content, Name},
    local::{Body, End, Info, Turn, Who},
    seeds::{Doing, Lie, Seed, Trail},
    setting::Timely,
    step::{Answer, Asked, Op, Question, With},
    table::{Author, Table},
};

/// The name of the lock. A short one, since every state has it.
pub const LOCK: &str = "a.lock";

/// The failure that an error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failing {
    This(Operation),
    TheHost,
    NotALock,
    TooDeep,
}

// The large ones are rare.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    New(Call),
    Trying(Call),
    Waiting,
    Owning,
    /// Its lock file was removed, and it puts that back …
    Restoring(Restore, Call),
    /// … or waits until it can go on with that …
    Doubting(Restore),
    /// … or knows that the lock is lost.
    Lost,
    Releasing(Release, Call),
    Resting,
}

/// An attempt, and then the lock that it acquired.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Contender {
    machine: Machine,
    phase: Phase,
    elapsed: u64,
    descriptors: Descriptors,
    /// Its question to the host about the owner of the open file.
    question: Question,
    /// How often it tries again.
    rounds: u8,
    /// The owner that its user declares dead.
    assumes: Option<String>,
    /// Its fault, if it has one.
    seed: Option<Seed>,
    trail: Trail,
}

impl Contender {
    /// Returns a contender that tries this many times.
    pub fn new(rounds: u8, seed: Option<Seed>, assumes: Option<String>) -> Self {
        let mut machine = Machine::new(LOCK.into(), assumes.clone());
        let phase = match machine.start(0) {
            Next::Call(call) => Phase::New(call),
            Next::End(end) => unreachable!("{end:?}"),
        };
        Self {
            machine,
            phase,
            elapsed: 0,
            descriptors: Descriptors::default(),
            question: Question::None,
            rounds: rounds - 1,
            assumes,
            seed,
            trail: Trail::default(),
        }
    }

    pub fn info(&self, who: Who, table: &mut Table) -> Info {
        let turn = match &self.phase {
            Phase::New(call)
            | Phase::Trying(call)
            | Phase::Restoring(_, call)
            | Phase::Releasing(_, call) => Turn::Does(self.op(who, *call, table)),
            Phase::Owning | Phase::Lost => match self.machine.clone().release() {
                (_, Next::Call(call)) => Turn::Does(self.op(who, call, table)),
                (_, Next::End(end)) => unreachable!("an owner has something to release: {end:?}"),
            },
            Phase::Waiting | Phase::Doubting(_) => Turn::Waits,
            Phase::Resting => Turn::Rests,
        };
        let mut info = Info {
            fresh: matches!(self.phase, Phase::New(_)),
            owner: self.phase == Phase::Owning,
            restoring: matches!(self.phase, Phase::Restoring(..) | Phase::Doubting(_)),
            assumes: self.assumes.is_some(),
            in_a_hurry: table.timely == Timely::Everybody && matches!(self.phase, Phase::Trying(_)),
            ..Info::of(who, turn)
        };
        self.descriptors.tell(&mut info);
        info.lie = self.lie(turn);
        info
    }

    fn lie(&self, turn: Turn) -> Option<Lie> {
        let doing = match self.phase {
            Phase::Owning | Phase::Lost | Phase::Releasing(..) => Doing::Releases,
            Phase::Restoring(..) => Doing::Restores,
            _ => Doing::Tries,
        };
        match turn {
            Turn::Does(op) => self.seed?.lie(op, &self.trail, &self.descriptors, doing),
            _ => None,
        }
    }

    /// Returns the content that is late: it goes into the claim now that the claim is linked.
    fn late(&self) -> Option<Content> {
        self.trail
            .late
            .filter(|_| self.descriptors.has_made(Name::Level(0)))
    }

    /// Returns whether the lock on a file made in place is late, and has to be taken now.
    fn is_guarded_late(&self) -> bool {
        self.trail.unguarded && !self.descriptors.has_made(Name::Level(1))
    }

    fn op(&self, who: Who, call: Call, table: &mut Table) -> Op {
        if let Some(op) = self.question.goes_on() {
            return op;
        }
        if let Some(content) = self.late() {
            return Op::Write(Ours::Claim, content);
        }
        if self.is_guarded_late() {
            return Op::Guard(Ours::At(0));
        }
        let op = op(who, call, table);
        match self.seed {
            Some(seed) => {
                let pid_of = |claim| table.claim(claim).pid() as u8;
                let restores = matches!(self.phase, Phase::Restoring(..));
                let releases = matches!(self.phase, Phase::Releasing(..));
                match op {
                    Op::Link(name) if restores && seed == Seed::RestoredByRename => {
                        Op::Replace(name)
                    }
                    Op::LinkOpen(claim) if seed == Seed::ClaimNamedFromTheLock => {
                        Op::LinkLock(claim)
                    }
                    Op::Unlink(Name::Claim(_)) if releases && seed == Seed::RestoredInRelease => {
                        Op::Link(Name::Level(0))
                    }
                    _ => seed.instead(op, &self.descriptors, pid_of),
                }
            }
            None => op,
        }
    }

    pub fn reply(mut self, op: Op, answer: Answer, table: &Table) -> Body {
        let late = self.late().is_some() || self.is_guarded_late();
        if !self.seed.is_some_and(|seed| seed.keeps(op)) {
            self.descriptors.follow(op, answer);
        }
        self.question = Question::after(answer);
        let mut answer = answer;
        if let Some(seed) = self.seed {
            self.trail.follow(seed, op, answer);
            self.trail.unguarded &= op != Op::Guard(Ours::At(0));
            answer = seed.understands(op, answer);
        }
        if late {
            return self.stays();
        }
        if matches!(answer, Answer::Either(..) | Answer::Locked(_)) {
            return self.stays();
        }
        let reply = answer.told(op, table);
        match core::mem::replace(&mut self.phase, Phase::Resting) {
            Phase::New(_) | Phase::Trying(_) => {
                let next = self.machine.reply(reply);
                self.try_on(next)
            }
            Phase::Owning | Phase::Lost => {
                let (release, _) = self.machine.release();
                self.release_on(release, reply)
            }
            Phase::Restoring(mut restore, _) => {
                let next = restore.reply(reply);
                self.restore_on(restore, next)
            }
            Phase::Releasing(release, _) => self.release_on(release, reply),
            Phase::Waiting | Phase::Doubting(_) | Phase::Resting => {
                unreachable!("it has asked for nothing")
            }
        }
    }

    /// Goes on after this many milliseconds.
    pub fn resume(mut self, milliseconds: u64) -> Body {
        self.elapsed += milliseconds;
        if let Phase::Doubting(mut restore) = self.phase.clone() {
            let next = restore.start(self.elapsed);
            return self.restore_on(restore, next);
        }
        let next = self.machine.start(self.elapsed);
        self.try_on(next)
    }

    /// Begins to put an owner's lock file back.
    pub fn put_back(mut self) -> Body {
        self.elapsed = 0;
        self.trail = Trail::default();
        match self.machine.restore() {
            Some(mut restore) => {
                let next = restore.start(0);
                self.restore_on(restore, next)
            }
            None => unreachable!("no owner puts anything back"),
        }
    }

    fn restore_on(mut self, restore: Restore, next: Next<Restored>) -> Body {
        let end = match next {
            Next::Call(call) => {
                self.phase = Phase::Restoring(restore, call);
                return self.stays();
            }
            Next::End(end) => end,
        };
        self.descriptors.close_looked_at();
        self.machine.restored(&restore);
        self.phase = match end {
            Ok(_) => Phase::Owning,
            Err(Unrestored::Lost) => Phase::Lost,
            Err(Unrestored::Again(_) | Unrestored::Failed(..)) => Phase::Doubting(restore),
        };
        self.stays()
    }

    /// Tries again, in the same process.
    pub fn again(&mut self) {
        *self = Self::new(self.rounds, self.seed, self.assumes.take());
    }

    fn stays(self) -> Body {
        Body::Contender(Box::new(self))
    }

    fn try_on(mut self, next: Next<Outcome>) -> Body {
        self.phase = match next {
            Next::Call(call) => Phase::Trying(call),
            Next::End(Ok(())) => {
                self.descriptors.close_looked_at();
                Phase::Owning
            }
            Next::End(Err(error)) => match end_of(&error.cause) {
                None => Phase::Waiting,
                Some(end) => return self.end(end),
            },
        };
        self.stays()
    }

    fn release_on(mut self, mut release: Release, reply: Reply) -> Body {
        match release.reply(reply) {
            Next::Call(call) => {
                self.phase = Phase::Releasing(release, call);
                self.stays()
            }
            Next::End(end) => self.end(released(end)),
        }
    }

    fn end(mut self, end: End) -> Body {
        if end != End::Well || self.rounds == 0 {
            return Body::Gone(end);
        }
        // All open files are closed with the attempt.
        self.descriptors = Descriptors::default();
        self.phase = Phase::Resting;
        self.machine = Machine::new(LOCK.into(), self.assumes.clone());
        self.elapsed = 0;
        self.stays()
    }
}

/// Returns how an attempt ended, if it did.
fn end_of(cause: &Cause) -> Option<End> {
    Some(match cause {
        Cause::Again(_) => return None,
        Cause::Held(_) | Cause::Contended => End::Well,
        Cause::Failed(operation, _) => End::Failed(Failing::This(*operation)),
        Cause::Host => End::Failed(Failing::TheHost),
        Cause::NotALock(_) => End::Failed(Failing::NotALock),
        Cause::TooDeep => End::Failed(Failing::TooDeep),
        Cause::BadName | Cause::Ended => End::Odd,
    })
}

fn released(released: Released) -> End {
    match released {
        Ok(()) => End::Well,
        Err(Unreleased::Lost) => End::Lost,
        Err(Unreleased::Failed(failure)) => End::Failed(Failing::This(failure.operation)),
    }
}

/// Returns a call of the machine in small numbers.
pub fn op(who: Who, call: Call, table: &mut Table) -> Op {
    match call {
        Call::Current { attempt } => Op::Current(table.claim_of(Author::Process(who, attempt))),
        Call::Create { claim } => Op::Create(table.number_of(&claim)),
        Call::Make { level } => Op::MakeInPlace(level),
        Call::Guard { file } => Op::Guard(file),
        Call::Write { file, pid } => Op::Write(file, Content::Pid(pid as u8)),
        Call::Disown { level } => Op::Disown(level),
        Call::StatClaim => Op::StatClaim,
        Call::Stat { name } => Op::Stat(numbered(name, table)),
        Call::Open { name } => Op::Open(numbered(name, table)),
        Call::Read => Op::Read,
        Call::StatOpen => Op::StatOpen,
        Call::Identify { pid } => Op::Identify(pid as u8),
        Call::Id { name } => Op::Id(numbered(name, table)),
        Call::Same { name, file, known } => {
            let with = match known {
                Known::Ours { names } => With::Ours(names),
                Known::Open => With::Open,
            };
            Op::Same(numbered(name, table), Table::file(file), with)
        }
        Call::List => Op::List,
        Call::ListOn => Op::ListRest,
        Call::Ask { owner } => Op::Ask(match owner {
            Owner::Maker(identity) => Asked::Maker(table.number_of(&identity)),
            Owner::Pid(pid) => Asked::Pid(pid as u8),
            Owner::Nobody => Asked::Nobody,
        }),
        Call::AskUnread { maker } => Op::AskUnread(table.number_of(&maker)),
        Call::Keep { level } => Op::Keep(level),
        Call::Link { name } => Op::Link(numbered(name, table)),
        Call::LinkOpen { claim } => Op::LinkOpen(table.number_of(&claim)),
        Call::Unlink { name } => Op::Unlink(numbered(name, table)),
        Call::Forget => Op::Forget,
    }
}

fn numbered(name: names::Name, table: &Table) -> Name {
    match name {
        names::Name::Level(level) => Name::Level(level),
        names::Name::Claim(identity) => Name::Claim(table.number_of(&identity)),
    }
}
