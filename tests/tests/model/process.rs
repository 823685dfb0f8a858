//! One process: the guest's own machine, with the files that it has open, one operation a step.

use lockhost_guest::{
    call::{Call, FileId, Maker, Next, Ours, Owner, Reply},
    contract::{Cause, DeadReason, Error, ErrorCode, Liveness, process::AliveReason},
    lockfile::{Identity, Name, content_of},
    machine::{Machine, Outcome},
    release::{Release, Released},
};

use super::directory::{Directory, identity, pid_of};

/// How far a process has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It has not begun.
    New,
    /// It tries for the lock, and this is its next operation.
    Trying(Call),
    /// It waits, and goes on when the model lets time pass for it.
    Waiting,
    /// It has the lock.
    Owning,
    /// It gives the lock up, and this is its next operation.
    Releasing(Call),
    /// It has ended, after a release, a refusal or a crash.
    Gone,
}

/// What a process did, to be told if it comes to that.
#[allow(clippy::large_enum_variant, reason = "almost all are the large one")]
#[derive(Clone, Debug)]
pub enum Step {
    Comes,
    Starts,
    GoesOn,
    Does(Call, Reply),
    BeginsToRelease,
    Crashes,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pid: u32,
    machine: Machine,
    release: Option<Release>,
    phase: Phase,
    elapsed: u64,
    claim: Option<Identity>,
    ours: Vec<(Ours, FileId)>,
    open: Option<FileId>,
    kept: Vec<(u8, FileId)>,
}

