//! A lockhost attempt that takes one step at a time, on a real directory: the guest's own machine, and a driver that
//! stops wherever a test wants it to. It only knows whether a process exists, and keeps no evidence.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use lockhost_machine::{
    call::{Call, FileId, FileStat, Listed, Maker, Next, Ours, Owner, Reply},
    facts::{
        AliveReason, Datetime, DeadReason, DescriptorType, ErrorCode, Liveness, UnknownReason,
    },
    machine::{
        Machine,
        outcome::{Error, Outcome},
    },
    names::{self, Name, Names, content_of},
};

use crate::{
    files::{self, Seen},
    running::is_there,
};

/// An attempt, stopped before a step. Dropping it is a crash: no name is given up.
pub struct Stepped {
    machine: Machine,
    directory: PathBuf,
    names: Names,
    pid: u32,
    identity: String,
    next: Next<Outcome>,
    claim: Option<Name>,
    ours: Vec<(Ours, File)>,
    open: Option<File>,
    kept: Vec<File>,
}

impl Stepped {
    /// Returns an attempt at the lock of a directory by a process with this pid and identity, before its first step.
    #[must_use]
    pub fn new(directory: &Path, pid: u32, identity: &str) -> Self {
        let mut machine = Machine::new("tinyforge.lock".into(), None);
        let next = machine.start(0);
        Self {
            names: machine.names().clone(),
            machine,
            directory: directory.to_owned(),
            pid,
            identity: identity.to_owned(),
            next,
            claim: None,
            ours: Vec::new(),
            open: None,
            kept: Vec::new(),
        }
    }

    /// Takes steps until the next one is such a step.
    ///
    /// # Panics
    /// If there never is such a step.
    pub fn stop_before(&mut self, is_it: impl Fn(&Call) -> bool) {
        while let Next::Call(call) = self.next {
            if is_it(&call) {
                return;
            }
            self.step(call);
        }
        panic!("it ended, or waits, before that: {:?}", self.next);
    }

    /// Takes this step and no other.
    ///
    /// # Panics
    /// If the next step is another one.
    pub fn take(&mut self, is_it: impl Fn(&Call) -> bool) {
        match self.next {
            Next::Call(call) if is_it(&call) => self.step(call),
            ref other => panic!("next is {other:?}"),
        }
    }

    /// Takes all steps until it has the lock, has to wait, or has failed.
    ///
    /// # Errors
    /// Any end of the attempt without the lock.
    pub fn run(&mut self) -> Result<(), Box<Error>> {
        loop {
            match &self.next {
                Next::Call(call) => {
                    let call = *call;
                    self.step(call);
                }
                Next::End(outcome) => return outcome.map_err(Box::new),
            }
        }
    }

    /// Goes on after waiting this long in total, in milliseconds. No time passes.
    ///
    /// # Errors
    /// As [`Stepped::run`].
    pub fn go_on_after(&mut self, elapsed: u64) -> Result<(), Box<Error>> {
        self.next = self.machine.start(elapsed);
        self.run()
    }

    /// Returns whether the lock file is its own.
    #[must_use]
    pub fn still_held(&self) -> bool {
        self.look_at(&Name::Level(0))
            .is_ok_and(|seen| Some(id(&seen)) == self.machine.own())
    }

    fn step(&mut self, call: Call) {
        let reply = self.perform(call);
        self.next = self
            .machine
            .reply(reply.unwrap_or_else(|error| Reply::Failed(code(&error))));
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.directory.join(self.names.file(name))
    }

    fn look_at(&self, name: &Name) -> io::Result<Seen> {
        files::look_at(&self.path(name))
    }

    fn perform(&mut self, call: Call) -> io::Result<Reply> {
        Ok(match call {
            Call::Current { attempt } => self.introduce(attempt),
            Call::Create { claim } => {
                let name = Name::Claim(claim);
                self.claim = Some(name);
                self.make(Ours::Claim, &name)?
            }
            Call::Make { level } => self.make(Ours::At(level), &Name::Level(level))?,
            Call::Guard { .. } => Reply::Done,
            Call::Keep { .. } => {
                self.kept.extend(self.open.take());
                Reply::Done
            }
            Call::Write { file, pid } => {
                let content = content_of(pid);
                files::write_at_start(self.ours(file)?, content.as_bytes())?;
                Reply::Done
            }
            Call::Disown { level } => {
                files::write_at_start(self.ours(Ours::At(level))?, b"-")?;
                Reply::Done
            }
            Call::StatClaim => {
                let claim = self.ours(Ours::Claim)?;
                Reply::Stat(stat(&files::look(claim)?, &claim.metadata()?)?)
            }
            Call::Stat { name } => {
                let file = fs::symlink_metadata(self.path(&name))?;
                Reply::Stat(stat(&self.look_at(&name)?, &file)?)
            }
            Call::Open { name } => {
                let file = File::open(self.path(&name))?;
                Reply::Id(id(&files::look(self.open.insert(file))?))
            }
            Call::Read => {
                let mut bytes = Vec::new();
                opened(&self.open)?.read_to_end(&mut bytes)?;
                Reply::Bytes(bytes)
            }
            Call::StatOpen => {
                let open = opened(&self.open)?;
                Reply::Stat(stat(&files::look(open)?, &open.metadata()?)?)
            }
            // No shortcut: the directory is listed.
            Call::Identify { .. } => Reply::Identity(None),
            Call::Id { name } | Call::Same { name, .. } => Reply::Id(id(&self.look_at(&name)?)),
            Call::List => self.list()?,
            Call::ListOn => unreachable!("a listing is one part"),
            Call::Ask { owner } => Reply::Liveness(judge(&owner)),
            Call::AskUnread { maker } => Reply::Liveness(judge(&Owner::Maker(maker))),
            Call::Link { name } => {
                let claim = self.claim.ok_or(ErrorKind::NotFound)?;
                fs::hard_link(self.path(&claim), self.path(&name))?;
                Reply::Done
            }
            Call::LinkOpen { .. } => unreachable!("nothing is put back"),
            Call::Unlink { name } => {
                fs::remove_file(self.path(&name))?;
                Reply::Done
            }
            Call::Forget => {
                self.ours.clear();
                Reply::Done
            }
        })
    }
}

