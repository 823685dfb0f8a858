//! The files that a lockhost process has open, as the component's driver keeps them, and the locks on them.

use lockhost_machine::call::Ours;

use crate::{
    directory::{File, Name},
    local::Info,
    step::{Answer, Op},
};

/// A file that is open to be examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Looked {
    file: File,
    /// Whether a shared lock on it is kept.
    probed: bool,
}

/// The open files, and the names that were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Descriptors {
    claim: Option<File>,
    guarded: bool,
    /// The claim that was made last, whether it still exists or not.
    last: Option<u8>,
    /// The files that were made in place.
    in_place: Vec<(u8, File)>,
    /// The levels of those that are kept locked.
    locked: Vec<u8>,
    open: Option<Looked>,
    kept: Vec<(u8, Looked)>,
    made: Vec<(Name, File)>,
}

impl Descriptors {
    /// Takes the answer to an operation.
    pub fn follow(&mut self, op: Op, answer: Answer) {
        match (op, answer) {
            (Op::Create(claim), Answer::Id(file)) => {
                self.claim = Some(file);
                self.guarded = false;
                self.last = Some(claim);
                self.made.retain(|(made, _)| *made != Name::Claim(claim));
                self.made.push((Name::Claim(claim), file));
            }
            (Op::MakeInPlace(level), Answer::Id(file)) => {
                self.in_place.retain(|(made, _)| *made != level);
                self.in_place.push((level, file));
                self.locked.retain(|locked| *locked != level);
                self.made.retain(|(made, _)| *made != Name::Level(level));
            }
            // A process that has the next level's name may judge an empty file dead.
            (Op::Write(Ours::At(level), _), Answer::Done)
                if self.has_made(Name::Level(level + 1)) =>
            {
                self.sure_of(level);
            }
            (Op::Id(Name::Level(level)) | Op::Same(Name::Level(level), ..), Answer::Id(file))
                if self.at(level) == Some(file) =>
            {
                self.sure_of(level);
            }
            (Op::Disown(level), Answer::Done) => {
                self.made.retain(|(made, _)| *made != Name::Level(level));
            }
            (Op::Guard(Ours::Claim), Answer::Done) => self.guarded = true,
            (Op::Guard(Ours::At(level)), Answer::Done) => self.locked.push(level),
            (Op::Open(_), Answer::Id(file)) => {
                self.open = Some(Looked {
                    file,
                    probed: false,
                });
            }
            (Op::Open(_), _) => self.open = None,
            (Op::Probe(..), Answer::Locked(_)) => self.probed(true),
            (Op::GiveBack(_), _) => self.probed(false),
            (Op::Keep(level), Answer::Done) => {
                if let Some(open) = self.open.take() {
                    self.kept.retain(|(kept, _)| *kept != level);
                    self.kept.push((level, open));
                }
            }
            (Op::Link(name) | Op::Replace(name), Answer::Done) => {
                self.made.retain(|(made, _)| *made != name);
                self.made.extend(self.claim.map(|file| (name, file)));
            }
            (Op::LinkOpen(claim), Answer::Done) => {
                let name = Name::Claim(claim);
                self.made.retain(|(made, _)| *made != name);
                self.made.extend(self.claim.map(|file| (name, file)));
            }
            (Op::Unlink(name), Answer::Done) => self.made.retain(|(made, _)| *made != name),
            (Op::Forget, Answer::Done) => {
                self.claim = None;
                self.guarded = false;
                self.in_place.clear();
                self.locked.clear();
            }
            _ => {}
        }
    }

    fn probed(&mut self, probed: bool) {
        if let Some(open) = &mut self.open {
            open.probed = probed;
        }
    }

    /// Returns the file that it made in place at a level.
    pub fn at(&self, level: u8) -> Option<File> {
        let mut in_place = self.in_place.iter();
        in_place
            .find(|(made, _)| *made == level)
            .map(|(_, file)| *file)
    }

    /// Records that the file made in place at this level is its own from now on.
    fn sure_of(&mut self, level: u8) {
        let name = Name::Level(level);
        if !self.has_made(name) {
            self.made.extend(self.at(level).map(|file| (name, file)));
        }
    }

    /// Closes files that were only examined, and reclaim locks that were made in place.
    pub fn close_looked_at(&mut self) {
        self.in_place.retain(|(level, _)| *level == 0);
        self.locked.retain(|level| *level == 0);
        self.open = None;
        self.kept.clear();
    }

    /// Fills in what other processes can see of them.
    pub fn tell(&self, info: &mut Info) {
        let looked = self
            .open
            .into_iter()
            .chain(self.kept.iter().map(|(_, it)| *it));
        info.claim = self.claim;
        info.open = self.open.map(|open| open.file);
        info.last = self.last;
        info.in_place.clone_from(&self.in_place);
        let ours = self
            .claim
            .into_iter()
            .chain(self.in_place.iter().map(|(_, it)| *it));
        info.opened = looked.clone().map(|it| it.file).chain(ours).collect();
        info.probes = looked.filter(|it| it.probed).map(|it| it.file).collect();
        let guards = self.claim.filter(|_| self.guarded);
        let locked = self.locked.iter().filter_map(|level| self.at(*level));
        info.guards = guards.into_iter().chain(locked).collect();
        info.made.clone_from(&self.made);
    }

    /// Returns the claim, if it is open.
    pub fn claim(&self) -> Option<File> {
        self.claim
    }

    /// Returns the file that is examined.
    pub fn open(&self) -> Option<File> {
        self.open.map(|open| open.file)
    }

    /// Returns whether a name was made, and not removed.
    pub fn has_made(&self, name: Name) -> bool {
        self.made.iter().any(|(made, _)| *made == name)
    }

    /// Returns how many names were made, and not removed.
    pub fn names_made(&self) -> u8 {
        self.made.len() as u8
    }
}
