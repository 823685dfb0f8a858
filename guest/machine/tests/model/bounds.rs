//! The number of steps of an attempt: the most in all states, and against an adversary with arbitrary answers.

use std::collections::HashMap;

use fastrand::Rng;
use lockhost_machine::{
    call::{Call, FileId, FileStat, Listed, Maker, Next, Reply},
    facts::{AliveReason, Datetime, DeadReason, DescriptorType, ErrorCode, Liveness},
    machine::{Machine, outcome::Cause},
    names::Identity,
};

use crate::{local::Body, table::Table};

/// Returns the most steps that a lockhost process takes in all states: from the beginning of its attempt to the end of
/// its release, without waits.
///
/// Panics if there is no bound: if a process can return to a state that it was in.
pub fn longest_attempt(table: &Table) -> usize {
    let mut next: HashMap<u32, Vec<u32>> = HashMap::new();
    let waits = table.waits.iter().map(|(from, to)| (*from, *to));
    for (from, to) in table.steps().chain(waits) {
        if matches!(table.local(from).body, Body::Contender(_)) {
            next.entry(from).or_default().push(to);
        }
    }
    let mut longest = Longest {
        next,
        known: HashMap::new(),
    };
    let starts: Vec<u32> = longest.next.keys().copied().collect();
    starts
        .into_iter()
        .map(|start| longest.from(start))
        .max()
        .unwrap_or_default()
}

struct Longest {
    next: HashMap<u32, Vec<u32>>,
    /// The length of the longest way from a state; none while that is being computed.
    known: HashMap<u32, Option<usize>>,
}

impl Longest {
    fn from(&mut self, start: u32) -> usize {
        // Without recursion, since ways are longer than a stack is deep.
        let mut path = vec![(start, 0, 0)];
        let mut last = 0;
        while let Some((state, branch, most)) = path.last_mut() {
            if *branch == 0 {
                match self.known.get(state) {
                    Some(Some(known)) => {
                        last = *known;
                        path.pop();
                        Self::tell(&mut path, last);
                        continue;
                    }
                    Some(None) => panic!("an attempt comes back to where it was"),
                    None => {
                        self.known.insert(*state, None);
                    }
                }
            }
            match self.next.get(state).and_then(|next| next.get(*branch)) {
                Some(next) => {
                    *branch += 1;
                    path.push((*next, 0, 0));
                }
                None => {
                    last = *most;
                    self.known.insert(*state, Some(last));
                    path.pop();
                    Self::tell(&mut path, last);
                }
            }
        }
        last
    }

    /// Records the length of a way that was gone to its end.
    fn tell(path: &mut [(u32, usize, usize)], length: usize) {
        if let Some((_, _, most)) = path.last_mut() {
            *most = (*most).max(length + 1);
        }
    }
}

/// More steps than any attempt takes in a directory with a handful of claims, if it waits as it is asked to. It begins
/// again a hundred times at most, with up to eight levels each time.
const BOUND: usize = 60_000;

/// An adversary, which repeats its answer to each kind of call, except for a random one now and then.
struct Adversary {
    rng: Rng,
    whims: u8,
    habits: HashMap<&'static str, u64>,
}

impl Adversary {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        Self {
            whims: rng.u8(..4),
            rng,
            habits: HashMap::new(),
        }
    }

    fn reply(&mut self, call: Call) -> Reply {
        let whim = self.rng.u8(..) < 8 * self.whims;
        let new = self.rng.u64(..);
        let habit = *self.habits.entry(kind(&call)).or_insert(new);
        let choice = if whim { new } else { habit };
        // A quarter of all calls fail.
        if choice.is_multiple_of(4) {
            const CODES: [ErrorCode; 4] = [
                ErrorCode::Exist,
                ErrorCode::NoEntry,
                ErrorCode::NotPermitted,
                ErrorCode::Access,
            ];
            return Reply::Failed(CODES[(choice / 4 % 4) as usize]);
        }
        answer(call, choice / 4)
    }
}

