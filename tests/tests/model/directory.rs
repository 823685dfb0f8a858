//! Names, inodes, link counts, contents, open files. A number of an inode comes back as soon as nothing has it.

use std::collections::BTreeMap;

use lockhost_guest::{
    call::{FileId, FileStat},
    contract::{Datetime, DescriptorType, ErrorCode},
    lockfile::{Identity, Name},
};

/// The time at which the model's processes make their files, in seconds.
const NOW: u64 = 10_000;

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub modified: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Inode {
    content: Content,
    opens: u8,
}

/// A directory with the files of one lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Directory {
    /// It gives a name away that somebody has, as no directory does.
    careless: bool,
    /// A file can have one name only.
    single: bool,
    entries: BTreeMap<Name, u64>,
    inodes: BTreeMap<u64, Inode>,
}

impl Directory {
    /// An empty one.
    pub fn empty() -> Self {
        Self {
            careless: false,
            single: false,
            entries: BTreeMap::new(),
            inodes: BTreeMap::new(),
        }
    }

    /// One whose links are not exclusive, so that there must be two owners.
    pub fn careless() -> Self {
        Self {
            careless: true,
            ..Self::empty()
        }
    }

    /// One on a file system without hard links.
    pub fn without_links() -> Self {
        Self {
            single: true,
            ..Self::empty()
        }
    }

    /// Whether a file can have more than one name.
    pub fn has_links(&self) -> bool {
        !self.single
    }

    /// With a file that another program wrote: fresh, or long ago.
    pub fn with(mut self, level: u8, bytes: &[u8], old: bool) -> Self {
        let inode = self.make(bytes, if old { 0 } else { NOW });
        self.entries.insert(Name::Level(level), inode);
        self
    }

    /// With the files of a process of ours that crashed: one claim that is the lock file at these levels.
    pub fn with_claim(mut self, pid: u32, levels: &[u8]) -> Self {
        let inode = self.make(format!("{pid}\n").as_bytes(), NOW);
        let claim = Name::Claim(identity(pid, 0));
        self.entries.insert(claim, inode);
        for level in levels {
            self.entries.insert(Name::Level(*level), inode);
        }
        self
    }

    fn make(&mut self, bytes: &[u8], modified: u64) -> u64 {
        let free = (1..).find(|number| !self.inodes.contains_key(number));
        let number = free.expect("numbers do not run out");
        let content = Content {
            bytes: bytes.to_vec(),
            modified,
        };
        self.inodes.insert(number, Inode { content, opens: 0 });
        number
    }

    fn links(&self, inode: u64) -> usize {
        self.entries.values().filter(|it| **it == inode).count()
    }

    fn forget_unused(&mut self) {
        let entries = &self.entries;
        self.inodes
            .retain(|number, inode| inode.opens > 0 || entries.values().any(|it| it == number));
    }

    /// Creates a file exclusively, and opens it.
    pub fn create(&mut self, name: &Name) -> Result<FileId, ErrorCode> {
        if self.entries.contains_key(name) {
            return Err(ErrorCode::Exist);
        }
        let inode = self.make(b"", NOW);
        self.entries.insert(*name, inode);
        self.open(name)
    }

    /// Opens a file.
    pub fn open(&mut self, name: &Name) -> Result<FileId, ErrorCode> {
        let id = self.id(name)?;
        self.inodes.entry(id.0).and_modify(|inode| inode.opens += 1);
        Ok(id)
    }

    /// Closes a file.
    pub fn close(&mut self, id: FileId) {
        self.inodes.entry(id.0).and_modify(|inode| inode.opens -= 1);
        self.forget_unused();
    }

    /// Writes an open file.
    pub fn write(&mut self, id: FileId, bytes: &[u8]) {
        self.inodes
            .entry(id.0)
            .and_modify(|inode| inode.content.bytes = bytes.to_vec());
    }

    /// Reads an open file.
    pub fn read(&self, id: FileId) -> Vec<u8> {
        self.inodes[&id.0].content.bytes.clone()
    }

    /// Looks at an open file.
    pub fn stat(&self, id: FileId) -> FileStat {
        let content = &self.inodes[&id.0].content;
        FileStat {
            kind: DescriptorType::RegularFile,
            size: content.bytes.len() as u64,
            links: self.links(id.0) as u64,
            modified: Some(Datetime {
                seconds: content.modified,
                nanoseconds: 0,
            }),
        }
    }

    /// Which file has a name.
    pub fn id(&self, name: &Name) -> Result<FileId, ErrorCode> {
        let inode = self.entries.get(name);
        inode.map(|it| FileId(*it, 0)).ok_or(ErrorCode::NoEntry)
    }

    /// Gives a claim a further name.
    pub fn link(&mut self, claim: &Name, name: &Name) -> Result<(), ErrorCode> {
        let inode = self.id(claim)?.0;
        if self.entries.contains_key(name) && !self.careless {
            return Err(ErrorCode::Exist);
        }
        if self.single {
            return Err(ErrorCode::NotPermitted);
        }
        self.entries.insert(*name, inode);
        Ok(())
    }

    /// Removes a name.
    pub fn unlink(&mut self, name: &Name) -> Result<(), ErrorCode> {
        let removed = self.entries.remove(name);
        self.forget_unused();
        removed.map(|_| ()).ok_or(ErrorCode::NoEntry)
    }

    /// Whose claims there are.
    pub fn claims(&self) -> Vec<Identity> {
        self.entries
            .keys()
            .filter_map(|name| match name {
                Name::Claim(identity) => Some(*identity),
                Name::Level(_) => None,
            })
            .collect()
    }

    /// Lets more time pass than any file that names nobody needs to settle.
    pub fn age(&mut self) {
        for inode in self.inodes.values_mut() {
            inode.content.modified = 0;
        }
    }

    /// The files that there are.
    pub fn files(&self) -> Vec<Name> {
        self.entries.keys().copied().collect()
    }
}

/// The identity of a process of the model.
pub fn identity(pid: u32, attempt: u32) -> Identity {
    Identity::new(&format!("1-p{pid}-a{attempt}")).expect("an identity")
}

/// Whose identity that is.
pub fn pid_of(identity: &Identity) -> u32 {
    let pid = identity
        .as_str()
        .split('-')
        .nth(1)
        .and_then(|part| part.strip_prefix('p'));
    pid.and_then(|pid| pid.parse().ok())
        .expect("an identity of the model")
}
