//! Performs the machine's calls through `wasi:filesystem` and the import `process`.

use alloc::vec::Vec;

use crate::{
    call::{Call, FileId, FileStat, Maker, Next, Ours, Owner, Reply},
    contract::{
        Descriptor, DescriptorFlags, DescriptorStat, ErrorCode, Evidence, GuardError, OpenFlags,
        PathFlags, process,
    },
    lockfile::{Identity, LONGEST, Name, Names, content_of},
};

/// How many entries of a directory may be such that they cannot be looked at.
const UNSEEN: u32 = 1_000;

/// A directory, handed over or lent.
pub enum Dir<'a> {
    /// Handed over.
    Own(Descriptor),
    /// Lent.
    Lent(&'a Descriptor),
}

/// A file that we made, until it is closed: its evidence goes first.
struct Made {
    which: Ours,
    evidence: Option<Evidence>,
    file: Descriptor,
}

/// The directory, and the files in it that an attempt or a lock has open.
pub struct Driver<'a> {
    dir: Dir<'a>,
    names: Names,
    claim: Option<Identity>,
    ours: Vec<Made>,
    open: Option<Descriptor>,
    kept: Vec<(u8, Descriptor)>,
}

impl<'a> Driver<'a> {
    /// For the lock of these names in a directory.
    pub fn new(dir: Dir<'a>, names: Names) -> Self {
        Self {
            dir,
            names,
            claim: None,
            ours: Vec::new(),
            open: None,
            kept: Vec::new(),
        }
    }

    /// Perform calls until a part of the machine comes to its end.
    pub fn run<T>(&mut self, mut next: Next<T>, mut reply: impl FnMut(Reply) -> Next<T>) -> T {
        loop {
            match next {
                Next::Call(call) => next = reply(self.perform(call)),
                Next::End(end) => return end,
            }
        }
    }

    /// Close all but what is the lock: the claim, or the file that was made in its place, and the evidence on it.
    pub fn close_looked_at(&mut self) {
        self.open = None;
        self.kept = Vec::new();
        self.ours
            .retain(|made| matches!(made.which, Ours::Claim | Ours::At(0)));
    }

    /// Which file has this name now, or why that cannot be said.
    ///
    /// # Errors
    /// As the file system answers.
    pub fn id_at(&self, name: &Name) -> Result<FileId, ErrorCode> {
        let hash = self
            .dir()
            .metadata_hash_at(PathFlags::empty(), &self.names.file(name))?;
        Ok(FileId(hash.lower, hash.upper))
    }

    fn dir(&self) -> &Descriptor {
        match &self.dir {
            Dir::Own(dir) => dir,
            Dir::Lent(dir) => dir,
        }
    }

    fn perform(&mut self, call: Call) -> Reply {
        self.try_perform(call).unwrap_or_else(Reply::Failed)
    }

    fn try_perform(&mut self, call: Call) -> Result<Reply, ErrorCode> {
        match call {
            Call::Current { attempt } => Ok(self.current(attempt)),
            Call::Create { claim } => self.create(claim),
            Call::Make { level } => self.make(level),
            Call::Guard { file } => self.guard(file),
            Call::Write { file, pid } => self.write(file, &content_of(pid)),
            // A file that begins with a hyphen names nobody, whatever stands behind it.
            Call::Disown { level } => self.write(Ours::At(level), "-"),
            Call::StatClaim => stat(self.ours(Ours::Claim)),
            Call::Stat { name } => self
                .dir()
                .stat_at(PathFlags::empty(), &self.names.file(&name))
                .map(|stat| Reply::Stat(stat.into())),
            Call::Open { name } => self.open(&name),
            Call::Read => self.read(),
            Call::StatOpen => stat(self.open.as_ref()),
            Call::Identify { pid } => {
                let identity = process::identify(pid, self.dir());
                Ok(Reply::Identity(
                    identity.and_then(|text| Identity::new(&text)),
                ))
            }
            Call::Id { name } => self.id_at(&name).map(Reply::Id),
            Call::List => self.list(),
            Call::Ask { owner } => {
                let file = opened(self.open.as_ref())?;
                Ok(Reply::Liveness(process::process_alive(&told(&owner), file)))
            }
            Call::Keep { level } => {
                if let Some(file) = self.open.take() {
                    self.kept.retain(|(other, _)| *other != level);
                    self.kept.push((level, file));
                }
                Ok(Reply::Done)
            }
            Call::Link { name } => self.link(&name),
            Call::Unlink { name } => {
                self.dir().unlink_file_at(&self.names.file(&name))?;
                Ok(Reply::Done)
            }
            Call::Forget => {
                self.ours = Vec::new();
                Ok(Reply::Done)
            }
        }
    }

    fn current(&self, attempt: u32) -> Reply {
        match process::current(self.dir(), attempt) {
            Ok(maker) => match Identity::new(&maker.identity) {
                Some(identity) => Reply::Maker(Maker {
                    pid: maker.pid,
                    identity,
                    evidence: maker.evidence,
                }),
                None => Reply::Refused("the host's identity for this process is none".into()),
            },
            Err(why) => Reply::Refused(why),
        }
    }

