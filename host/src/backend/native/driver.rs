//! The driver, which performs the machine's calls by the calls of the operating system. It decides nothing.

use std::{fs::File, mem, sync::Arc};

use lockhost_machine::{
    call::{Call, FileId, FileStat, Known, Listed, Next, Ours, Owner, Reply},
    facts::ErrorCode,
    names::{DEEPEST, LONGEST, Names, content_of},
};

use super::{
    files::{self, Listing, Opened},
    questions,
};
use crate::{
    member::{Member, Observer},
    process::{Evidence, GuardError, judge::Sessions, mode::Mode},
};

/// How many entries of a directory may fail to be read.
const UNSEEN: u32 = 1_000;

/// How many claims one part of a listing has at most: all that the driver keeps of a directory at one time.
const CLAIMS: usize = 64;

/// How many entries are read for one part at most, of whatever kind.
const ENTRIES: u32 = 1_024;

/// A file that we made, until it is closed. Its evidence is dropped first.
struct Made {
    /// The evidence, or why there is none.
    evidence: Result<Evidence, GuardError>,
    /// Whether the machine has not asked for the evidence yet.
    unasked: bool,
    file: Arc<File>,
}

/// The files that an attempt or a lock has open.
pub(super) struct Driver {
    names: Names,
    /// The mode of claims.
    mode: Mode,
    /// The type of the directory's file system, if locks are evidence there; unknown until the first question about it.
    place: Option<Option<u64>>,
    /// The session of this process, if it has one at a coordinator.
    member: Option<Arc<Member>>,
    /// What asks a coordinator without a session.
    observer: Option<Arc<Observer>>,
    /// The name of our claim.
    claim: String,
    /// The claim, then the files made in place, by level.
    ours: [Option<Made>; DEEPEST as usize + 2],
    open: Option<Opened>,
    /// The kept files by level; beyond the deepest level there may be one that is examined.
    kept: [Option<Opened>; DEEPEST as usize + 2],
    listing: Option<(Listing, u32)>,
}

impl Driver {
    /// Creates a driver for the lock of these names.
    pub(super) fn new(names: Names, mode: Mode, member: Option<Arc<Member>>) -> Self {
        Self {
            names,
            mode,
            place: None,
            member,
            observer: None,
            claim: String::new(),
            ours: Default::default(),
            open: None,
            kept: Default::default(),
            listing: None,
        }
    }

