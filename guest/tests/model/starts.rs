//! Directories as they may be found, made systematically: anything at each level, with anything at the others.

use crate::{
    directory::{Content, Modified},
    setting::{DEAD, STRANGER, Start},
    table::Author,
};

/// What there can be at a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    /// Of a process of ours that is dead.
    Crashed,
    /// The same file as at the level before: of one that died half-way through a reclaim.
    Half,
    /// Of a process of ours that is dead, and the machine lost power before the pid reached the disk.
    PowerLost,
    /// Of another program, which is dead.
    Stale,
    Empty,
    JustEmpty,
    Garbage,
    /// Garbage from the future.
    FromTheFuture,
    /// Of somebody who lives and wants nothing: another program's, and one of ours.
    Strangers,
    StrangersClaim,
    /// What another program writes that puts more than its pid there: it is dead, or lives.
    StaleMore,
    StrangersMore,
    /// Of somebody of another boot or container.
    Foreign,
    /// The same, with the pid of one of the run.
    Namesake,
    /// Of somebody there whose host keeps no evidence.
    Unproven,
    /// No lock file at all.
    TooLong,
}

use Kind::{
    Crashed, Empty, Foreign, FromTheFuture, Garbage, Half, JustEmpty, Namesake, Nothing, PowerLost,
    Stale, StaleMore, Strangers, StrangersClaim, StrangersMore, TooLong, Unproven,
};

/// What can be taken over.
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

/// What is not.
const RESPECTED: [Kind; 4] = [Strangers, StrangersClaim, Foreign, TooLong];

/// Any mix, to so many levels.
pub fn any(levels: usize) -> Vec<Start> {
    mixes(&[&TAKEN_OVER[..], &RESPECTED].concat(), levels)
}

/// Any mix of what can be taken over.
pub fn taken_over(levels: usize) -> Vec<Start> {
    mixes(&TAKEN_OVER, levels)
}

/// Owners of another boot or container, with and without others around them.
pub fn foreign() -> Vec<Start> {
    around(Foreign)
}

/// The same, of whom nobody keeps evidence.
pub fn unproven() -> Vec<Start> {
    around(Unproven)
}

/// One of them that has a pid of the run, as the first process of another container has.
pub fn namesake() -> Start {
    start(&[Namesake])
}

/// Any mix, to so many levels, of what other programs leave that write more than a pid.
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

/// Any mix of the kinds that lead to most.
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
