//! The parts of a model's states, each once.
//!
//! The machine is a value, and its step a function of that value and of the reply alone. So every state of a
//! process gets a number, and every step is taken once. A state of the model holds numbers. In millions of
//! interleavings, a step that was taken before costs only a look-up.

use std::sync::Arc;

use lockhost_machine::{
    call::FileId,
    machine::sweeps_unasked,
    names::{Identity, bare_identity},
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    directory::{CLAIMS, Directory, File, Modified},
    local::{Info, Local, Who},
    newcomer::Newcomer,
    seeds::Seed,
    setting::{Assumed, Cached, Denial, Links, Setting, Timely},
    step::{Answer, Op},
    world::World,
};

/// The author of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// A process, in its attempt with this number.
    Process(Who, u32),
    /// A process of another boot, machine or container: no process here can judge it by its pid.
    Foreign(u8),
    /// The same, but its host keeps no evidence, even where the other hosts do.
    Unproven(u8),
}

/// A claim's name, and the facts in it.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub author: Author,
    pub identity: Identity,
    /// Whether it promises evidence.
    pub evidence: bool,
}

impl Claim {
    pub fn pid(&self) -> u32 {
        match self.author {
            Author::Process(who, _) => who.pid.into(),
            Author::Foreign(number) | Author::Unproven(number) => number.into(),
        }
    }
}

/// The counts of a run, each step counted once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub acquisitions: u64,
    pub crashes: u64,
    /// Starts of a lockhost process, or of a stranger, with a pid that another had before.
    pub reuses: u64,
}

/// The parts of a model.
#[derive(Default)]
pub struct Table {
    /// Whether hosts keep evidence.
    pub evidence: bool,
    /// Whether a directory is listed in two steps.
    pub torn: bool,
    /// Which numbers come from a cache.
    pub cached: Cached,
    /// The processes to which every file seems to have one name only.
    pub sees_one_link: u8,
    /// Whether each process lives in a PID namespace of its own.
    pub apart: bool,
    /// The processes that are never stopped for seconds.
    pub timely: Timely,
    /// Whether files can have a second name.
    pub links: Links,
    /// What a policy that denies links checks first.
    pub denial: Denial,
    /// The fault in lockhost, if the checker is to be checked.
    pub seed: Option<Seed>,
    /// The owner that a user declares dead.
    pub assumed: Option<Assumed>,
    pub counts: Counts,
    /// The steps that are taken, when a trace is printed.
    pub notes: Option<Vec<(usize, Op, Answer)>>,
    /// The directories that were left when all had ended.
    pub ends: FxHashSet<Directory>,
    /// The result of a newcomer, by the state that it finds.
    pub newcomers: FxHashMap<World, Newcomer>,
    claims: Vec<Claim>,
    locals: Vec<(Arc<Local>, Info)>,
    numbers: FxHashMap<Arc<Local>, u32>,
    steps: FxHashMap<(u32, Answer), u32>,
    /// The states in which a process went on after the longest wait, and the states that followed.
    pub waits: FxHashMap<u32, u32>,
}

impl Table {
    pub fn new(setting: &Setting) -> Self {
        Self {
            evidence: setting.evidence,
            torn: setting.torn,
            cached: setting.cached,
            sees_one_link: setting.sees_one_link,
            apart: setting.apart,
            links: setting.links,
            denial: setting.denial,
            timely: setting.timely,
            seed: setting.seed,
            assumed: setting.assumed,
            ..Self::default()
        }
    }

    pub fn claim(&self, number: u8) -> &Claim {
        &self.claims[usize::from(number)]
    }

    /// Returns the number of a claim, which gets one at first sight.
    pub fn claim_of(&mut self, author: Author) -> u8 {
        let known = self.claims.iter().position(|claim| claim.author == author);
        let number = known.unwrap_or_else(|| {
            self.claims.push(Claim {
                author,
                identity: name(author),
                evidence: self.evidence && !matches!(author, Author::Unproven(_)),
            });
            self.claims.len() - 1
        });
        assert!(number < CLAIMS, "the model has room for that many claims");
        number as u8
    }

    /// Returns the user's name for the owner that is assumed dead.
    pub fn assumed_identity(&mut self, assumed: Assumed) -> String {
        match assumed {
            Assumed::Maker(author) => {
                let claim = self.claim_of(author);
                self.claim(claim).identity.as_str().to_owned()
            }
            Assumed::Pid(pid) => bare_identity(pid.into(), Some(Modified::Old.time())),
        }
    }

    /// Returns the number of the first claim of a process.
    pub fn first_claim_of(&mut self, who: Who) -> u8 {
        self.claim_of(Author::Process(who, 0))
    }

    pub fn count(&mut self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.counts);
    }

    /// Records a step, if steps are recorded.
    pub fn note(&mut self, slot: usize, op: Op, answer: Answer) {
        if let Some(notes) = &mut self.notes {
            notes.push((slot, op, answer));
        }
    }

    /// Returns the number of a claim that the machine names.
    pub fn number_of(&self, identity: &Identity) -> u8 {
        let mut claims = self.claims.iter();
        let number = claims.position(|claim| claim.identity == *identity);
        number.expect("the machine makes no identities up") as u8
    }

    pub fn identities(&self, set: u32) -> Vec<Identity> {
        let claims = self.claims.iter().enumerate();
        let listed = claims.filter(|(number, _)| set & (1 << number) != 0);
        listed.map(|(_, claim)| claim.identity).collect()
    }

    pub fn told_file(file: File) -> FileId {
        FileId(file.into(), 0)
    }

    /// Returns the number of a file that the machine names.
    pub fn file(id: FileId) -> File {
        id.0 as File
    }

    /// Returns the number of a state of a process.
    pub fn number(&mut self, local: Local) -> u32 {
        if let Some(number) = self.numbers.get(&local) {
            return *number;
        }
        let info = local.info(self);
        let number = self.locals.len() as u32;
        let local = Arc::new(local);
        self.locals.push((Arc::clone(&local), info));
        self.numbers.insert(local, number);
        number
    }

    pub fn info(&self, number: u32) -> &Info {
        &self.locals[number as usize].1
    }

    pub fn local(&self, number: u32) -> &Local {
        &self.locals[number as usize].0
    }

    /// Returns the state of a process after the answer to its next operation.
    pub fn step(&mut self, number: u32, op: Op, answer: Answer) -> u32 {
        if let Some(next) = self.steps.get(&(number, answer)) {
            return *next;
        }
        let local = Arc::clone(&self.locals[number as usize].0);
        let next = local.reply(op, answer, self);
        let next = self.number(next);
        self.steps.insert((number, answer), next);
        next
    }

    /// Returns every step that was taken: from where, and where to.
    pub fn steps(&self) -> impl Iterator<Item = (u32, u32)> {
        self.steps.iter().map(|((from, _), to)| (*from, *to))
    }
}

/// Returns a name for a claim whose maker sweeps without a cause, or one whose maker does not.
fn name(author: Author) -> Identity {
    let (text, sweeps) = match author {
        Author::Process(who, attempt) => (
            format!("1-p{}-s{}-a{attempt}", who.pid, who.start),
            who.sweeps,
        ),
        Author::Foreign(number) => (format!("1-x{number}"), false),
        Author::Unproven(number) => (format!("1-y{number}"), false),
    };
    let mut names =
        (0..10_000).map(|salt| Identity::new(&format!("{text}-{salt}")).expect("an identity"));
    names
        .find(|identity| sweeps_unasked(identity) == sweeps)
        .expect("one in 64 does")
}