    /// Sets what asks about sessions.
    pub(super) fn with_observer(self, observer: Option<Arc<Observer>>) -> Self {
        Self { observer, ..self }
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
                    // A search ends as soon as the claim is found.
                    self.listing = None;
                    return end;
                }
            }
        }
    }

    /// Closes files that were only examined, and reclaim locks that were made in place. The lock, which is the claim or
    /// was made in place, stays open, and its evidence is kept.
    pub(super) fn close_looked_at(&mut self) {
        self.open = None;
        for reclaim in self.ours.iter_mut().skip(2) {
            *reclaim = None;
        }
        self.kept = Default::default();
    }

    /// Sets the access time of the lock to now.
    pub(super) fn refresh(&self) -> Result<(), ErrorCode> {
        files::refresh(&self.lock().ok_or(ErrorCode::BadDescriptor)?.file)
    }

    /// Returns the descriptor under which a kernel keeps the lock locked.
    pub(super) fn evidence(&self) -> Option<Arc<File>> {
        let lock = self.lock()?;
        let evidence = lock.evidence.as_ref().ok()?;
        evidence.is_kept().then(|| Arc::clone(&lock.file))
    }

    /// Returns the lock's file, which is the claim or was made in place.
    fn lock(&self) -> Option<&Made> {
        self.ours[0].as_ref().or(self.ours[1].as_ref())
    }

    fn perform(&mut self, dir: &File, call: Call) -> Result<Reply, ErrorCode> {
        match call {
            Call::Current { attempt } => {
                let member = self.member.as_deref();
                Ok(questions::current(dir, attempt, member, &mut self.place))
            }
            Call::Create { claim } => self.create(dir, self.names.claim(&claim)),
            // If that fails half-way the file stays, and names no owner: without its id, the driver cannot know whose
            // the lock file's name is by now.
            Call::Make { level } => {
                let file = files::create(dir, &self.names.level(level))?;
                self.make(Ours::At(level), file)
            }
            Call::Guard { file } => self.guard(file),
            Call::Write { file, pid } => self.write(file, &content_of(pid)),
            // A file that begins with a hyphen names no owner, whatever follows the hyphen.
            Call::Disown { level } => self.write(Ours::At(level), "-"),
            Call::StatClaim => files::stat(self.ours(Ours::Claim)?).map(Reply::Stat),
            Call::Stat { name } => files::stat_at(dir, &self.names.file(&name)).map(Reply::Stat),
            Call::Open { name } => self.open(dir, &self.names.file(&name)),
            Call::Read => self.opened()?.read(LONGEST + 1).map(Reply::Bytes),
            Call::StatOpen => files::stat(self.opened()?.file()).map(Reply::Stat),
            Call::Identify { pid } => Ok(questions::identify(dir, pid)),
            Call::Id { name } => files::id_at(dir, &self.names.file(&name)).map(Reply::Id),
            Call::Same { name, file, known } => {
                self.same(dir, &self.names.file(&name), file, known)
            }
            Call::List => {
                self.listing = Some((Listing::of(dir)?, 0));
                self.list_on()
            }
            Call::ListOn => self.list_on(),
            Call::Ask { owner } => Ok(questions::ask(&owner, self.opened()?, self.sessions())),
            Call::AskUnread { maker } => {
                let owner = Owner::Maker(maker);
                Ok(questions::ask_unread(&owner, dir, self.sessions()))
            }
            Call::Keep { level } => {
                if let Some(kept) = self.kept.get_mut(usize::from(level)) {
                    *kept = self.open.take();
                }
                Ok(Reply::Done)
            }
            Call::Link { name } => {
                files::link(dir, &self.claim, &self.names.file(&name))?;
                Ok(Reply::Done)
            }
            Call::LinkOpen { claim } => {
                let name = self.names.claim(&claim);
                files::link_open(self.ours(Ours::Claim)?, dir, &name)?;
                Ok(Reply::Done)
            }
            Call::Unlink { name } => {
                files::unlink(dir, &self.names.file(&name))?;
                Ok(Reply::Done)
            }
            Call::Forget => {
                self.ours = Default::default();
                Ok(Reply::Done)
            }
        }
    }

    /// Returns the coordinator, to which questions about sessions go.
    fn sessions(&self) -> Option<&dyn Sessions> {
        match (&self.member, &self.observer) {
            (Some(member), _) => Some(&**member),
            (None, Some(observer)) => Some(&**observer),
            (None, None) => None,
        }
    }

    fn create(&mut self, dir: &File, name: String) -> Result<Reply, ErrorCode> {
        let file = files::create(dir, &name)?;
        let made = self.make(Ours::Claim, file);
        if made.is_err() {
            // We made it a moment ago, under an identity's name, so we may remove it.
            let _ = files::unlink(dir, &name);
        }
        self.claim = name;
        made
    }

    /// Keeps a file that was just made. The machine asks for evidence next, and nothing comes between: so it is guarded
    /// here, and examined once for both.
    fn make(&mut self, which: Ours, file: File) -> Result<Reply, ErrorCode> {
        let file = Arc::new(file);
        let guarded = questions::guard_new(&file, self.place, self.mode);
        let (evidence, id) = match guarded {
            Ok((evidence, id)) => (Ok(evidence), id),
            Err(error) => (Err(error), files::id(&file)?),
        };
        *self.slot(which)? = Some(Made {
            evidence,
            unasked: true,
            file,
        });
        Ok(Reply::Id(id))
    }

    fn slot(&mut self, which: Ours) -> Result<&mut Option<Made>, ErrorCode> {
        let slot = match which {
            Ours::Claim => 0,
            Ours::At(level) => usize::from(level) + 1,
        };
        self.ours.get_mut(slot).ok_or(ErrorCode::BadDescriptor)
    }

    fn ours(&mut self, which: Ours) -> Result<&File, ErrorCode> {
        let made = self.slot(which)?.as_ref();
        made.map(|made| &*made.file).ok_or(ErrorCode::BadDescriptor)
    }

    fn guard(&mut self, which: Ours) -> Result<Reply, ErrorCode> {
        let mode = self.mode;
        let made = self.slot(which)?.as_mut().ok_or(ErrorCode::BadDescriptor)?;
        // A file that was made in place is guarded again and again while it is probed.
        if !mem::take(&mut made.unasked) {
            made.evidence = questions::guard(&made.file, mode);
        }
        Ok(match &made.evidence {
            Ok(_) => Reply::Done,
            Err(GuardError::Probed) => Reply::Probed,
            Err(GuardError::Refused(why)) => Reply::Refused(why.clone()),
        })
    }

    fn write(&mut self, which: Ours, content: &str) -> Result<Reply, ErrorCode> {
        // A file system that writes only a part of a few bytes has no room for the rest.
        if files::write(self.ours(which)?, content)? == content.len() {
            Ok(Reply::Done)
        } else {
            Err(ErrorCode::InsufficientSpace)
        }
    }

    fn open(&mut self, dir: &File, name: &str) -> Result<Reply, ErrorCode> {
        // The file that was open before stays open until this one is, so that this one cannot get its inode number.
        let opened = files::open(dir, name);
        self.open = None;
        let (opened, id) = opened?;
        self.open = Some(opened);
        Ok(Reply::Id(id))
    }

    fn opened(&self) -> Result<&Opened, ErrorCode> {
        self.open.as_ref().ok_or(ErrorCode::BadDescriptor)
    }

    /// Returns which file has this name now. If this one seems to have it, opens and reads it, and asks how many names it has.
    fn same(&self, dir: &File, name: &str, id: FileId, known: Known) -> Result<Reply, ErrorCode> {
        let seems = files::id_at(dir, name)?;
        if seems != id {
            return Ok(Reply::Id(seems));
        }
        // Linux asks a FUSE server for the attributes again after a read that reached the server, or after a time.
        let (file, content) = match open_and_read(dir, name) {
            Ok(both) => both,
            // With leases, Linux opens no second name of a file that it has open on an SMB share. The file of a removed
            // name has a lease of its own.
            Err(ErrorCode::Invalid) => return Ok(Reply::Id(seems)),
            Err(code) => return Err(code),
        };
        // Before the claim: if both are one file, the next count is no older than this one.
        let (stat, opened_id) = files::examine(file.file())?;
        let differs = opened_id == id && self.differs(dir, stat, &content, known)?;
        Ok(match differs {
            true => Reply::Differs,
            false => Reply::Id(opened_id),
        })
    }

    /// Returns whether a file of the same number is another one.
    fn differs(
        &self,
        dir: &File,
        stat: FileStat,
        content: &[u8],
        known: Known,
    ) -> Result<bool, ErrorCode> {
        let known = match known {
            Known::Ours { names } => {
                // Beside a claim that is not to be seen, nothing is known of the names.
                let has_all = |claim: FileStat| claim.links >= names.into();
                let claim = files::stat_at(dir, &self.claim);
                let anew = || files::stat(open_and_read(dir, &self.claim)?.0.file());
                if claim.map_or(true, has_all) || anew().is_ok_and(has_all) {
                    return Ok(false);
                }
                // A client of SMB shows one name for each file that it opens.
                if stat.links > 1 {
                    return Ok(true);
                }
                let claim = self.ours[0].as_ref().ok_or(ErrorCode::BadDescriptor)?;
                files::read(&claim.file, LONGEST + 1)?
            }
            Known::Open => {
                let open = self.opened()?;
                let seen = files::stat(open.file())?;
                // One of the counts may come from a cache.
                if seen.links != stat.links && seen.modified != stat.modified {
                    return Ok(true);
                }
                open.read(LONGEST + 1)?
            }
        };
        Ok(known != content)
    }

    fn list_on(&mut self) -> Result<Reply, ErrorCode> {
        let mut listed = Listed::default();
        // The listing is over unless it is put back.
        let (mut listing, mut failures) = self.listing.take().ok_or(ErrorCode::BadDescriptor)?;
        for _ in 0..ENTRIES {
            match listing.entry() {
                // A name that is not text is no claim's, and no reclaim lock's.
                Ok(Some(name)) => {
                    if let Some(name) = name.text() {
                        listed.reclaims |= self.names.is_reclaim(name);
                        listed.claims.extend(self.names.claimant(name));
                    }
                }
                Ok(None) => return Ok(Reply::Listed(listed)),
                // One entry cannot be read, such as a mount point whose server is gone. Bounded, in case a system
                // reports the end of the directory this way.
                Err(code) if failures < UNSEEN => {
                    failures += 1;
                    listed.missed = Some(code);
                }
                Err(code) => return Err(code),
            }
            if listed.claims.len() == CLAIMS {
                break;
            }
        }
        self.listing = Some((listing, failures));
        listed.more = true;
        Ok(Reply::Listed(listed))
    }
}

fn open_and_read(dir: &File, name: &str) -> Result<(Opened, Vec<u8>), ErrorCode> {
    let (file, _) = files::open(dir, name)?;
    let content = file.read(LONGEST + 1)?;
    Ok((file, content))
}
