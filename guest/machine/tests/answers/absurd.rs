//! The machine beside a host and a directory with arbitrary answers, and the rules that it must keep whatever
//! they are.
//!
//! The answers are made from bytes, so every source of bytes makes answers: a property test, a fuzzer, a file of a
//! corpus. Most of them fit the question, since otherwise no attempt would get far.

use std::{collections::BTreeSet, iter, slice};

use lockhost_machine::{
    call::{Call, FileId, FileStat, Listed, Maker, Next, Ours, Reply},
    facts::{
        AliveReason, Datetime, DeadReason, DescriptorType, ErrorCode, Liveness, UnknownReason,
    },
    inspect::Inspect,
    machine::{Machine, outcome::Cause},
    names::{Identity, Name},
};

/// The most calls that one turn of an attempt may make: 4,096 claims may be in use, and it may begin again 100 times.
const MOST: usize = 30_000;

/// How often an attempt is called again before it is dropped.
const TURNS: usize = 100;

/// The result of an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempted {
    /// The most calls in one turn.
    pub calls: usize,
    /// Whether it acquired the lock.
    pub owned: bool,
}

/// Runs an attempt whose every question is answered from these bytes, over and over. Then it is given up.
///
/// # Panics
/// If it makes more calls than it may, or removes a file that is neither its own nor judged dead. Also if it counts
/// itself as the owner without having seen its own file, written and guarded, under the lock's name.
#[must_use]
pub fn attempt(bytes: &[u8]) -> Attempted {
    let mut answers = Answers::new(bytes);
    let assume_dead = answers.pick(&[None, Some("1-a".to_owned()), Some("7@0.0".to_owned())]);
    let mut machine = Machine::new("a.lock".to_owned(), assume_dead.clone());
    let mut watch = Watch {
        assumes: assume_dead.is_some(),
        ..Watch::default()
    };
    let mut attempted = Attempted::default();
    let mut elapsed = 0;
    for turn in 0..TURNS {
        let (calls, outcome) = watch.run(&mut answers, machine.start(elapsed), |reply| {
            machine.reply(reply)
        });
        attempted.calls = attempted.calls.max(calls);
        match outcome {
            Err(error) if matches!(error.cause, Cause::Again(_)) => {
                assert!(!machine.has_ended());
                elapsed = answers.pick(&[elapsed + 20, elapsed + 3000, 0, u64::MAX]);
            }
            Err(error) => {
                assert!(
                    !matches!(error.cause, Cause::Ended),
                    "it was told to go on: {turn}"
                );
                assert!(machine.has_ended());
                assert!(
                    matches!(machine.start(0), Next::End(Err(error)) if matches!(error.cause, Cause::Ended))
                );
                return attempted;
            }
            Ok(()) => {
                assert!(!machine.has_ended());
                watch.owns(machine.own());
                watch.reports(&machine);
                attempted.owned = true;
                break;
            }
        }
    }
    let (mut release, next) = machine.release();
    let (calls, _) = watch.run(&mut answers, next, |reply| release.reply(reply));
    attempted.calls = attempted.calls.max(calls);
    assert!(matches!(machine.start(0), Next::End(Err(_))));
    attempted
}

/// Runs an inspection in the same way. Returns the number of its calls.
///
/// # Panics
/// If it makes more calls than it may, or asks to change anything.
#[must_use]
pub fn inspection(bytes: &[u8]) -> usize {
    let mut answers = Answers::new(bytes);
    let mut inspect = Inspect::new("a.lock".to_owned());
    let next = inspect.start();
    let (calls, _) =
        Watch::default().run(&mut answers, next, |reply| inspect.reply(reply, |_, _| ()));
    calls
}

/// The questions and answers so far, as far as a later call may rest on them.
#[derive(Debug, Default)]
struct Watch {
    assumes: bool,
    /// The files that it has made, guarded, written.
    made: BTreeSet<(u64, u64)>,
    guarded: BTreeSet<(u64, u64)>,
    written: BTreeSet<(u64, u64)>,
    claim: Option<FileId>,
    in_place: [Option<FileId>; 9],
    open: Option<FileId>,
    /// The files whose owners are dead, or assumed to be.
    dead: BTreeSet<(u64, u64)>,
    /// The files seen under the lock's name since it was last linked or made.
    at_lock: Vec<FileId>,
    /// The name that was compared last, and its file.
    compared: Option<(Name, FileId)>,
    scratch: Option<Identity>,
    maker: Option<Maker>,
    /// Whether it makes its files in place.
    makes: bool,
    /// How many names of lock files it has removed.
    removed: usize,
}

impl Watch {
    fn run<T>(
        &mut self,
        answers: &mut Answers<'_>,
        mut next: Next<T>,
        mut reply: impl FnMut(Reply) -> Next<T>,
    ) -> (usize, T) {
        for calls in 0..MOST {
            match next {
                Next::Call(call) => {
                    self.may(&call);
                    let answer = answers.to(&call);
                    self.note(&call, &answer);
                    next = reply(answer);
                }
                Next::End(end) => return (calls, end),
            }
        }
        panic!("more than {MOST} calls in one turn");
    }

