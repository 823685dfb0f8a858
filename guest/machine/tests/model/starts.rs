//! Directories as they may be found, made systematically: any file at each level, with any file at the others.

use crate::{
    directory::{Content, Modified},
    setting::{DEAD, STRANGER, Start},
    table::Author,
};

/// The file at a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    /// That of a lockhost process that is dead.
    Crashed,
    /// The same file as at the level before: that of a process that died half-way through a reclaim.
    Half,
    /// That of a lockhost process that is dead, after a power loss before the pid reached the disk.
    PowerLost,
    /// That of another program, which is dead.
    Stale,
    Empty,
    JustEmpty,
    Garbage,
    /// Garbage from the future.
    FromTheFuture,
    /// That of a process that lives and wants no lock: another program's, and a lockhost process's.
    Strangers,
    StrangersClaim,
    /// That of another program that writes more than its pid: it is dead, or lives.
    StaleMore,
    StrangersMore,
    /// That of a process of another boot or container.
    Foreign,
    /// The same, with the pid of a process of the run.
    Namesake,
    /// That of a process there whose host keeps no evidence.
    Unproven,
    /// A file that is not a lock file.
    TooLong,
}

use Kind::{
    Crashed, Empty, Foreign, FromTheFuture, Garbage, Half, JustEmpty, Namesake, Nothing, PowerLost,
    Stale, StaleMore, Strangers, StrangersClaim, StrangersMore, TooLong, Unproven,
};

/// The kinds that can be taken over.
const TAKEN_OVER: [Kind; 9] = [
    Nothing,
    Crashed,
    Half,
    PowerLost,
    Stale,
    Empty,
    JustEmpty,
    Garbage,
    FromTheFuture,
];

/// One of each sort among these.
const FEW: [Kind; 4] = [Nothing, Crashed, Half, Stale];

/// The kinds that cannot.
const RESPECTED: [Kind; 4] = [Strangers, StrangersClaim, Foreign, TooLong];

/// Returns any mix, to this many levels.
pub fn any(levels: usize) -> Vec<Start> {
    mixes(&[&TAKEN_OVER[..], &RESPECTED].concat(), levels)
}

/// Returns any mix of the kinds that can be taken over.
pub fn taken_over(levels: usize) -> Vec<Start> {
    mixes(&TAKEN_OVER, levels)
}

/// Returns owners of another boot or container, with and without others around them.
pub fn foreign() -> Vec<Start> {
    around(Foreign)
}

/// Returns the same, for whom no host keeps evidence.
pub fn unproven() -> Vec<Start> {
    around(Unproven)
}

/// Returns one of them that has a pid of the run, as the first process of another container has.
pub fn namesake() -> Start {
    start(&[Namesake])
}

/// Returns any mix, to this many levels, of the files of other programs that write more than a pid.
pub fn more_than_a_pid(levels: usize) -> Vec<Start> {
    mixes(&[Nothing, Crashed, StaleMore, StrangersMore], levels)
}

fn around(kind: Kind) -> Vec<Start> {
    let mixes = combine(&[Nothing, Crashed, kind], 2).into_iter();
    mixes
        .filter(|mix| mix.contains(&kind))
        .map(|mix| start(&mix))
        .collect()
}

/// Returns any mix of the kinds that lead to most states.
pub fn few(levels: usize) -> Vec<Start> {
    mixes(&FEW, levels)
}

fn mixes(kinds: &[Kind], levels: usize) -> Vec<Start> {
    combine(kinds, levels)
        .iter()
        .map(|mix| start(mix))
        .collect()
}

fn combine(kinds: &[Kind], levels: usize) -> Vec<Vec<Kind>> {
    let mut mixes = vec![Vec::new()];
    for _ in 0..levels {
        mixes = mixes.iter().flat_map(|mix| with_each(mix, kinds)).collect();
    }
    mixes
}

fn with_each(mix: &[Kind], kinds: &[Kind]) -> Vec<Vec<Kind>> {
    let lower = mix.last().copied();
    // A process is half-way between two levels only where it has the lower one.
    let fit = kinds
        .iter()
        .filter(|kind| **kind != Half || matches!(lower, Some(Crashed | Half)));
    fit.map(|kind| [mix, &[*kind]].concat()).collect()
}

fn start(mix: &[Kind]) -> Start {
    let mut start = Start::default();
    let mut level = 0;
    while let Some(kind) = mix.get(usize::from(level)) {
        let pid = DEAD + level;
        let halves = mix[usize::from(level) + 1..]
            .iter()
            .take_while(|kind| **kind == Half);
        let levels: Vec<u8> = (level..=level + halves.count() as u8).collect();
        let owner = crate::setting::dead(pid);
        start = match kind {
            Nothing | Half => start,
            Crashed => start.claim(pid, &levels),
            PowerLost => start.claim_with(owner, Content::Empty, &levels),
            Stale => start.file(level, Content::Pid(pid), Modified::Old),
            Empty => start.file(level, Content::Empty, Modified::Old),
            JustEmpty => start.file(level, Content::Empty, Modified::Fresh(0)),
            Garbage => start.file(level, Content::Garbage, Modified::Old),
            FromTheFuture => start.file(level, Content::Garbage, Modified::Future),
            StaleMore => start.file(level, Content::More(pid), Modified::Old),
            StrangersMore => start.file(level, Content::More(STRANGER), Modified::Old),
            TooLong => start.file(level, Content::Long, Modified::Old),
            Strangers => start.file(level, Content::Pid(STRANGER), Modified::Old),
            StrangersClaim => start.claim(STRANGER + 1 + level, &levels),
            Foreign => start.claim_with(Author::Foreign(1 + level), Content::Pid(pid), &levels),
            Namesake => start.claim_with(Author::Foreign(1 + level), Content::Pid(1), &levels),
            Unproven => start.claim_with(Author::Unproven(1 + level), Content::Pid(pid), &levels),
        };
        level += 1;
    }
    start
}
