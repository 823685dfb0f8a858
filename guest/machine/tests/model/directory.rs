//! Names, files, link counts, contents. The number of a file is used again as soon as the file has no name and is not
//! open.
//!
//! All values are small numbers, so that a state costs a few dozen bytes: [`Name`]s are numbered by the model's
//! [`Table`](crate::table::Table), files by the directory, and contents are one of few.

use std::hash::{Hash, Hasher};

use lockhost_machine::{
    call::FileStat,
    facts::{Datetime, DescriptorType, ErrorCode},
    names::{DEEPEST, content_of},
};

/// How many names of levels there are.
const LEVELS: usize = DEEPEST as usize + 1;

/// How many claims there can be in one model, including removed ones.
pub const CLAIMS: usize = 32;

/// How many files there can be at one time.
const FILES: usize = 16;

/// When the model's processes begin, in seconds.
const NOW: u64 = 10_000;

/// More than a minute, in seconds: long enough for a file to be old.
const ERA: u64 = 61;

/// A name in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    Level(u8),
    /// A claim, by its number in the table.
    Claim(u8),
}

/// The number of a file; not 0.
pub type File = u8;

/// A set of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Files(u32);

impl Files {
    pub fn insert(&mut self, file: File) {
        self.0 |= 1 << file;
    }

    pub fn contains(self, file: File) -> bool {
        self.0 & (1 << file) != 0
    }

    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<File> for Files {
    fn from_iter<T: IntoIterator<Item = File>>(files: T) -> Self {
        let mut set = Self::default();
        files.into_iter().for_each(|file| set.insert(file));
        set
    }
}

/// The content of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Content {
    #[default]
    Empty,
    Garbage,
    /// More than any lock file has.
    Long,
    Pid(u8),
    /// A pid, and more, as other programs write it.
    More(u8),
    /// Its former content, with a hyphen for its first byte: a pid, or nothing.
    Disowned(u8),
}

impl Content {
    pub fn bytes(self) -> Vec<u8> {
        match self {
            Content::Empty => Vec::new(),
            Content::Garbage => b"garbage".to_vec(),
            Content::Long => vec![b'x'; 65],
            Content::Pid(pid) => content_of(pid.into()).into_bytes(),
            Content::More(pid) => format!("{pid} host\n").into_bytes(),
            Content::Disowned(0) => b"-".to_vec(),
            Content::Disowned(pid) => {
                let mut bytes = content_of(pid.into()).into_bytes();
                bytes[0] = b'-';
                bytes
            }
        }
    }
}

/// When a file was last written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Modified {
    /// Long ago.
    #[default]
    Old,
    /// Since the model began, so many minutes later.
    Fresh(u8),
    /// By a clock that runs ahead.
    Future,
}

impl Modified {
    pub fn time(self) -> Datetime {
        let seconds = match self {
            Modified::Old => 0,
            Modified::Fresh(era) => NOW + ERA * u64::from(era),
            Modified::Future => 10 * NOW,
        };
        Datetime {
            seconds,
            nanoseconds: 0,
        }
    }
}

/// What is known about a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stat {
    pub content: Content,
    pub links: u8,
    pub modified: Modified,
}

impl Stat {
    pub fn told(self) -> FileStat {
        FileStat {
            kind: DescriptorType::RegularFile,
            size: self.content.bytes().len() as u64,
            links: self.links.into(),
            modified: Some(self.modified.time()),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Inode {
    content: Content,
    modified: Modified,
    /// Names that it has outside the directory.
    elsewhere: u8,
}

/// With one write, since millions of states are hashed.
impl Hash for Inode {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let content = match self.content {
            Content::Empty => [0, 0],
            Content::Garbage => [1, 0],
            Content::Long => [2, 0],
            Content::Pid(pid) => [3, pid],
            Content::Disowned(pid) => [4, pid],
            Content::More(pid) => [5, pid],
        };
        let modified = match self.modified {
            Modified::Old => 0,
            Modified::Future => 1,
            Modified::Fresh(era) => era + 2,
        };
        hasher.write_u32(u32::from_ne_bytes([
            content[0],
            content[1],
            modified,
            self.elsewhere,
        ]));
    }
}

/// A directory with the files of one lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Directory {
    levels: [File; LEVELS],
    claims: [File; CLAIMS],
    inodes: [Inode; FILES],
}

impl Directory {
    /// Makes a new file under a name, whichever file has it; `open` are the files that have no name and are open.
    pub fn make(&mut self, name: Name, content: Content, modified: Modified, open: Files) -> File {
        let used = self.named().union(open);
        let free = (1..FILES as File).find(|file| !used.contains(*file));
        let file = free.expect("the model has room for that many files");
        self.inodes[usize::from(file)] = Inode {
            content,
            modified,
            elsewhere: 0,
        };
        *self.entry(name) = file;
        file
    }

