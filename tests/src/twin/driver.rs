//! The twin's driver, which performs the machine's calls as the guest's driver does, but natively.

use std::{
    fs::File,
    os::fd::{AsFd, BorrowedFd},
};

use lockhost::process::Evidence;
use lockhost_machine::{
    call::{Call, FileId, Next, Ours, Owner, Reply},
    facts::ErrorCode,
    names::{DEEPEST, LONGEST, Names, content_of},
};

use super::{
    files::{self, Listing, Opened},
    questions,
};

/// A file that we made.
enum Made {
    Unguarded(File),
    Guarded(Evidence),
}

impl AsFd for Made {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unguarded(file) => file.as_fd(),
            Self::Guarded(evidence) => evidence.file().as_fd(),
        }
    }
}

/// The files that an attempt or a lock has open.
pub(super) struct Driver {
    names: Names,
    /// The name of our claim.
    claim: String,
    /// The claim, then the files made in place, by level.
    ours: [Option<Made>; DEEPEST as usize + 2],
    open: Option<Opened>,
    kept: [Option<Opened>; DEEPEST as usize + 2],
    listing: Option<Listing>,
}

impl Driver {
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            claim: String::new(),
            ours: Default::default(),
            open: None,
            kept: Default::default(),
            listing: None,
        }
    }

    /// Performs calls in a directory until a part of the machine ends.
    pub(super) fn run<T>(
        &mut self,
        dir: &File,
        mut next: Next<T>,
        mut reply: impl FnMut(Reply) -> Next<T>,
    ) -> T {
        loop {
            match next {
                Next::Call(call) => {
                    let answer = self.perform(dir, call);
                    next = reply(answer.unwrap_or_else(Reply::Failed));
                }
                Next::End(end) => {
                    self.listing = None;
                    return end;
                }
            }
        }
    }

    /// Closes files that were only examined, and reclaim locks that were made in place.
    pub(super) fn close_looked_at(&mut self) {
        self.open = None;
        for reclaim in self.ours.iter_mut().skip(2) {
            *reclaim = None;
        }
        self.kept = Default::default();
    }

    fn perform(&mut self, dir: &File, call: Call) -> Result<Reply, ErrorCode> {
        match call {
            Call::Current { attempt } => Ok(questions::current(dir, attempt)),
            Call::Create { claim } => self.create(dir, self.names.claim(&claim)),
            Call::Make { level } => {
                let file = files::create(dir, &self.names.level(level))?;
                self.make(Ours::At(level), file)
            }
            Call::Guard { file } => self.guard(file),
            Call::Write { file, pid } => self.write(file, &content_of(pid)),
            Call::Disown { level } => self.write(Ours::At(level), "-"),
            Call::StatClaim => files::stat(self.ours(Ours::Claim)?).map(Reply::Stat),
            Call::Stat { name } => files::stat_at(dir, &self.names.file(&name)).map(Reply::Stat),
            Call::Open { name } => self.open(dir, &self.names.file(&name)),
            Call::Read => self.opened()?.read(LONGEST + 1).map(Reply::Bytes),
            Call::StatOpen => files::stat(self.opened()?.file()).map(Reply::Stat),
            Call::Identify { pid } => Ok(questions::identify(dir, pid)),
            Call::Id { name } => files::id_at(dir, &self.names.file(&name)).map(Reply::Id),
            Call::List => {
                self.listing = Some(Listing::of(dir)?);
                self.list_on()
            }
            Call::ListOn => self.list_on(),
            Call::Ask { owner } => Ok(questions::ask(&owner, self.opened()?.file())),
            Call::AskUnread { maker } => Ok(questions::ask(&Owner::Maker(maker), dir)),
            Call::Keep { level } => {
                if let Some(kept) = self.kept.get_mut(usize::from(level)) {
                    *kept = self.open.take();
                }
                Ok(Reply::Done)
            }
            Call::Link { name } => files::link(dir, &self.claim, &self.names.file(&name)),
            // For a lock that is put back, which the twin does not do.
            Call::LinkOpen { .. } => Err(ErrorCode::Unsupported),
            Call::Unlink { name } => files::unlink(dir, &self.names.file(&name)),
            Call::Forget => {
                self.ours = Default::default();
                Ok(Reply::Done)
            }
        }
    }

    fn list_on(&mut self) -> Result<Reply, ErrorCode> {
        let listing = self.listing.as_mut().ok_or(ErrorCode::BadDescriptor)?;
        let listed = listing.part(&self.names);
        if !listed.more {
            self.listing = None;
        }
        Ok(Reply::Listed(listed))
    }

    fn create(&mut self, dir: &File, name: String) -> Result<Reply, ErrorCode> {
        let file = files::create(dir, &name)?;
        let made = self.make(Ours::Claim, file);
        if made.is_err() {
            let _ = files::unlink(dir, &name);
        }
        self.claim = name;
        made
    }

    fn make(&mut self, which: Ours, file: File) -> Result<Reply, ErrorCode> {
        let id: FileId = files::id(&file)?;
        *self.slot(which)? = Some(Made::Unguarded(file));
        Ok(Reply::Id(id))
    }

    fn slot(&mut self, which: Ours) -> Result<&mut Option<Made>, ErrorCode> {
        let slot = match which {
            Ours::Claim => 0,
            Ours::At(level) => usize::from(level) + 1,
        };
        self.ours.get_mut(slot).ok_or(ErrorCode::BadDescriptor)
    }

    fn ours(&mut self, which: Ours) -> Result<&Made, ErrorCode> {
        self.slot(which)?.as_ref().ok_or(ErrorCode::BadDescriptor)
    }

    /// Guards a file. One that cannot be guarded is closed at once; the component closes it only when it forgets it or
    /// makes it anew.
    fn guard(&mut self, which: Ours) -> Result<Reply, ErrorCode> {
        let slot = self.slot(which)?;
        let Some(Made::Unguarded(file)) = slot.take() else {
            return Err(ErrorCode::BadDescriptor);
        };
        let (evidence, reply) = questions::guard(file);
        *slot = evidence.map(Made::Guarded);
        Ok(reply)
    }

    fn write(&mut self, which: Ours, content: &str) -> Result<Reply, ErrorCode> {
        if files::write(self.ours(which)?, content)? == content.len() {
            Ok(Reply::Done)
        } else {
            Err(ErrorCode::InsufficientSpace)
        }
    }

    /// Opens a file. The file that was open before stays open until this one is.
    fn open(&mut self, dir: &File, name: &str) -> Result<Reply, ErrorCode> {
        let opened = files::open(dir, name);
        self.open = None;
        let opened = opened?;
        let id = files::id(opened.file())?;
        self.open = Some(opened);
        Ok(Reply::Id(id))
    }

    fn opened(&self) -> Result<&Opened, ErrorCode> {
        self.open.as_ref().ok_or(ErrorCode::BadDescriptor)
    }
}