    /// Checks that a removed name was compared just before: its file is its own, or the file's owner is dead.
    fn may(&self, call: &Call) {
        let Call::Unlink { name } = call else {
            return;
        };
        if self
            .scratch
            .is_some_and(|scratch| *name == Name::Claim(scratch))
        {
            return;
        }
        let (compared, file) = self.compared.expect("it looked before it removes");
        assert_eq!(compared, *name);
        let file = (file.0, file.1);
        assert!(
            self.made.contains(&file) || self.dead.contains(&file),
            "{name:?} belongs to an owner: {self:?}"
        );
    }

    fn note(&mut self, call: &Call, answer: &Reply) {
        let id = match answer {
            Reply::Id(id) => Some(*id),
            _ => None,
        };
        self.compared = None;
        match *call {
            Call::Create { .. } => {
                self.claim = id;
                self.made.extend(id.map(|id| (id.0, id.1)));
            }
            Call::Make { level } => {
                self.makes = true;
                self.in_place[usize::from(level)] = id;
                self.made.extend(id.map(|id| (id.0, id.1)));
                self.moved(Name::Level(level));
            }
            Call::Guard { file } if *answer == Reply::Done => {
                self.guarded.extend(self.ours(file).map(|id| (id.0, id.1)));
            }
            Call::Write { file, .. } if *answer == Reply::Done => {
                self.written.extend(self.ours(file).map(|id| (id.0, id.1)));
            }
            Call::Current { attempt } if attempt > 4096 => {
                if let Reply::Maker(maker) = answer {
                    self.scratch = Some(maker.identity);
                }
            }
            Call::Current { .. } => {
                if let Reply::Maker(maker) = answer {
                    self.maker = Some(*maker);
                }
            }
            Call::Unlink {
                name: Name::Level(_),
            } if *answer == Reply::Done => self.removed += 1,
            Call::Link { name } => self.moved(name),
            Call::Open { .. } => self.open = id,
            Call::Ask { .. } => {
                let dead = match answer {
                    Reply::Liveness(Liveness::Dead(_)) => true,
                    Reply::Liveness(
                        Liveness::Unknown(_)
                        | Liveness::Alive(AliveReason::Exists | AliveReason::OwnPid),
                    ) => self.assumes,
                    // A wrong answer leaves it unknown.
                    Reply::Liveness(Liveness::Alive(_)) => false,
                    _ => self.assumes,
                };
                if dead {
                    self.dead.extend(self.open.map(|id| (id.0, id.1)));
                }
            }
            Call::Id { name } | Call::Same { name, .. } => {
                self.compared = id.map(|id| (name, id));
                if name == Name::Level(0) {
                    self.at_lock.extend(id);
                }
            }
            _ => {}
        }
    }

    fn ours(&self, file: Ours) -> Option<FileId> {
        match file {
            Ours::Claim => self.claim,
            Ours::At(level) => self.in_place[usize::from(level)],
        }
    }

    fn moved(&mut self, name: Name) {
        if name == Name::Level(0) {
            self.at_lock.clear();
        }
    }

    fn reports(&self, machine: &Machine) {
        let report = machine.report();
        assert_eq!(report.claimed, !self.makes, "{self:?}");
        let maker = self.maker.as_ref().expect("it was told who it is");
        assert_eq!(report.maker, Some(maker));
        assert!(report.replaced.len() <= self.removed, "{self:?}");
    }

    fn owns(&self, own: Option<FileId>) {
        let own = own.expect("an owner has a file");
        assert!(
            self.at_lock.contains(&own),
            "it has not seen its file under the lock's name: {self:?}"
        );
        let own = (own.0, own.1);
        for set in [&self.made, &self.guarded, &self.written] {
            assert!(set.contains(&own), "{self:?}");
        }
    }
}

/// Answers made from bytes.
struct Answers<'a> {
    /// How many of 256 fit the question and are not a failure.
    fit: usize,
    /// How many parts of the listing under way were asked for.
    listed: u32,
    bytes: iter::Cycle<slice::Iter<'a, u8>>,
}

