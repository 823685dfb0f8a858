//! The setting of a run: its processes, the events from outside, and its directories.

use lockhost_machine::{facts::ErrorCode, names::DEEPEST};

use crate::{
    directory::{Content, Directory, Files, Modified, Name},
    faults::KINDS,
    local::{Place, Who},
    seeds::Seed,
    table::{Author, Table},
};

/// The sort of a process that is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A lockhost process.
    Ours,
    /// A lockhost process in another place than those.
    In(Place),
    /// A lockhost process that sweeps without a cause, as one in 64 does.
    Sweeper,
    /// A lockhost process whose user declares an owner dead.
    Assuming,
    /// A further contender in the process before it.
    Thread,
    /// The lock that lockhost replaces; its pid is published with its file, or after it.
    Original { atomic: bool },
    /// A lockhost process that only inspects.
    Inspector,
}

/// The owner that a user declares dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// The maker of this claim.
    Maker(Author),
    /// The process that wrote this pid into a file without a claim, long ago.
    Pid(u8),
}

/// The processes that take the steps of an attempt without stopping for seconds, except to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timely {
    Nobody,
    #[default]
    Originals,
    Everybody,
}

/// The result of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    #[default]
    Work,
    /// The file system has none, and reports that with this code.
    Lack(ErrorCode),
    /// A file shows as another one under each of its names.
    Apart,
}

/// What is checked before a link is denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Denial {
    /// The system call alone, as seccomp does.
    #[default]
    AtOnce,
    /// Whether the name is free, as the kernel does before it asks a security module.
    WhereFree,
}

/// How often each event from outside may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// A process ends where it stands.
    pub crashes: u8,
    /// A process starts after one has ended, with a pid of its own.
    pub arrivals: u8,
    /// … with the pid of the one that has ended.
    pub reuses: u8,
    /// A process that wants no lock gets the pid of one that has ended.
    pub strangers: u8,
    /// A file gets a name outside the directory.
    pub snapshots: u8,
    /// A user removes the lock file of an owner.
    pub removals: u8,
    /// A cleaner removes the lock file of an owner, also of one that is putting it back …
    pub cleanings: u8,
    /// … or its claim.
    pub unclaimings: u8,
    /// More than a minute passes, also while processes are in the middle of a step.
    pub eras: u8,
    /// An operation fails.
    pub faults: u8,
}

impl Budget {
    /// No event.
    pub const NOTHING: Self = Self {
        crashes: 0,
        arrivals: 0,
        reuses: 0,
        strangers: 0,
        snapshots: 0,
        removals: 0,
        cleanings: 0,
        unclaimings: 0,
        eras: 0,
        faults: 0,
    };

    /// One process may end where it stands.
    pub const ONE_CRASH: Self = Self {
        crashes: 1,
        ..Self::NOTHING
    };
}

/// The content of a directory at the beginning.
#[derive(Clone, Debug, Default)]
pub struct Start {
    pub files: Vec<(Author, Content, Modified, bool, Vec<u8>)>,
    pub kept: bool,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Setting {
    pub what: String,
    pub starts: Vec<Start>,
    pub sorts: Vec<Sort>,
    /// How often each contender tries.
    pub rounds: u8,
    pub budget: Budget,
    /// Whether hosts keep evidence.
    pub evidence: bool,
    /// Whether files can have a second name.
    pub links: Links,
    /// What a policy that denies links checks first.
    pub denial: Denial,
    /// Whether a listing is read in two steps.
    pub torn: bool,
    /// Which numbers come from a cache.
    pub cached: Cached,
    /// The processes to which every file seems to have one name only: a bit for each.
    pub sees_one_link: u8,
    /// Whether each process lives in a PID namespace of its own, and knows of the others only what evidence shows.
    pub apart: bool,
    /// The processes that are never stopped for seconds between two steps.
    pub timely: Timely,
    /// The owner that the users of lockhost processes declare dead.
    pub assumed: Option<Assumed>,
    /// Whether owners put back a lock file that was removed.
    pub restores: bool,
    /// Whether a claim may also be removed while its owner is putting the lock file back.
    pub unclaims_any_time: bool,
    /// The fault in lockhost, if the checker is to be checked.
    pub seed: Option<Seed>,
    /// How operations fail, if they do.
    pub codes: &'static [ErrorCode],
    /// Whether steps that no other process can notice are taken without an order among those of others.
    pub reduced: bool,
}

/// Which names have the number of the file that they are compared with, though they are another file's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cached {
    /// None.
    #[default]
    Nothing,
    /// Those of which a driver believes that they are that file's.
    Believable,
    /// All that are there.
    Everything,
}

