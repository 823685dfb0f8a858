//! The driver, which performs the machine's calls through `wasi:filesystem` and the import `process`.

use alloc::{string::String, vec::Vec};

use lockhost_machine::{
    call::{Call, FileId, Known, Listed, Maker, Next, Ours, Owner, Reply},
    names::{DEEPEST, Identity, LONGEST, Names, content_of},
};

use crate::contract::{
    Descriptor, DescriptorFlags, DescriptorStat, DirectoryEntryStream, ErrorCode, Evidence,
    GuardError, NewTimestamp, OpenFlags, PathFlags, process,
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
    file: Descriptor,
}

/// The files that an attempt or a lock has open. Each run gets the directory as an argument, since it may be borrowed.
pub struct Driver {
    names: Names,
    /// The name of our claim.
    claim: String,
    /// The claim, then the files made in place, by level.
    ours: [Option<Made>; DEEPEST as usize + 2],
    open: Option<Descriptor>,
    /// The kept files by level; beyond the deepest level there may be one that is examined.
    kept: [Option<Descriptor>; DEEPEST as usize + 2],
    listing: Option<Listing>,
}

/// A directory that is being read.
struct Listing {
    entries: DirectoryEntryStream,
    /// How many entries could not be read.
    failures: u32,
}

impl Driver {
    /// Creates a driver for the lock of these names.
    pub fn new(names: Names) -> Self {
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
    pub fn run<T>(
        &mut self,
        dir: &Descriptor,
        mut next: Next<T>,
        mut reply: impl FnMut(Reply) -> Next<T>,
    ) -> T {
        loop {
            match next {
                Next::Call(call) => next = reply(self.perform(dir, call)),
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
    pub fn close_looked_at(&mut self) {
        self.open = None;
        for reclaim in self.ours.iter_mut().skip(2) {
            *reclaim = None;
        }
        self.kept = Default::default();
    }

    /// Sets the access time of the lock, which is the claim or was made in place, to now.
    ///
    /// # Errors
    /// As the file system reports.
    pub fn refresh(&mut self) -> Result<(), ErrorCode> {
        let in_place = opened(self.ours[1].as_ref());
        let lock = opened(self.ours[0].as_ref()).or(in_place)?;
        lock.file
            .set_times(NewTimestamp::Now, NewTimestamp::NoChange)
    }

    fn perform(&mut self, dir: &Descriptor, call: Call) -> Reply {
        self.try_perform(dir, call)
            .unwrap_or_else(|code| Reply::Failed(code.into()))
    }

    fn try_perform(&mut self, dir: &Descriptor, call: Call) -> Result<Reply, ErrorCode> {
        // Done here once: each place that makes and drops a string costs bytes.
        let file = match &call {
            Call::Stat { name }
            | Call::Open { name }
            | Call::Id { name }
            | Call::Same { name, .. }
            | Call::Link { name }
            | Call::Unlink { name } => self.names.file(name),
            Call::Create { claim } | Call::LinkOpen { claim } => self.names.claim(claim),
            Call::Make { level } => self.names.level(*level),
            _ => String::new(),
        };
        match call {
            Call::Current { attempt } => Ok(current(dir, attempt)),
            Call::Create { .. } => self.create(dir, file),
            // If that fails half-way the file stays, and names no owner: without its id, the driver cannot know whose
            // the lock file's name is by now.
            Call::Make { level } => self.make(Ours::At(level), open_new(dir, &file)?),
            Call::Guard { file } => self.guard(file),
            Call::Write { file, pid } => self.write(file, &content_of(pid)),
            // A file that begins with a hyphen names no owner, whatever follows the hyphen.
            Call::Disown { level } => self.write(Ours::At(level), "-"),
            Call::StatClaim => stat(Some(self.ours(Ours::Claim)?)),
            Call::Stat { .. } => dir
                .stat_at(PathFlags::empty(), &file)
                .map(|stat| Reply::Stat(stat.into())),
            Call::Open { .. } => self.open(dir, &file),
            Call::Read => self.read(),
            Call::StatOpen => stat(self.open.as_ref()),
            Call::Identify { pid } => {
                let identity = process::identify(pid, dir);
                Ok(Reply::Identity(
                    identity.and_then(|text| Identity::new(&text)),
                ))
            }
            Call::Id { .. } => id_at(dir, &file).map(Reply::Id),
            Call::Same {
                file: id, known, ..
            } => self.same(dir, &file, id, known),
            Call::List => {
                let entries = dir.read_directory()?;
                let failures = 0;
                self.listing = Some(Listing { entries, failures });
                self.list_on()
            }
            Call::ListOn => self.list_on(),
            Call::Ask { owner } => Ok(ask(&owner, opened(self.open.as_ref())?)),
            Call::AskUnread { maker } => Ok(ask(&Owner::Maker(maker), dir)),
            Call::Keep { level } => {
                if let Some(kept) = self.kept.get_mut(usize::from(level)) {
                    *kept = self.open.take();
                }
                Ok(Reply::Done)
            }
            Call::Link { .. } => {
                dir.link_at(PathFlags::empty(), &self.claim, dir, &file)?;
                Ok(Reply::Done)
            }
            Call::LinkOpen { .. } => {
                let claim = self.ours(Ours::Claim)?;
                claim.link_at(PathFlags::empty(), "", dir, &file)?;
                Ok(Reply::Done)
            }
            Call::Unlink { .. } => {
                dir.unlink_file_at(&file)?;
                Ok(Reply::Done)
            }
            Call::Forget => {
                self.ours = Default::default();
                Ok(Reply::Done)
            }
        }
    }

    fn create(&mut self, dir: &Descriptor, name: String) -> Result<Reply, ErrorCode> {
        let made = self.make(Ours::Claim, open_new(dir, &name)?);
        if made.is_err() {
            // We made it a moment ago, under an identity's name, so we may remove it.
            let _ = dir.unlink_file_at(&name);
        }
        self.claim = name;
        made
    }

    /// Keeps a file that was just made. The machine asks for evidence next, and nothing comes between: so it is guarded
    /// here, before the host is asked for anything else about it. Such a host need not examine it twice.
    fn make(&mut self, which: Ours, file: Descriptor) -> Result<Reply, ErrorCode> {
        let evidence = process::guard(&file);
        let id = id_of(&file)?;
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

    fn ours(&mut self, which: Ours) -> Result<&Descriptor, ErrorCode> {
        opened(self.slot(which)?.as_ref().map(|made| &made.file))
    }

    fn guard(&mut self, which: Ours) -> Result<Reply, ErrorCode> {
        let made = self.slot(which)?.as_mut().ok_or(ErrorCode::BadDescriptor)?;
        // A file that was made in place is guarded again and again while it is probed.
        if !core::mem::take(&mut made.unasked) {
            made.evidence = process::guard(&made.file);
        }
        Ok(match &made.evidence {
            Ok(_) => Reply::Done,
            Err(GuardError::Probed) => Reply::Probed,
            Err(GuardError::Refused(why)) => Reply::Refused(why.clone()),
        })
    }

    fn write(&mut self, which: Ours, content: &str) -> Result<Reply, ErrorCode> {
        let written = self.ours(which)?.write(content.as_bytes(), 0)?;
        // A file system that writes only a part of a few bytes has no room for the rest.
        if written == content.len() as u64 {
            Ok(Reply::Done)
        } else {
            Err(ErrorCode::InsufficientSpace)
        }
    }

    fn open(&mut self, dir: &Descriptor, name: &str) -> Result<Reply, ErrorCode> {
        // The file that was open before stays open until this one is, so that this one cannot get its inode number.
        let file = open_old(dir, name);
        self.open = None;
        let file = file?;
        let id = id_of(&file)?;
        self.open = Some(file);
        Ok(Reply::Id(id))
    }

    fn read(&mut self) -> Result<Reply, ErrorCode> {
        read(opened(self.open.as_ref())?).map(Reply::Bytes)
    }

    /// Returns which file has this name now. If this one seems to have it, opens and reads it, and asks how many names it has.
    #[inline(never)]
    fn same(
        &self,
        dir: &Descriptor,
        name: &str,
        id: FileId,
        known: Known,
    ) -> Result<Reply, ErrorCode> {
        let seems = id_at(dir, name)?;
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
        let opened_id = id_of(&file)?;
        let differs = opened_id == id && self.differs(dir, &file, &content, known)?;
        Ok(match differs {
            true => Reply::Differs,
            false => Reply::Id(opened_id),
        })
    }

    /// Returns whether a file of the same number is another one.
    fn differs(
        &self,
        dir: &Descriptor,
        file: &Descriptor,
        content: &[u8],
        known: Known,
    ) -> Result<bool, ErrorCode> {
        // First: if both are one file, the next count is no older than this one.
        let stat = file.stat()?;
        let known = match known {
            Known::Ours { names } => {
                // Beside a claim that is not to be seen, nothing is known of the names.
                let has_all = |claim: DescriptorStat| claim.link_count >= names.into();
                let claim = dir.stat_at(PathFlags::empty(), &self.claim);
                let anew = || open_and_read(dir, &self.claim)?.0.stat();
                if claim.map_or(true, has_all) || anew().is_ok_and(has_all) {
                    return Ok(false);
                }
                // A client of SMB shows one name for each file that it opens.
                if stat.link_count > 1 {
                    return Ok(true);
                }
                self.ours[0].as_ref().map(|made| &made.file)
            }
            Known::Open => {
                let open = opened(self.open.as_ref())?;
                let seen = open.stat()?;
                // One of the counts may come from a cache.
                if seen.link_count != stat.link_count
                    && seen.data_modification_timestamp != stat.data_modification_timestamp
                {
                    return Ok(true);
                }
                Some(open)
            }
        };
        Ok(read(opened(known)?)? != content)
    }

    fn list_on(&mut self) -> Result<Reply, ErrorCode> {
        let mut listed = Listed::default();
        // The listing is over unless it is put back.
        let mut listing = self.listing.take().ok_or(ErrorCode::BadDescriptor)?;
        for _ in 0..ENTRIES {
            match listing.entries.read_directory_entry() {
                Ok(Some(entry)) => {
                    listed.reclaims |= self.names.is_reclaim(&entry.name);
                    listed.claims.extend(self.names.claimant(&entry.name));
                }
                Ok(None) => return Ok(Reply::Listed(listed)),
                // The entry was removed, or its name is not UTF-8: it is not a claim.
                Err(ErrorCode::NoEntry | ErrorCode::IllegalByteSequence) => {}
                // One entry cannot be read, such as a mount point whose server is gone. Bounded, in case a host reports
                // the end of the directory this way.
                Err(code) if listing.failures < UNSEEN => {
                    listing.failures += 1;
                    listed.missed = Some(code.into());
                }
                Err(code) => return Err(code),
            }
            if listed.claims.len() == CLAIMS {
                break;
            }
        }
        self.listing = Some(listing);
        listed.more = true;
        Ok(Reply::Listed(listed))
    }
}

fn open_and_read(dir: &Descriptor, name: &str) -> Result<(Descriptor, Vec<u8>), ErrorCode> {
    let file = open_old(dir, name)?;
    let content = read(&file)?;
    Ok((file, content))
}

fn open_old(dir: &Descriptor, name: &str) -> Result<Descriptor, ErrorCode> {
    dir.open_at(
        PathFlags::empty(),
        name,
        OpenFlags::empty(),
        DescriptorFlags::READ,
    )
}

fn read(file: &Descriptor) -> Result<Vec<u8>, ErrorCode> {
    let (bytes, _) = file.read(LONGEST as u64 + 1, 0)?;
    Ok(bytes)
}

fn open_new(dir: &Descriptor, name: &str) -> Result<Descriptor, ErrorCode> {
    dir.open_at(
        PathFlags::empty(),
        name,
        OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
        DescriptorFlags::READ | DescriptorFlags::WRITE,
    )
}

fn current(dir: &Descriptor, attempt: u32) -> Reply {
    match process::current(dir, attempt) {
        Ok(maker) => match Identity::new(&maker.identity) {
            Some(identity) => Reply::Maker(Maker {
                pid: maker.pid,
                identity,
                evidence: maker.evidence,
                session: maker.session,
            }),
            None => Reply::Refused("the host's identity for this process is none".into()),
        },
        Err(why) => Reply::Refused(why),
    }
}

fn ask(owner: &Owner, file: &Descriptor) -> Reply {
    Reply::Liveness(process::process_alive(&owner.into(), file).into())
}

fn opened<T>(file: Option<&T>) -> Result<&T, ErrorCode> {
    file.ok_or(ErrorCode::BadDescriptor)
}

/// Returns which file has this name now.
///
/// # Errors
/// As the file system reports.
pub fn id_at(dir: &Descriptor, file: &str) -> Result<FileId, ErrorCode> {
    let hash = dir.metadata_hash_at(PathFlags::empty(), file)?;
    Ok(FileId(hash.lower, hash.upper))
}

fn id_of(file: &Descriptor) -> Result<FileId, ErrorCode> {
    let hash = file.metadata_hash()?;
    Ok(FileId(hash.lower, hash.upper))
}

fn stat(file: Option<&Descriptor>) -> Result<Reply, ErrorCode> {
    Ok(Reply::Stat(opened(file)?.stat()?.into()))
}