impl Process {
    /// One that has not begun.
    pub fn new(pid: u32) -> Self {
        Self {
            pid,
            machine: Machine::new("tinyforge.lock".into(), None),
            release: None,
            phase: Phase::New,
            elapsed: 0,
            claim: None,
            ours: Vec::new(),
            open: None,
            kept: Vec::new(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn has_begun(&self) -> bool {
        self.phase != Phase::New
    }

    pub fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    pub fn is_owner(&self) -> bool {
        self.phase == Phase::Owning
    }

    pub fn owns_the_lock_file(&self, directory: &Directory) -> bool {
        directory.id(&Name::Level(0)).ok() == self.machine.own()
    }

    /// It ends where it stands.
    pub fn crash(&mut self, directory: &mut Directory) -> Step {
        self.end(directory);
        Step::Crashes
    }

    /// Its next operation.
    pub fn step(&mut self, directory: &mut Directory, alive: impl Fn(u32) -> bool) -> Step {
        match self.phase.clone() {
            Phase::New => {
                let next = self.machine.start(0);
                self.try_on(directory, next);
                Step::Starts
            }
            Phase::Waiting => {
                // As long as any wait can be: what the machine waits for has then passed, or is still there.
                self.elapsed += 3_000;
                let next = self.machine.start(self.elapsed);
                self.try_on(directory, next);
                Step::GoesOn
            }
            Phase::Trying(call) => {
                let reply = self.perform(directory, call, alive);
                let told = Step::Does(call, reply.clone());
                let next = self.machine.reply(reply);
                self.try_on(directory, next);
                told
            }
            Phase::Owning => {
                let (release, next) = self.machine.release();
                self.release_on(directory, release, next);
                Step::BeginsToRelease
            }
            Phase::Releasing(call) => {
                let reply = self.perform(directory, call, alive);
                let told = Step::Does(call, reply.clone());
                if let Some(mut release) = self.release.take() {
                    let next = release.reply(reply);
                    self.release_on(directory, release, next);
                }
                told
            }
            Phase::Gone => unreachable!("the dead do nothing"),
        }
    }

    fn try_on(&mut self, directory: &mut Directory, next: Next<Outcome>) {
        match next {
            Next::Call(call) => self.phase = Phase::Trying(call),
            Next::End(Ok(())) => {
                for file in self
                    .open
                    .take()
                    .into_iter()
                    .chain(self.kept.drain(..).map(|it| it.1))
                {
                    directory.close(file);
                }
                self.phase = Phase::Owning;
            }
            Next::End(Err(Error {
                cause: Cause::Again(_),
                ..
            })) => self.phase = Phase::Waiting,
            Next::End(Err(_)) => self.end(directory),
        }
    }

    fn release_on(&mut self, directory: &mut Directory, release: Release, next: Next<Released>) {
        match next {
            Next::Call(call) => {
                self.release = Some(release);
                self.phase = Phase::Releasing(call);
            }
            Next::End(_) => self.end(directory),
        }
    }

    fn end(&mut self, directory: &mut Directory) {
        let ours = self.ours.drain(..).map(|it| it.1);
        let files = self.open.take().into_iter().chain(ours);
        for file in files.chain(self.kept.drain(..).map(|it| it.1)) {
            directory.close(file);
        }
        // The dead are all alike.
        *self = Self {
            phase: Phase::Gone,
            ..Self::new(self.pid)
        };
    }

    /// The file of its own that it made last as this.
    fn ours(&self, which: Ours) -> Option<FileId> {
        let made = self.ours.iter().rev().find(|made| made.0 == which);
        made.map(|made| made.1)
    }

    fn perform(
        &mut self,
        directory: &mut Directory,
        call: Call,
        alive: impl Fn(u32) -> bool,
    ) -> Reply {
        self.try_perform(directory, call, alive)
            .unwrap_or_else(Reply::Failed)
    }

    fn try_perform(
        &mut self,
        directory: &mut Directory,
        call: Call,
        alive: impl Fn(u32) -> bool,
    ) -> Result<Reply, ErrorCode> {
        let opened = |file: Option<FileId>| file.ok_or(ErrorCode::BadDescriptor);
        Ok(match call {
            Call::Current { attempt } => Reply::Maker(Maker {
                pid: self.pid,
                identity: identity(self.pid, attempt),
                evidence: directory.has_links(),
            }),
            Call::Create { claim } => {
                let id = directory.create(&Name::Claim(claim))?;
                self.claim = Some(claim);
                self.ours.push((Ours::Claim, id));
                Reply::Id(id)
            }
            Call::Make { level } => {
                let id = directory.create(&Name::Level(level))?;
                self.ours.push((Ours::At(level), id));
                Reply::Id(id)
            }
            Call::Guard { .. } => Reply::Done,
            Call::Write { file, pid } => {
                directory.write(opened(self.ours(file))?, content_of(pid).as_bytes());
                Reply::Done
            }
            Call::Disown { level } => {
                let id = opened(self.ours(Ours::At(level)))?;
                let mut bytes = directory.read(id);
                bytes.splice(..bytes.len().min(1), *b"-");
                directory.write(id, &bytes);
                Reply::Done
            }
            Call::StatClaim => Reply::Stat(directory.stat(opened(self.ours(Ours::Claim))?)),
            Call::Stat { name } => Reply::Stat(directory.stat(directory.id(&name)?)),
            Call::Open { name } => {
                let opened = directory.open(&name);
                if let Some(before) = self.open.take() {
                    directory.close(before);
                }
                self.open = Some(opened?);
                Reply::Id(opened?)
            }
            Call::Read => Reply::Bytes(directory.read(opened(self.open)?)),
            Call::StatOpen => Reply::Stat(directory.stat(opened(self.open)?)),
            Call::Identify { pid } => Reply::Identity(alive(pid).then(|| identity(pid, 0))),
            Call::Id { name } => Reply::Id(directory.id(&name)?),
            Call::List => Reply::Claims(directory.claims(), None),
            Call::Ask { owner } => Reply::Liveness(judge(&owner, alive)),
            Call::Keep { level } => {
                if let Some(file) = self.open.take() {
                    if let Some(index) = self.kept.iter().position(|it| it.0 == level) {
                        directory.close(self.kept.remove(index).1);
                    }
                    self.kept.push((level, file));
                }
                Reply::Done
            }
            Call::Link { name } => {
                let claim = self.claim.ok_or(ErrorCode::BadDescriptor)?;
                directory.link(&Name::Claim(claim), &name)?;
                Reply::Done
            }
            Call::Unlink { name } => {
                directory.unlink(&name)?;
                Reply::Done
            }
            Call::Forget => {
                for (_, file) in self.ours.drain(..) {
                    directory.close(file);
                }
                Reply::Done
            }
        })
    }
}

fn judge(owner: &Owner, alive: impl Fn(u32) -> bool) -> Liveness {
    let pid = match owner {
        Owner::Maker(identity) => pid_of(identity),
        Owner::Pid(pid) => *pid,
        Owner::Nobody => return Liveness::Dead(DeadReason::Nobody),
    };
    if alive(pid) {
        Liveness::Alive(AliveReason::Running)
    } else {
        Liveness::Dead(DeadReason::NoProcess)
    }
}
