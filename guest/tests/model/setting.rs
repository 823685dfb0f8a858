//! What a run is about: who contends, what the environment may do, and on which directories.

use lockhost_guest::{facts::ErrorCode, names::DEEPEST};

use crate::{
    directory::{Content, Directory, Files, Modified, Name},
    faults::KINDS,
    local::{Place, Who},
    seeds::Seed,
    table::{Author, Table},
};

/// What a process is that is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// One of ours.
    Ours,
    /// One of ours in another place than those.
    In(Place),
    /// One of ours that sweeps without a cause, as one in 64 does.
    Sweeper,
    /// One of ours that a person has told whom to take for dead.
    Assuming,
    /// A further contender in the process before it.
    Thread,
    /// The lock that ours replaces; its pid is published with its file, or after it.
    Original { atomic: bool },
    /// One of ours that only looks.
    Inspector,
}

/// Whom a person takes for dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// The maker of this claim.
    Maker(Author),
    /// Whoever wrote this pid into a file without a claim, long ago.
    Pid(u8),
}

/// Who takes the steps of an attempt without stopping for seconds, unless it is to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timely {
    Nobody,
    #[default]
    Originals,
    Everybody,
}

/// What becomes of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    #[default]
    Work,
    /// The file system has none, and says so with this code.
    Lack(ErrorCode),
    /// A file shows as another one under each of its names.
    Apart,
}

/// What is looked at before a link is denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Denial {
    /// The system call alone, as seccomp does.
    #[default]
    AtOnce,
    /// Whether the name is free, as the kernel does before it asks a security module.
    WhereFree,
}

/// How often the environment may do what it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// A process ends where it stands.
    pub crashes: u8,
    /// A process starts after one has ended, with a pid of its own.
    pub arrivals: u8,
    /// … with the pid of the one that has ended.
    pub reuses: u8,
    /// The pid of one that has ended becomes that of somebody who wants no lock.
    pub strangers: u8,
    /// A file gets a name outside of the directory.
    pub snapshots: u8,
    /// A person removes the lock file of an owner.
    pub removals: u8,
    /// A cleaner removes the lock file of an owner, also of one that is putting it back …
    pub cleanings: u8,
    /// … or its claim.
    pub unclaimings: u8,
    /// More than a minute passes, whoever is in the middle of something.
    pub eras: u8,
    /// An operation fails.
    pub faults: u8,
}

impl Budget {
    /// It does nothing.
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

/// What a directory holds at the beginning.
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
    /// What a policy looks at that denies links to a process.
    pub denial: Denial,
    /// A listing is read in two steps.
    pub torn: bool,
    /// To whom every file seems to have one name only: a bit for each process.
    pub sees_one_link: u8,
    /// Each process lives in a PID namespace of its own, and knows of the others what evidence shows.
    pub apart: bool,
    /// Who is never stopped for seconds between two steps.
    pub timely: Timely,
    /// Whom those among ours take for dead that a person has told.
    pub assumed: Option<Assumed>,
    /// Whether owners put back a lock file that was removed.
    pub restores: bool,
    /// Whether a claim may also be removed while its owner is putting the lock file back.
    pub unclaims_any_time: bool,
    /// What is wrong with ours, if the checker is to be checked.
    pub seed: Option<Seed>,
    /// How operations fail, if they do.
    pub codes: &'static [ErrorCode],
    /// Steps that nobody else can notice are not put in an order with those of others.
    pub reduced: bool,
}

impl Setting {
    /// A run of so many of ours, on a free directory, with nothing going wrong.
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

    /// How many processes there can be on one way.
    pub fn processes(&self) -> usize {
        self.sorts.len() + usize::from(self.budget.arrivals + self.budget.reuses)
    }

    fn denies_links(&self) -> bool {
        let mut sorts = self.sorts.iter();
        sorts.any(|sort| matches!(sort, Sort::In(Place { denied: true, .. })))
    }

    /// The deepest level that anybody can want: whoever wants one more has seen a file whose owner was dead, and each
    /// of these is one of the beginning's, or of another process, or one of the two that one that crashed has left.
    pub fn deepest(&self, start: &Start) -> u8 {
        let Budget {
            crashes,
            arrivals,
            reuses,
            ..
        } = self.budget;
        let odd = self.budget.faults > 0 || self.sees_one_link != 0;
        if self.links != Links::Work || odd && !self.evidence || self.denies_links() {
            // Where files are empty for a while, a file counts as dead that has only not been written for long.
            return DEEPEST;
        }
        let others = (self.sorts.len() as u8 + arrivals + reuses) * self.rounds - 1;
        // An attempt whose claim was swept may link another attempt's of its process, which has used the name again.
        let others = others + u8::from(self.apart && self.budget.eras > 0);
        (start.depth() + others + crashes).min(DEEPEST)
    }
}

/// The pid of a stranger that lives from the beginning.
pub const STRANGER: u8 = 70;

/// The pid of one that is long dead, and the next ones.
pub const DEAD: u8 = 80;

impl Start {
    /// With the lock of another program, which is dead.
    pub fn stale() -> Self {
        Self::default().file(0, Content::Pid(DEAD), Modified::Old)
    }

    /// With a file that another program wrote.
    pub fn file(mut self, level: u8, content: Content, modified: Modified) -> Self {
        let nobody = Author::Foreign(0);
        self.files
            .push((nobody, content, modified, false, vec![level]));
        self
    }

    /// With the claim of a process of ours, which is also the file at these levels.
    pub fn claim(self, pid: u8, levels: &[u8]) -> Self {
        self.claim_with(dead(pid), Content::Pid(pid), levels)
    }

    /// With the claim of anybody, whatever it holds.
    pub fn claim_with(mut self, author: Author, content: Content, levels: &[u8]) -> Self {
        self.files
            .push((author, content, Modified::Old, true, levels.to_vec()));
        self
    }

    /// How many levels have a file.
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

/// The author of a claim of a process that ended before the beginning, or lives on as a stranger.
pub fn dead(pid: u8) -> Author {
    let who = Who {
        pid,
        ..Who::default()
    };
    Author::Process(who, 0)
}