fn kind(call: &Call) -> &'static str {
    match call {
        Call::Current { .. } => "current",
        Call::Create { .. } => "create",
        Call::Make { .. } => "make",
        Call::Guard { .. } => "guard",
        Call::Write { .. } => "write",
        Call::Disown { .. } => "disown",
        Call::StatClaim => "stat claim",
        Call::Stat { .. } => "stat",
        Call::Open { .. } => "open",
        Call::Read => "read",
        Call::StatOpen => "stat open",
        Call::Identify { .. } => "identify",
        Call::Id { .. } => "id",
        Call::Same { .. } => "same",
        Call::List => "list",
        Call::ListOn => "list on",
        Call::Ask { .. } => "ask",
        Call::AskUnread { .. } => "ask unread",
        Call::Keep { .. } => "keep",
        Call::Link { .. } => "link",
        Call::LinkOpen { .. } => "link open",
        Call::Unlink { .. } => "unlink",
        Call::Forget => "forget",
    }
}

fn answer(call: Call, choice: u64) -> Reply {
    let identity = |number: u64| Identity::new(&format!("1-p{number}")).expect("an identity");
    match call {
        Call::Current { attempt } => Reply::Maker(Maker {
            pid: 7,
            identity: identity(100 + u64::from(attempt)),
            evidence: choice.is_multiple_of(2),
            session: false,
        }),
        // Its own file, or one of few others.
        Call::Create { .. } | Call::Make { .. } => Reply::Id(FileId(1, 0)),
        Call::Same { .. } if choice.is_multiple_of(7) => Reply::Differs,
        Call::Open { .. } if choice.is_multiple_of(11) => Reply::Failed(ErrorCode::Access),
        Call::Open { .. } | Call::Id { .. } | Call::Same { .. } => {
            Reply::Id(FileId(1 + choice % 3, 0))
        }
        Call::Guard { .. } if choice.is_multiple_of(3) => Reply::Probed,
        Call::Stat { .. } | Call::StatOpen | Call::StatClaim => Reply::Stat(FileStat {
            kind: DescriptorType::RegularFile,
            size: choice % 5,
            links: choice % 3,
            modified: Some(Datetime {
                seconds: choice % 2 * 1_000,
                nanoseconds: 0,
            }),
        }),
        Call::Read if choice.is_multiple_of(2) => Reply::Bytes(Vec::new()),
        Call::Read => Reply::Bytes(b"9\n".to_vec()),
        Call::Identify { .. } => Reply::Identity(choice.is_multiple_of(2).then(|| identity(9))),
        // A directory has an end, which may be in the second part.
        Call::List | Call::ListOn => Reply::Listed(Listed {
            claims: (0..choice % 4).map(identity).collect(),
            reclaims: choice.is_multiple_of(2),
            missed: None,
            more: call == Call::List && choice.is_multiple_of(3),
        }),
        Call::Ask { .. } | Call::AskUnread { .. } if choice.is_multiple_of(5) => {
            Reply::Liveness(Liveness::Alive(AliveReason::Running))
        }
        Call::Ask { .. } | Call::AskUnread { .. } => {
            Reply::Liveness(Liveness::Dead(DeadReason::NoProcess))
        }
        _ => Reply::Done,
    }
}

/// Runs an attempt and, if it acquires the lock, its release. Returns the number of steps, and whether it acquired the
/// lock or gave up.
fn run(adversary: &mut Adversary) -> (usize, &'static str) {
    let mut machine = Machine::new("a.lock".into(), None);
    let mut steps = 0;
    let mut elapsed = 0;
    let mut next = machine.start(elapsed);
    let end = loop {
        match next {
            Next::Call(call) => {
                steps += 1;
                next = machine.reply(adversary.reply(call));
            }
            Next::End(Ok(())) => break "got in",
            Next::End(Err(error)) => match error.cause {
                Cause::Again(awaited) => {
                    elapsed += u64::from(awaited.retry_ms());
                    next = machine.start(elapsed);
                }
                Cause::Contended => break "contended",
                _ => break "ended",
            },
        }
        assert!(steps < BOUND, "no end");
    };
    if end == "got in" {
        let (mut release, mut next) = machine.release();
        while let Next::Call(call) = next {
            steps += 1;
            next = release.reply(adversary.reply(call));
        }
    }
    (steps, end)
}

#[test]
fn an_attempt_has_an_end_whatever_it_is_answered() {
    let mut most = HashMap::new();
    for seed in 0..100_000 {
        let (steps, end) = run(&mut Adversary::new(seed));
        let most = most.entry(end).or_insert((0, 0));
        most.0 += 1;
        most.1 = steps.max(most.1);
    }
    println!("how attempts end, how many do, and the most steps: {most:?}");
    for end in ["got in", "contended", "ended"] {
        assert!(most.contains_key(end), "{most:?}");
    }
}
