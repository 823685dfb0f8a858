//! The whole world: a directory, some processes, and the events from outside that may still happen.

use lockhost_machine::{call::Ours, facts::ErrorCode};

use crate::{
    directory::{Content, Directory, File, Files, Modified, Name, Stat},
    faults::Failed,
    host::{judge, judge_unread},
    local::{End, Local, Turn, Who},
    seeds::Lie,
    setting::{Budget, Cached, Denial, Links, STRANGER},
    step::{Answer, Asked, Op},
    table::{Author, Table},
};

/// How many processes there can be at one time.
pub const SLOTS: usize = 5;

/// A state of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub directory: Directory,
    /// The states of the processes, by their numbers in the table.
    pub locals: [u32; SLOTS],
    /// The processes whose pid is a stranger's by now.
    pub strangers: u8,
    /// For each process: the originals that were in the middle of an attempt when it last began to wait or to act, and
    /// still are.
    pub since: [u8; SLOTS],
    pub budget: Budget,
    /// How many minutes have passed.
    pub era: u8,
    /// The files that a process of unknown liveness keeps locked.
    pub outside: Files,
    /// The files that a process examines and has found given up by their makers.
    pub given_up: Files,
    /// The deepest level that any process can want.
    pub deepest: u8,
    /// The next pid that no process had yet.
    pub next_pid: u8,
    /// Whether some process should acquire the lock.
    pub free: bool,
    pub owned: bool,
    pub crashed: bool,
    /// The owners whose lock file was removed, and that have not put it back.
    pub dispossessed: u8,
    /// Those that put back a file which was removed once more since they compared it.
    pub removed_again: u8,
    /// Whether a process has removed a file that another living one had made.
    pub robbed: bool,
    /// The failure, if there was one.
    pub failed: Option<Failed>,
}

impl World {
    /// Returns the process that has a pid now.
    pub fn living(&self, pid: u8, table: &Table) -> Option<Who> {
        for (slot, local) in self.locals.iter().enumerate() {
            let info = table.info(*local);
            if info.who.pid == pid && info.is_alive() {
                return Some(info.who);
            }
            if info.who.pid == pid && self.strangers & (1 << slot) != 0 {
                return Some(Who {
                    start: info.who.start + 1,
                    sweeps: false,
                    ..info.who
                });
            }
        }
        (STRANGER..STRANGER + 10).contains(&pid).then_some(Who {
            pid,
            ..Who::default()
        })
    }

    /// Returns the process that has a pid now, as another process sees it: none outside its PID namespace.
    fn neighbour(&self, pid: u8, who: Who, table: &Table) -> Option<Who> {
        let living = self.living(pid, table);
        living.filter(|it| it.place.elsewhere == who.place.elsewhere)
    }

    /// Returns the files that any process has open.
    pub fn open(&self, table: &Table) -> Files {
        let opened = self.locals.iter().map(|local| table.info(*local).opened);
        opened.fold(self.outside, Files::union)
    }

    /// Takes a process's next step. Returns the operation and its result.
    pub fn step(&mut self, slot: usize, table: &mut Table) -> (Op, Answer) {
        let Turn::Does(op) = table.info(self.locals[slot]).turn else {
            unreachable!("it does nothing")
        };
        let answer = match table.info(self.locals[slot]).lie {
            None => self.perform(slot, op, table),
            Some(Lie::Says(answer)) => answer,
            Some(Lie::CountsLinks(links)) => self.count_links(slot, links, table),
            Some(Lie::IsOld) => self.perform(slot, op, table).stating(|stat| Stat {
                modified: Modified::Old,
                ..stat
            }),
            Some(Lie::HasOneName) => self
                .perform(slot, op, table)
                .stating(|stat| Stat { links: 1, ..stat }),
        };
        table.note(slot, op, answer);
        self.become_of(slot, op, answer, table);
        (op, answer)
    }

    /// Hands a process an answer.
    pub fn become_of(&mut self, slot: usize, op: Op, answer: Answer, table: &mut Table) {
        let local = table.step(self.locals[slot], op, answer);
        self.put(slot, local, table);
    }

    /// Puts a process into another state.
    pub fn put(&mut self, slot: usize, local: u32, table: &mut Table) {
        let before = self.locals[slot];
        self.locals[slot] = local;
        let (before, now) = (table.info(before), table.info(local));
        if before.restoring && now.owner {
            self.dispossessed &= !(1 << slot) | self.removed_again;
            self.removed_again &= !(1 << slot);
        }
        if now.owner && !before.owner {
            self.owned = true;
            table.count(|counts| counts.acquisitions += 1);
        }
        if !table.info(local).in_a_hurry {
            self.since
                .iter_mut()
                .for_each(|since| *since &= !(1 << slot));
        }
        self.directory.forget_unused(self.open(table));
        if self.given_up != Files::default() {
            let looked_at = self.locals.iter().filter_map(|it| table.info(*it).open);
            self.given_up = self.given_up.intersection(looked_at.collect());
        }
    }