impl Stepped {
    fn make(&mut self, which: Ours, name: &Name) -> io::Result<Reply> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let file = options.open(self.path(name))?;
        let id = id(&files::look(&file)?);
        self.ours.push((which, file));
        Ok(Reply::Id(id))
    }

    /// Returns the file that it made last as this.
    fn ours(&self, which: Ours) -> io::Result<&File> {
        let made = self.ours.iter().rev().find(|made| made.0 == which);
        made.map(|made| &made.1)
            .ok_or_else(|| io::Error::other("no such file is open"))
    }

    fn introduce(&self, attempt: u32) -> Reply {
        let identity = match attempt {
            0 => self.identity.clone(),
            attempt => format!("{}-a{attempt}", self.identity),
        };
        Reply::Maker(Maker {
            pid: self.pid,
            identity: names::Identity::new(&identity).expect("an identity"),
            evidence: false,
            session: false,
        })
    }

    fn list(&self) -> io::Result<Reply> {
        let mut listed = Listed::default();
        for entry in fs::read_dir(&self.directory)? {
            if let Some(name) = entry?.file_name().to_str() {
                listed.reclaims |= self.names.is_reclaim(name);
                listed.claims.extend(self.names.claimant(name));
            }
        }
        Ok(Reply::Listed(listed))
    }
}

/// Returns whether a step gives the file at this level a name of ours.
pub fn links(level: u8) -> impl Fn(&Call) -> bool {
    move |call| matches!(call, Call::Link { name: Name::Level(it) } if *it == level)
}

/// Returns whether a step removes the file at this level.
pub fn unlinks(level: u8) -> impl Fn(&Call) -> bool {
    move |call| matches!(call, Call::Unlink { name: Name::Level(it) } if *it == level)
}

/// Returns whether a step lists the directory.
#[must_use]
pub fn lists(call: &Call) -> bool {
    matches!(call, Call::List)
}

fn opened(file: &Option<File>) -> io::Result<&File> {
    file.as_ref()
        .ok_or_else(|| io::Error::other("no file is open"))
}

fn id(seen: &Seen) -> FileId {
    FileId(seen.id.device, seen.id.number)
}

fn stat(seen: &Seen, file: &Metadata) -> io::Result<FileStat> {
    // WASI counts from 1970, and nothing here is older.
    let modified = file.modified()?.duration_since(UNIX_EPOCH);
    let modified = modified.map_err(io::Error::other)?;
    Ok(FileStat {
        kind: if file.is_file() {
            DescriptorType::RegularFile
        } else {
            DescriptorType::Unknown
        },
        size: seen.size,
        links: seen.links,
        modified: Some(Datetime {
            seconds: modified.as_secs(),
            nanoseconds: modified.subsec_nanos(),
        }),
    })
}

fn code(error: &io::Error) -> ErrorCode {
    match error.kind() {
        ErrorKind::NotFound => ErrorCode::NoEntry,
        ErrorKind::AlreadyExists => ErrorCode::Exist,
        _ => ErrorCode::Io,
    }
}

fn judge(owner: &Owner) -> Liveness {
    let pid = match owner {
        Owner::Pid(pid) => Some(*pid),
        Owner::Maker(identity) => pid_of(identity.as_str()),
        Owner::Nobody => return Liveness::Dead(DeadReason::Nobody),
    };
    match pid.and_then(is_there) {
        None => Liveness::Unknown(UnknownReason::Unreadable),
        Some(false) => Liveness::Dead(DeadReason::NoProcess),
        Some(true) => Liveness::Alive(AliveReason::Running),
    }
}

fn pid_of(identity: &str) -> Option<u32> {
    identity.split('-').nth(1)?.strip_prefix('p')?.parse().ok()
}