    fn create(&mut self, claim: Identity) -> Result<Reply, ErrorCode> {
        let name = Name::Claim(claim);
        let file = self.open_new(&name)?;
        let kept = self.keep(Ours::Claim, file);
        self.claim = Some(claim);
        if kept.is_err() {
            // It was made a moment ago and has an identity's name, so it is ours to take back.
            let _ = self.dir().unlink_file_at(&self.names.file(&name));
        }
        kept
    }

    fn make(&mut self, level: u8) -> Result<Reply, ErrorCode> {
        let file = self.open_new(&Name::Level(level))?;
        // If that fails the file stays, and names nobody: whose a lock file's name is by now cannot be known without it.
        self.keep(Ours::At(level), file)
    }

    fn open_new(&self, name: &Name) -> Result<Descriptor, ErrorCode> {
        self.dir().open_at(
            PathFlags::empty(),
            &self.names.file(name),
            OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
            DescriptorFlags::READ | DescriptorFlags::WRITE,
        )
    }

    fn keep(&mut self, which: Ours, file: Descriptor) -> Result<Reply, ErrorCode> {
        let id = id_of(&file)?;
        self.ours.retain(|made| made.which != which);
        self.ours.push(Made {
            which,
            evidence: None,
            file,
        });
        Ok(Reply::Id(id))
    }

    fn ours(&self, which: Ours) -> Option<&Descriptor> {
        let made = self.ours.iter().find(|made| made.which == which);
        made.map(|made| &made.file)
    }

    fn guard(&mut self, which: Ours) -> Result<Reply, ErrorCode> {
        let made = self.ours.iter_mut().find(|made| made.which == which);
        let made = made.ok_or(ErrorCode::BadDescriptor)?;
        match process::guard(&made.file) {
            Ok(evidence) => {
                made.evidence = Some(evidence);
                Ok(Reply::Done)
            }
            Err(GuardError::Probed) => Ok(Reply::Probed),
            Err(GuardError::Refused(why)) => Ok(Reply::Refused(why)),
        }
    }

    fn write(&mut self, which: Ours, content: &str) -> Result<Reply, ErrorCode> {
        let written = opened(self.ours(which))?.write(content.as_bytes(), 0)?;
        // A file system that takes a part of a few bytes has no room for the rest.
        if written == content.len() as u64 {
            Ok(Reply::Done)
        } else {
            Err(ErrorCode::InsufficientSpace)
        }
    }

    fn open(&mut self, name: &Name) -> Result<Reply, ErrorCode> {
        // The file that was open before stays so until this one is: its number cannot come back as this one's.
        let file = self.dir().open_at(
            PathFlags::empty(),
            &self.names.file(name),
            OpenFlags::empty(),
            DescriptorFlags::READ,
        );
        self.open = None;
        let file = file?;
        let id = id_of(&file)?;
        self.open = Some(file);
        Ok(Reply::Id(id))
    }

    fn read(&mut self) -> Result<Reply, ErrorCode> {
        let file = opened(self.open.as_ref())?;
        let (bytes, _) = file.read(LONGEST as u64 + 1, 0)?;
        Ok(Reply::Bytes(bytes))
    }

    fn list(&mut self) -> Result<Reply, ErrorCode> {
        let entries = self.dir().read_directory()?;
        let mut claims = Vec::new();
        let mut unseen = None;
        let mut failures = 0;
        loop {
            match entries.read_directory_entry() {
                Ok(Some(entry)) => claims.extend(self.names.claimant(&entry.name)),
                Ok(None) => return Ok(Reply::Claims(claims, unseen)),
                // One entry went away, or has a name that is no text: nobody's claim.
                Err(ErrorCode::NoEntry | ErrorCode::IllegalByteSequence) => {}
                // One entry cannot be looked at, as a mount point whose server is gone. Bounded, in case a host means
                // that there is no more to come.
                Err(code) if failures < UNSEEN => {
                    failures += 1;
                    unseen = Some(code);
                }
                Err(code) => return Err(code),
            }
        }
    }

    fn link(&mut self, name: &Name) -> Result<Reply, ErrorCode> {
        let claim = self.claim.ok_or(ErrorCode::BadDescriptor)?;
        let dir = self.dir();
        dir.link_at(
            PathFlags::empty(),
            &self.names.file(&Name::Claim(claim)),
            dir,
            &self.names.file(name),
        )?;
        Ok(Reply::Done)
    }
}

fn told(owner: &Owner) -> process::Owner {
    match owner {
        Owner::Maker(identity) => process::Owner::Maker(identity.as_str().into()),
        Owner::Pid(pid) => process::Owner::Pid(*pid),
        Owner::Nobody => process::Owner::Nobody,
    }
}

fn opened(file: Option<&Descriptor>) -> Result<&Descriptor, ErrorCode> {
    file.ok_or(ErrorCode::BadDescriptor)
}

fn id_of(file: &Descriptor) -> Result<FileId, ErrorCode> {
    let hash = file.metadata_hash()?;
    Ok(FileId(hash.lower, hash.upper))
}

fn stat(file: Option<&Descriptor>) -> Result<Reply, ErrorCode> {
    Ok(Reply::Stat(opened(file)?.stat()?.into()))
}

impl From<DescriptorStat> for FileStat {
    fn from(stat: DescriptorStat) -> Self {
        Self {
            kind: stat.type_,
            size: stat.size,
            links: stat.link_count,
            modified: stat.data_modification_timestamp,
        }
    }
}