    /// The answer to the last part of a listing, with these of the claims.
    fn listed(&self, part: u32) -> Answer {
        let claims = self.directory.claims() & part;
        Answer::Claims(claims, self.directory.reclaims(), None, false)
    }

    /// Answers whether a name is a process's own by the fault's rule: its claim has this many links.
    fn count_links(&self, slot: usize, links: u8, table: &Table) -> Answer {
        match table.info(self.locals[slot]).claim {
            Some(file) if self.directory.stat(file).links >= links => Answer::Id(file),
            _ => Answer::Id(NO_FILE),
        }
    }

    /// Performs a process's operation.
    pub fn perform(&mut self, slot: usize, op: Op, table: &mut Table) -> Answer {
        self.try_perform(slot, op, table)
            .unwrap_or_else(Answer::Failed)
    }

    fn try_perform(&mut self, slot: usize, op: Op, table: &mut Table) -> Result<Answer, ErrorCode> {
        let info = table.info(self.locals[slot]);
        let who = info.who;
        let claim = || info.claim.ok_or(ErrorCode::BadDescriptor);
        let ours = |file| match file {
            Ours::Claim => claim(),
            Ours::At(level) => info.at(level).ok_or(ErrorCode::BadDescriptor),
        };
        let open = || info.open.ok_or(ErrorCode::BadDescriptor);
        Ok(match op {
            Op::Current(_) | Op::Keep(_) | Op::Forget | Op::Nothing => Answer::Done,
            Op::Create(number) => Answer::Id(self.create(Name::Claim(number), table)?),
            Op::MakeInPlace(level) => {
                self.wants(level);
                Answer::Id(self.create(Name::Level(level), table)?)
            }
            // A file that has lost its name is refused like one that is probed.
            Op::Guard(file)
                if table.evidence
                    && (self.is_locked(ours(file)?, slot, table)
                        || self.directory.stat(ours(file)?).links == 0) =>
            {
                Answer::Probed
            }
            Op::Guard(file) => ours(file).map(|_| Answer::Done)?,
            Op::Write(file, content) => {
                self.directory.write(ours(file)?, content);
                Answer::Done
            }
            Op::Disown(level) => {
                self.directory.disown(ours(Ours::At(level))?);
                Answer::Done
            }
            Op::StatClaim => Answer::Stat(self.stat_claim(slot, claim()?, table)),
            Op::Stat(name) => Answer::Stat(self.stat(slot, self.directory.id(name)?, table)),
            Op::Open(name) if self.may_not_open(self.directory.id(name)?, slot, table) => {
                return Err(ErrorCode::Access);
            }
            Op::Same(name, file, with) => {
                if name == Name::Level(0) {
                    self.removed_again &= !(1 << slot);
                }
                self.compared(slot, name, (file, with), table)?
            }
            Op::Open(name) | Op::Id(name) => {
                if op == Op::Id(Name::Level(0)) {
                    self.removed_again &= !(1 << slot);
                }
                Answer::Id(self.directory.id(name)?)
            }
            Op::Read => Answer::Content(self.directory.read(open()?)),
            Op::StatOpen => Answer::Stat(self.stat(slot, open()?, table)),
            Op::Identify(pid) => {
                let living = self.neighbour(pid, who, table);
                let living = living.filter(|it| !table.apart || *it == who);
                Answer::Identity(living.map(|who| table.first_claim_of(who)))
            }
            Op::List if table.torn => {
                Answer::Claims(self.directory.claims() & EVEN, false, None, true)
            }
            Op::List => self.listed(!0),
            Op::ListRest => self.listed(!EVEN),
            Op::Ask(asked) => judge(asked, who, |pid| self.neighbour(pid, who, table), table),
            Op::AskUnread(claim) => {
                judge_unread(claim, who, |pid| self.neighbour(pid, who, table), table)
            }
            Op::Probe(_, kept) if self.is_kept(open()?, table) => Answer::Liveness(kept),
            Op::Probe(free, _) => {
                if self.is_given_up(open()?, table) {
                    self.given_up.insert(open()?);
                }
                Answer::Locked(free)
            }
            Op::GiveBack(told) => Answer::Liveness(told),
            Op::Link(name) => {
                let last = info.last.ok_or(ErrorCode::NoEntry)?;
                if let Name::Level(level) = name {
                    self.wants(level);
                }
                self.link(who, last, name, table)?;
                if name == Name::Level(0) {
                    self.dispossessed &= !(1 << slot);
                    self.removed_again &= !(1 << slot);
                }
                Answer::Done
            }
            Op::LinkOpen(claim) => {
                let file = info.claim.ok_or(ErrorCode::BadDescriptor)?;
                // The kernel gives no name to a file that has lost its last one.
                if self.directory.stat(file).links == 0 {
                    return Err(ErrorCode::NoEntry);
                }
                self.directory.link(file, Name::Claim(claim))?;
                Answer::Done
            }
            Op::LinkLock(claim) => {
                let file = self.directory.id(Name::Level(0))?;
                self.directory.link(file, Name::Claim(claim))?;
                Answer::Done
            }
            Op::Replace(name) => {
                let file = self
                    .directory
                    .id(Name::Claim(info.last.unwrap_or_default()))?;
                let _ = self.directory.unlink(name);
                self.directory.link(file, name)?;
                Answer::Done
            }
            Op::Unlink(name) => {
                let made = (name, self.directory.id(name)?);
                let mut others = self
                    .locals
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != slot);
                let has_made = |(other, local): (usize, &u32)| {
                    let is_gone = name == Name::Level(0) && self.dispossessed & (1 << other) != 0;
                    !is_gone && table.info(*local).made.contains(&made)
                };
                let told = info.assumes && self.is_assumed_dead(made, table);
                let robbed = others.any(has_made) || !told && self.is_an_outsiders(made.1, table);
                let buried = matches!(name, Name::Claim(_)) && self.given_up.contains(made.1);
                self.robbed |= robbed && !buried;
                self.directory.unlink(name)?;
                Answer::Done
            }
            Op::Make(level, content) => {
                let file = self.create(Name::Level(level), table)?;
                self.directory.write(file, content);
                Answer::Id(file)
            }
            Op::WriteMade(content) => {
                self.directory.write(open()?, content);
                Answer::Done
            }
            Op::Kill(pid) => Answer::Exists(self.neighbour(pid, who, table).is_some()),
        })
    }

    /// Returns whether a file is not a lock, or is that of a process outside the model that lives or may live.
    fn is_an_outsiders(&self, file: File, table: &Table) -> bool {
        let strangers = STRANGER..STRANGER + 10;
        let mut names = self.directory.names().filter(|(_, other)| *other == file);
        let claimed = names.any(|(name, _)| match name {
            Name::Level(_) => false,
            Name::Claim(claim) => match table.claim(claim).author {
                Author::Process(who, _) => strangers.contains(&who.pid),
                Author::Foreign(_) | Author::Unproven(_) => !table.claim(claim).evidence,
            },
        });
        claimed
            || self.outside.contains(file)
            || match self.directory.read(file) {
                Content::Pid(pid) | Content::More(pid) => strangers.contains(&pid),
                content => content == Content::Long,
            }
    }

    /// Returns whether a process may not open a file: its user may only open the files that it made.
    fn may_not_open(&self, file: File, slot: usize, table: &Table) -> bool {
        let info = table.info(self.locals[slot]);
        info.who.place.another_user && !info.has_made_file(file)
    }

    /// Returns the status that a process sees: the count of names may be wrong.
    pub fn stat(&self, slot: usize, file: File, table: &Table) -> Stat {
        let stat = self.directory.stat(file);
        match table.sees_one_link & (1 << slot) {
            0 => stat,
            _ => Stat { links: 1, ..stat },
        }
    }

    /// Returns the status of a process's own claim: a cached count is from the time when it had one name.
    fn stat_claim(&self, slot: usize, claim: File, table: &Table) -> Stat {
        let stat = self.stat(slot, claim, table);
        match table.cached {
            Cached::Nothing => stat,
            Cached::Believable | Cached::Everything => Stat { links: 1, ..stat },
        }
    }

    /// Returns whether a file is still empty and unlocked a minute after it was made. A claim's maker, if it lives,
    /// makes another one when it finds this one removed, even if it was about to go on with it.
    fn is_given_up(&self, file: File, table: &Table) -> bool {
        let stat = self.directory.stat(file);
        stat.content == Content::Empty
            && stat.modified != Modified::Fresh(self.era)
            && !self.is_kept(file, table)
    }

    /// Asserts that a process may want this level. Steps that check deeper levels are not put in an order with others.
    fn wants(&self, level: u8) {
        assert!(level <= self.deepest, "no process wants level {level}");
    }

    fn link(&mut self, who: Who, claim: u8, name: Name, table: &Table) -> Result<(), ErrorCode> {
        let file = self.directory.id(Name::Claim(claim))?;
        match table.denial {
            _ if !who.place.denied => {}
            Denial::AtOnce => return Err(ErrorCode::NotPermitted),
            Denial::WhereFree if self.directory.id(name).is_ok() => return Err(ErrorCode::Exist),
            Denial::WhereFree => return Err(ErrorCode::Access),
        }
        match table.links {
            Links::Work => self.directory.link(file, name),
            Links::Lack(code) => Err(code),
            Links::Apart => {
                let other = self.create(name, table)?;
                self.directory.write(other, self.directory.read(file));
                Ok(())
            }
        }
    }

    fn create(&mut self, name: Name, table: &Table) -> Result<File, ErrorCode> {
        let open = self.open(table);
        self.directory.create(name, Modified::Fresh(self.era), open)
    }

    /// Returns whether any process keeps a file locked exclusively.
    fn is_kept(&self, file: File, table: &Table) -> bool {
        let mut guards = self.locals.iter().map(|local| table.info(*local).guards);
        self.outside.contains(file) || guards.any(|guards| guards.contains(file))
    }

    /// Returns whether any process but this one keeps a file locked.
    fn is_locked(&self, file: File, slot: usize, table: &Table) -> bool {
        let others = self
            .locals
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != slot);
        let mut probes = others.map(|(_, local)| table.info(*local).probes);
        self.is_kept(file, table) || probes.any(|probes| probes.contains(file))
    }

    /// Goes on with a process as long as no other process could notice, or make a difference.
    pub fn go_on_unnoticed(&mut self, slot: usize, table: &mut Table) {
        while let Turn::Does(op) = table.info(self.locals[slot]).turn
            && self.is_private(slot, op, table)
        {
            let mut next = *self;
            next.step(slot, table);
            let (before, now) = (table.info(self.locals[slot]), table.info(next.locals[slot]));
            if !now.is_alive() || now.owner != before.owner {
                return;
            }
            *self = next;
        }
    }

    /// Returns whether a step is independent of everything that other processes can do before it is taken. Its result
    /// is the same whenever it is taken, and no other process sees whether it was.
    fn is_private(&self, slot: usize, op: Op, table: &Table) -> bool {
        let info = table.info(self.locals[slot]);
        match op {
            _ if info.fresh => false,
            Op::Current(_) => true,
            // No process checks a level that deep.
            Op::Id(Name::Level(level))
            | Op::Same(Name::Level(level), ..)
            | Op::Stat(Name::Level(level)) => level > self.deepest,
            // Without evidence it locks nothing.
            Op::Guard(_) => !table.evidence,
            // It uses only what was already true when the claim was made.
            Op::StatClaim => info.lie.is_none(),
            Op::Identify(pid) => self.stays_dead(pid, table),
            Op::Ask(Asked::Nobody) => true,
            Op::Ask(Asked::Pid(pid)) => pid != info.who.pid && self.stays_dead(pid, table),
            // No process becomes this maker again.
            Op::Ask(Asked::Maker(claim)) => match table.claim(claim).author {
                Author::Process(maker, _) => self.living(maker.pid, table) != Some(maker),
                Author::Foreign(_) | Author::Unproven(_) => true,
            },
            // The file is not locked, and the probe would block no process: no process alive has made it.
            Op::Probe(..) | Op::GiveBack(_) => {
                info.open.is_some_and(|file| self.is_unclaimed(file, table))
            }
            // A file's content stays in it once it is written.
            Op::Read => info.open.is_some_and(|file| self.is_written(file, table)),
            _ => false,
        }
    }

    /// Returns whether no process has a pid, nor can get it any more.
    fn stays_dead(&self, pid: u8, table: &Table) -> bool {
        let Budget {
            reuses, strangers, ..
        } = self.budget;
        let had_before = pid < self.next_pid && reuses == 0 && strangers == 0;
        (had_before || pid >= STRANGER) && self.living(pid, table).is_none()
    }

    /// Returns whether a file is not the claim of any living process, nor made in place by one.
    fn is_unclaimed(&self, file: File, table: &Table) -> bool {
        let mut infos = self.locals.iter().map(|local| table.info(*local));
        !self.outside.contains(file) && !infos.any(|info| info.has_made_file(file))
    }

    /// Returns whether no process can write into a file any more.
    fn is_written(&self, file: File, table: &Table) -> bool {
        let written = self.directory.read(file) != Content::Empty;
        let mut locals = self.locals.iter();
        !locals.any(|local| table.info(*local).may_write(file, written))
    }

    /// Ends a process between two steps.
    pub fn crash(&mut self, who: Who, table: &mut Table) {
        for slot in 0..SLOTS {
            let info = table.info(self.locals[slot]);
            if info.who == who && info.is_alive() {
                let gone = table.number(Local::gone(who, End::Well));
                self.put(slot, gone, table);
            }
        }
    }
}

/// Not the number of any file.
const NO_FILE: File = 31;

/// The claims that the first half of a listing shows.
const EVEN: u32 = 0x5555_5555;