impl<'a> Answers<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut answers = Self {
            fit: 256,
            listed: 0,
            bytes: bytes.iter().cycle(),
        };
        answers.fit = answers.pick(&[256, 250, 200]);
        answers
    }

    fn byte(&mut self) -> usize {
        self.bytes.next().copied().unwrap_or_default().into()
    }

    fn pick<T: Clone>(&mut self, choice: &[T]) -> T {
        choice[self.byte() % choice.len()].clone()
    }

    fn to(&mut self, call: &Call) -> Reply {
        match call {
            Call::List => self.listed = 0,
            Call::ListOn => self.listed += 1,
            _ => {}
        }
        match self.byte() {
            byte if byte < self.fit => self.fitting(call),
            byte if byte % 4 != 0 => Reply::Failed(self.code()),
            // An answer to another question.
            _ => {
                let calls = [
                    Call::Current { attempt: 0 },
                    Call::Guard { file: Ours::Claim },
                    Call::Read,
                    Call::StatOpen,
                    Call::Identify { pid: 1 },
                    Call::Id {
                        name: Name::Level(0),
                    },
                    Call::List,
                    Call::ListOn,
                    Call::Ask {
                        owner: lockhost_machine::call::Owner::Nobody,
                    },
                ];
                let other = self.pick(&calls);
                self.fitting(&other)
            }
        }
    }

    fn fitting(&mut self, call: &Call) -> Reply {
        match call {
            Call::Current { .. } => match self.byte() {
                250.. => Reply::Refused("it will not".repeat(1000)),
                byte => Reply::Maker(Maker {
                    pid: self.pick(&[1, 7, 0, u32::MAX]),
                    identity: self.identity(),
                    evidence: byte % 4 != 1,
                    session: byte % 8 == 3,
                }),
            },
            Call::Create { .. } | Call::Make { .. } => match self.byte() {
                200.. => Reply::Failed(ErrorCode::Exist),
                _ => self.id(),
            },
            Call::Guard { .. } => match self.byte() {
                0..=200 => Reply::Done,
                201..=240 => Reply::Probed,
                _ => Reply::Refused(String::new()),
            },
            Call::Link { .. } | Call::LinkOpen { .. } => match self.byte() {
                0..=150 => Reply::Done,
                _ => Reply::Failed(ErrorCode::Exist),
            },
            Call::StatClaim | Call::StatOpen | Call::Stat { .. } => Reply::Stat(FileStat {
                kind: match self.byte() {
                    250.. => DescriptorType::Directory,
                    _ => DescriptorType::RegularFile,
                },
                size: self.pick(&[2, 0, 64, 65, u64::MAX]),
                links: self.pick(&[2, 1, 0, u64::MAX]),
                modified: self
                    .pick(&[0, 1, 1000, u64::MAX])
                    .checked_sub(1)
                    .map(|seconds| Datetime {
                        seconds,
                        nanoseconds: u32::MAX,
                    }),
            }),
            Call::Open { .. } | Call::Id { .. } | Call::Same { .. } => match self.byte() {
                140..150 if matches!(call, Call::Same { .. }) => Reply::Differs,
                150.. => Reply::Failed(ErrorCode::NoEntry),
                _ => self.id(),
            },
            Call::Read => match self.byte() {
                0..=150 => Reply::Bytes(b"7\n".to_vec()),
                151..=200 => Reply::Bytes(Vec::new()),
                length => Reply::Bytes((200..length).map(|_| self.byte() as u8).collect()),
            },
            Call::Identify { .. } => Reply::Identity(match self.byte() {
                200.. => None,
                _ => Some(self.identity()),
            }),
            Call::List | Call::ListOn => {
                let claims = (0..self.byte() % 16).map(|_| self.identity()).collect();
                let missed = self.pick(&[None, None, None, Some(ErrorCode::Access)]);
                // A directory has an end.
                let more = self.listed < 3 && self.byte().is_multiple_of(4);
                let reclaims = self.byte().is_multiple_of(2);
                Reply::Listed(Listed {
                    claims,
                    reclaims,
                    missed,
                    more,
                })
            }
            Call::Ask { .. } | Call::AskUnread { .. } => Reply::Liveness(self.pick(&[
                Liveness::Dead(DeadReason::NoProcess),
                Liveness::Dead(DeadReason::EvidenceGone),
                Liveness::Dead(DeadReason::Nobody),
                Liveness::Alive(AliveReason::Running),
                Liveness::Alive(AliveReason::Exists),
                Liveness::Unknown(UnknownReason::NoAnswer),
                Liveness::Unknown(UnknownReason::Watched),
            ])),
            Call::Write { .. }
            | Call::Disown { .. }
            | Call::Keep { .. }
            | Call::Unlink { .. }
            | Call::Forget => Reply::Done,
        }
    }

    fn id(&mut self) -> Reply {
        Reply::Id(FileId(self.byte() as u64 % 4, 0))
    }

    fn identity(&mut self) -> Identity {
        let text = self.pick(&["1-a", "1-b", "2-c-d0", "9999-z"]);
        Identity::new(text).expect("an identity")
    }

    fn code(&mut self) -> ErrorCode {
        self.pick(&[
            ErrorCode::NoEntry,
            ErrorCode::Exist,
            ErrorCode::Io,
            ErrorCode::Access,
            ErrorCode::NotPermitted,
            ErrorCode::Unsupported,
            ErrorCode::Loop,
            ErrorCode::TooManyLinks,
            ErrorCode::WouldBlock,
            ErrorCode::InsufficientMemory,
            ErrorCode::CrossDevice,
            ErrorCode::Overflow,
        ])
    }
}