    /// Creates a file exclusively.
    pub fn create(
        &mut self,
        name: Name,
        modified: Modified,
        open: Files,
    ) -> Result<File, ErrorCode> {
        match self.id(name) {
            Ok(_) => Err(ErrorCode::Exist),
            Err(_) => Ok(self.make(name, Content::Empty, modified, open)),
        }
    }

    /// Returns which file has a name.
    pub fn id(&self, name: Name) -> Result<File, ErrorCode> {
        match self.clone().entry(name) {
            0 => Err(ErrorCode::NoEntry),
            file => Ok(*file),
        }
    }

    pub fn write(&mut self, file: File, content: Content) {
        self.inodes[usize::from(file)].content = content;
    }

    /// Makes a file name no owner.
    pub fn disown(&mut self, file: File) {
        self.write(
            file,
            match self.read(file) {
                Content::Pid(pid) | Content::More(pid) | Content::Disowned(pid) => {
                    Content::Disowned(pid)
                }
                Content::Empty | Content::Garbage | Content::Long => Content::Disowned(0),
            },
        );
    }

    pub fn read(&self, file: File) -> Content {
        self.inodes[usize::from(file)].content
    }

    pub fn stat(&self, file: File) -> Stat {
        let inode = self.inodes[usize::from(file)];
        let names = self.levels.iter().chain(&self.claims);
        Stat {
            content: inode.content,
            links: inode.elsewhere + names.filter(|it| **it == file).count() as u8,
            modified: inode.modified,
        }
    }

    /// Gives a file a further name, exclusively.
    pub fn link(&mut self, file: File, name: Name) -> Result<(), ErrorCode> {
        match self.entry(name) {
            name @ 0 => *name = file,
            _ => return Err(ErrorCode::Exist),
        }
        Ok(())
    }

    pub fn unlink(&mut self, name: Name) -> Result<(), ErrorCode> {
        self.id(name)?;
        *self.entry(name) = 0;
        Ok(())
    }

    /// Makes a backup: the file gets a name outside the directory.
    pub fn snapshot(&mut self, file: File) {
        self.inodes[usize::from(file)].elsewhere += 1;
    }

    /// Returns the existing claims, as a set of their numbers.
    pub fn claims(&self) -> u32 {
        let present = self
            .claims
            .iter()
            .enumerate()
            .filter(|(_, file)| **file != 0);
        present.fold(0, |set, (claim, _)| set | 1 << claim)
    }

    /// Returns whether a reclaim lock is in the directory.
    pub fn reclaims(&self) -> bool {
        self.levels[1..].iter().any(|file| *file != 0)
    }

    /// Returns all names.
    pub fn names(&self) -> impl Iterator<Item = (Name, File)> {
        let levels = self
            .levels
            .iter()
            .zip(0..)
            .map(|(file, it)| (Name::Level(it), *file));
        let claims = self
            .claims
            .iter()
            .zip(0..)
            .map(|(file, it)| (Name::Claim(it), *file));
        levels.chain(claims).filter(|(_, file)| *file != 0)
    }

    /// Clears the files that have no name and are not open, so that directories that look the same are equal.
    pub fn forget_unused(&mut self, open: Files) {
        let used = self.named().union(open);
        for (number, inode) in self.inodes.iter_mut().enumerate() {
            if !used.contains(number as File) {
                *inode = Inode::default();
            }
        }
    }

    fn named(&self) -> Files {
        let elsewhere = self.inodes.iter().enumerate();
        let elsewhere =
            elsewhere.filter_map(|(it, inode)| (inode.elsewhere > 0).then_some(it as File));
        self.names()
            .map(|(_, file)| file)
            .chain(elsewhere)
            .collect()
    }

    fn entry(&mut self, name: Name) -> &mut File {
        match name {
            Name::Level(level) => &mut self.levels[usize::from(level)],
            Name::Claim(claim) => &mut self.claims[usize::from(claim)],
        }
    }
}
