//! What a model's states are made of, each once.
//!
//! The guest's machine is a value and its step a function of that value and of the reply alone. So every state that a
//! process can be in gets a number, and every step is taken once: a state of the model holds numbers, and going
//! through millions of interleavings costs look-ups where the processes do what they have done in another one.

use std::sync::Arc;

use lockhost_guest::{
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
    setting::{Assumed, Denial, Links, Setting, Timely},
    step::{Answer, Op},
    world::World,
};

/// Who made a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// A process, in its so-manieth attempt.
    Process(Who, u32),
    /// Somebody of another boot, machine or container: of them nobody can tell by the pid.
    Foreign(u8),
    /// The same, but whose host keeps no evidence, also where those of the others do.
    Unproven(u8),
}

/// A claim's name, and what it says.
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

/// What was gone through, each step counted once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub acquisitions: u64,
    pub crashes: u64,
    /// Starts of one of ours, or of a stranger, with a pid that another had before.
    pub reuses: u64,
}

/// What there is in a model.
#[derive(Default)]
pub struct Table {
    /// Whether hosts keep evidence.
    pub evidence: bool,
    /// Whether a directory is listed in two steps.
    pub torn: bool,
    /// To whom every file seems to have one name only.
    pub sees_one_link: u8,
    /// Whether each process lives in a PID namespace of its own.
    pub apart: bool,
    /// Who is never stopped for seconds.
    pub timely: Timely,
    /// Whether files can have a second name.
    pub links: Links,
    /// What a policy looks at that denies links to a process.
    pub denial: Denial,
    /// What is wrong with ours, if the checker is to be checked.
    pub seed: Option<Seed>,
    /// Whom a person takes for dead.
    pub assumed: Option<Assumed>,
    pub counts: Counts,
    /// The steps that are taken, when a trace is told.
    pub notes: Option<Vec<(usize, Op, Answer)>>,
    /// What was left when all had ended.
    pub ends: FxHashSet<Directory>,
    /// What a newcomer comes to, by the state that it finds.
    pub newcomers: FxHashMap<World, Newcomer>,
    claims: Vec<Claim>,
    locals: Vec<(Arc<Local>, Info)>,
    numbers: FxHashMap<Arc<Local>, u32>,
    steps: FxHashMap<(u32, Answer), u32>,
    /// Where a process went on after all that it could wait for, and where that led.
    pub waits: FxHashMap<u32, u32>,
}

impl Table {
    pub fn new(setting: &Setting) -> Self {
        Self {
            evidence: setting.evidence,
            torn: setting.torn,
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

    /// The number of a claim, which is given one at first sight.
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

    /// What a person calls whom it takes for dead.
    pub fn assumed_identity(&mut self, assumed: Assumed) -> String {
        match assumed {
            Assumed::Maker(author) => {
                let claim = self.claim_of(author);
                self.claim(claim).identity.as_str().to_owned()
            }
            Assumed::Pid(pid) => bare_identity(pid.into(), Some(Modified::Old.time())),
        }
    }

    /// The number of the first claim of a process.
    pub fn first_claim_of(&mut self, who: Who) -> u8 {
        self.claim_of(Author::Process(who, 0))
    }

    pub fn count(&mut self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.counts);
    }

    /// Notes a step, if steps are noted.
    pub fn note(&mut self, slot: usize, op: Op, answer: Answer) {
        if let Some(notes) = &mut self.notes {
            notes.push((slot, op, answer));
        }
    }

    /// The number of a claim that the machine names.
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

    /// The number of a state of a process.
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

    /// The state that a process comes to when what it does next is answered.
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

    /// Every step that was taken: from where, and where to.
    pub fn steps(&self) -> impl Iterator<Item = (u32, u32)> {
        self.steps.iter().map(|((from, _), to)| (*from, *to))
    }
}

/// A name for a claim, such that its maker sweeps without a cause if it is to.
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