impl Setting {
    /// Returns a run of this many lockhost processes, on a free directory, without faults.
    pub fn of(what: &str, ours: usize) -> Self {
        Self {
            what: what.into(),
            starts: vec![Start::default()],
            sorts: vec![Sort::Ours; ours],
            rounds: 1,
            budget: Budget::default(),
            evidence: true,
            links: Links::Work,
            denial: Denial::AtOnce,
            torn: false,
            cached: Cached::Nothing,
            sees_one_link: 0,
            apart: false,
            timely: Timely::Originals,
            assumed: None,
            restores: false,
            unclaims_any_time: true,
            seed: None,
            codes: &KINDS,
            reduced: true,
        }
    }

    /// Returns how many processes there can be on one way.
    pub fn processes(&self) -> usize {
        self.sorts.len() + usize::from(self.budget.arrivals + self.budget.reuses)
    }

    fn denies_links(&self) -> bool {
        let mut sorts = self.sorts.iter();
        sorts.any(|sort| matches!(sort, Sort::In(Place { denied: true, .. })))
    }

    /// Returns the deepest level that any process can want. A process that wants one more has seen a file whose owner
    /// was dead. Each of these files is one of the beginning's, or of another process, or one of the two that a crashed
    /// process has left.
    pub fn deepest(&self, start: &Start) -> u8 {
        let Budget {
            crashes,
            arrivals,
            reuses,
            ..
        } = self.budget;
        let odd = self.budget.faults > 0 || self.sees_one_link != 0;
        if self.links != Links::Work || odd && !self.evidence || self.denies_links() {
            // Where files are empty for a while, a file counts as dead even if it has only not been written for long.
            return DEEPEST;
        }
        let others = (self.sorts.len() as u8 + arrivals + reuses) * self.rounds - 1;
        // An attempt whose claim was swept may link the claim of another attempt of its process, which has used the
        // name again.
        let others = others + u8::from(self.apart && self.budget.eras > 0);
        (start.depth() + others + crashes).min(DEEPEST)
    }
}

/// The pid of a stranger that lives from the beginning.
pub const STRANGER: u8 = 70;

/// The pid of a process that is long dead, and the next ones.
pub const DEAD: u8 = 80;

impl Start {
    /// Returns a directory with the lock of another program, which is dead.
    pub fn stale() -> Self {
        Self::default().file(0, Content::Pid(DEAD), Modified::Old)
    }

    /// Adds a file that another program wrote.
    pub fn file(mut self, level: u8, content: Content, modified: Modified) -> Self {
        let foreign = Author::Foreign(0);
        self.files
            .push((foreign, content, modified, false, vec![level]));
        self
    }

    /// Adds the claim of a lockhost process, which is also the file at these levels.
    pub fn claim(self, pid: u8, levels: &[u8]) -> Self {
        self.claim_with(dead(pid), Content::Pid(pid), levels)
    }

    /// Adds the claim of any author, with any content.
    pub fn claim_with(mut self, author: Author, content: Content, levels: &[u8]) -> Self {
        self.files
            .push((author, content, Modified::Old, true, levels.to_vec()));
        self
    }

    /// Returns how many levels have a file.
    pub fn depth(&self) -> u8 {
        let levels = self.files.iter().flat_map(|file| &file.4);
        levels.map(|level| level + 1).max().unwrap_or_default()
    }

    pub fn directory(&self, table: &mut Table) -> (Directory, Files) {
        let mut directory = Directory::default();
        let mut kept = Files::default();
        for (author, content, modified, claimed, levels) in &self.files {
            let mut names: Vec<Name> = levels.iter().map(|level| Name::Level(*level)).collect();
            if *claimed {
                names.insert(0, Name::Claim(table.claim_of(*author)));
            }
            let file = directory.make(names[0], *content, *modified, Files::default());
            for name in &names[1..] {
                if let Name::Level(level) = name {
                    directory
                        .link(file, Name::Level(*level))
                        .expect("a free level");
                }
            }
            let foreign = match author {
                Author::Process(..) => false,
                Author::Foreign(number) | Author::Unproven(number) => *number > 0,
            };
            if self.kept && foreign {
                kept.insert(file);
            }
        }
        (directory, kept)
    }
}

/// Returns the author of a claim of a process that ended before the beginning, or lives on as a stranger.
pub fn dead(pid: u8) -> Author {
    let who = Who {
        pid,
        ..Who::default()
    };
    Author::Process(who, 0)
}
