//! An attempt to which a test hands reply by reply.

use crate::{
    call::{Call, FileId, FileStat, Listed, Maker, Next, Ours, Owner, Reply},
    facts::{Datetime, DeadReason, DescriptorType, ErrorCode, Liveness},
    machine::{
        Machine,
        examine::Found,
        outcome::{Awaited, Cause, Error, Outcome, Replaced, Warning},
        rivals::{self, Rivals},
        sweeps_unasked,
    },
    names::{Identity, Name, parse_pid},
};

/// Our claim, or the file made in place.
pub(super) const OWN: FileId = FileId(1, 0);

/// Another file.
pub(super) const OTHER: FileId = FileId(2, 0);

/// A pid that no process has.
pub(super) const NO_PROCESS: Liveness = Liveness::Dead(DeadReason::NoProcess);

/// Returns a level's name.
pub(super) fn at(level: u8) -> Name {
    Name::Level(level)
}

/// Returns an identity whose owner sweeps without a cause, or one whose owner does not.
pub(super) fn identity(sweeps: bool) -> Identity {
    let mut identities = (1..10_000).map(|pid| Identity::new(&format!("1-p{pid}")).unwrap());
    identities
        .find(|identity| sweeps_unasked(identity) == sweeps)
        .expect("one in 64 does")
}

/// Returns this process, on a file system with evidence or without.
pub(super) fn maker(evidence: bool) -> Maker {
    Maker {
        pid: 7,
        identity: identity(false),
        evidence,
        session: false,
    }
}

/// Returns the status of a regular file with one name.
pub(super) fn regular(size: u64, seconds: u64) -> Reply {
    Reply::Stat(FileStat {
        kind: DescriptorType::RegularFile,
        size,
        links: 1,
        modified: Some(Datetime {
            seconds,
            nanoseconds: 0,
        }),
    })
}

/// Returns the status of a regular file with this many names.
pub(super) fn with_links(links: u64) -> Reply {
    Reply::Stat(FileStat {
        kind: DescriptorType::RegularFile,
        size: 2,
        links,
        modified: None,
    })
}

/// How an attempt ended without the lock.
#[derive(Debug)]
pub(super) struct Ended {
    /// The file concerned, as text: empty for the directory.
    pub(super) file: String,
    pub(super) cause: Cause,
    /// The file that it examined last.
    pub(super) holder: Found,
    pub(super) refused: String,
}

/// How an attempt acquired the lock.
pub(super) struct Owned {
    pub(super) maker: Maker,
    pub(super) claimed: bool,
    pub(super) warnings: Vec<Warning>,
}

/// An attempt under way.
pub(super) struct Attempt {
    machine: Machine,
    next: Next<Outcome>,
    /// The host's last answer about this process.
    maker: Option<Maker>,
}

impl Attempt {
    pub(super) fn begin() -> Self {
        Self::assuming(None)
    }

    /// Begins an attempt that follows one which this owner refused.
    pub(super) fn succeeding(owner: &Identity) -> Self {
        let mut machine = Machine::new("a.lock".to_owned(), None);
        machine.succeed(owner.as_str());
        let next = machine.start(0);
        Self {
            machine,
            next,
            maker: None,
        }
    }

    /// Begins an attempt whose user names a dead owner.
    pub(super) fn assuming(dead: Option<&str>) -> Self {
        let mut machine = Machine::new("a.lock".to_owned(), dead.map(str::to_owned));
        let next = machine.start(0);
        Self {
            machine,
            next,
            maker: None,
        }
    }

    /// Begins an attempt that finds no lock, and has made its claim.
    pub(super) fn claimed(maker: Maker) -> Self {
        Self::begin().finds_nothing(0).claims(0, maker)
    }

    /// Checks that the attempt makes this call, and hands in this reply.
    pub(super) fn told(mut self, call: Call, reply: Reply) -> Self {
        let asked = match self.next {
            Next::Call(asked) => asked,
            Next::End(end) => panic!("no {call:?}, but an end: {end:?}"),
        };
        assert_eq!(asked, call);
        if let Reply::Maker(maker) = &reply {
            self.maker = Some(*maker);
        }
        self.next = self.machine.reply(reply);
        self
    }

    /// Examines a level, where no file is.
    pub(super) fn finds_nothing(self, level: u8) -> Self {
        let name = at(level);
        self.told(Call::Stat { name }, Reply::Failed(ErrorCode::NoEntry))
    }

    /// Examines a level, where there is a file without a claim.
    pub(super) fn sees(
        self,
        level: u8,
        file: FileId,
        content: &str,
        seconds: u64,
        liveness: Liveness,
    ) -> Self {
        let name = at(level);
        let stat = || regular(content.len() as u64, seconds);
        let pid = parse_pid(content.as_bytes());
        let owner = pid.map_or(Owner::Nobody, Owner::Pid);
        self.told(Call::Stat { name }, stat())
            .told(Call::Open { name }, Reply::Id(file))
            .told(Call::Read, Reply::Bytes(content.as_bytes().to_vec()))
            .told(Call::StatOpen, stat())
            .searches(pid)
            .told(Call::Ask { owner }, Reply::Liveness(liveness))
    }

    /// Asks whether a kernel keeps evidence here, before it trusts that a file has one name only. Where none does,
    /// searches for a claim, and finds none.
    fn searches(self, pid: Option<u32>) -> Self {
        let evidence = self.maker.map(|maker| maker.evidence);
        let nothing = || Reply::Listed(Listed::default());
        match (evidence, pid) {
            (None, _) => self
                .told(Call::Current { attempt: 0 }, Reply::Maker(maker(true)))
                .searches(pid),
            (Some(true), _) => self,
            (Some(false), Some(pid)) => self
                .told(Call::Identify { pid }, Reply::Identity(None))
                .told(Call::List, nothing())
                .told(Call::List, nothing()),
            (Some(false), None) => self.told(Call::List, nothing()).told(Call::List, nothing()),
        }
    }

    /// Does the same, but the file is also this claim.
    pub(super) fn sees_claim(
        self,
        level: u8,
        file: FileId,
        claim: Identity,
        liveness: Liveness,
    ) -> Self {
        let name = at(level);
        let stat = FileStat {
            kind: DescriptorType::RegularFile,
            size: 2,
            links: 2,
            modified: None,
        };
        let owner = Owner::Maker(claim);
        self.told(Call::Stat { name }, Reply::Stat(stat))
            .told(Call::Open { name }, Reply::Id(file))
            .told(Call::Read, Reply::Bytes(b"9\n".to_vec()))
            .told(Call::StatOpen, Reply::Stat(stat))
            .told(Call::Identify { pid: 9 }, Reply::Identity(Some(claim)))
            .compares(Name::Claim(claim), Ok(file))
            .told(Call::Ask { owner }, Reply::Liveness(liveness))
    }

    /// Makes its claim.
    pub(super) fn claims(self, attempt: u32, maker: Maker) -> Self {
        let (pid, claim) = (maker.pid, maker.identity);
        let file = Ours::Claim;
        let introduced = match (attempt, self.maker) {
            // *look* has asked already.
            (0, Some(known)) => {
                assert_eq!(known, maker);
                self
            }
            _ => self.told(Call::Current { attempt }, Reply::Maker(maker)),
        };
        introduced
            .told(Call::Create { claim }, Reply::Id(OWN))
            .told(Call::Guard { file }, Reply::Done)
            .told(Call::Write { file, pid }, Reply::Done)
    }

    /// Checks which file has a name. Where no kernel keeps evidence, it may open the file for that.
    pub(super) fn compares(self, name: Name, file: Result<FileId, ErrorCode>) -> Self {
        let call = match self.next {
            Next::Call(same @ Call::Same { name: asked, .. }) if asked == name => {
                let evidence = self.maker.is_some_and(|maker| maker.evidence);
                assert!(!evidence, "{name:?}");
                same
            }
            _ => Call::Id { name },
        };
        self.told(call, file.map_or_else(Reply::Failed, Reply::Id))
    }

    /// Tries a link, which fails for this reason, and then the name has this file.
    pub(super) fn does_not_link(
        self,
        name: Name,
        code: ErrorCode,
        there: Result<FileId, ErrorCode>,
    ) -> Self {
        self.told(Call::Link { name }, Reply::Failed(code))
            .compares(name, there)
    }

    /// Gives its claim a reclaim lock's name, and sees that the name has its own claim.
    pub(super) fn links(self, name: Name) -> Self {
        self.told(Call::Link { name }, Reply::Done)
            .compares(name, Ok(OWN))
    }

    /// Compares a file that it may remove, and removes it.
    pub(super) fn removes(self, name: Name, file: FileId) -> Self {
        self.compares(name, Ok(file))
            .told(Call::Unlink { name }, Reply::Done)
    }

    /// Gives up its claim.
    pub(super) fn unclaims(self, maker: Maker) -> Self {
        self.removes(Name::Claim(maker.identity), OWN)
            .told(Call::Forget, Reply::Done)
    }

    /// Waits, and goes on this many milliseconds after it began.
    pub(super) fn waits_until(mut self, elapsed: u64) -> Self {
        let (_, awaited) = self.waits();
        assert!(awaited.retry_ms() > 0);
        self.next = self.machine.start(elapsed);
        self
    }

    /// Waits for this.
    pub(super) fn awaits(self, awaited: Awaited) -> Self {
        assert_eq!(self.waits().1, awaited);
        self
    }

    /// Returns what it has replaced.
    pub(super) fn replaced(&self) -> &[Replaced] {
        self.machine.report().replaced
    }

    /// Begins to look for the claims of others.
    pub(super) fn rivals(&self) -> Option<(Rivals, Next<rivals::Outcome>)> {
        self.machine.rivals()
    }

    /// Waits for the file at this level.
    pub(super) fn waits_for(self, level: u8) -> Self {
        assert_eq!(self.waits().0, Some(at(level)));
        self
    }

    /// Returns what it waits for, and the file in the way.
    fn waits(&self) -> (Option<Name>, Awaited) {
        match &self.next {
            Next::End(Err(Error {
                name,
                cause: Cause::Again(awaited),
            })) => (*name, *awaited),
            other => panic!("it does not wait: {other:?}"),
        }
    }

    /// Asserts that it has the lock.
    pub(super) fn owns(&self) -> Owned {
        match &self.next {
            Next::End(Ok(())) => {
                assert!(!self.machine.has_ended());
                assert_eq!(self.machine.own(), Some(OWN));
                let report = self.machine.report();
                Owned {
                    maker: *report.maker.unwrap(),
                    claimed: report.claimed,
                    warnings: report.warnings.to_vec(),
                }
            }
            other => panic!("it has no lock: {other:?}"),
        }
    }

    /// Returns its next call, unless it has ended.
    pub(super) fn call(&self) -> Option<Call> {
        match self.next {
            Next::Call(call) => Some(call),
            Next::End(_) => None,
        }
    }

    /// Asserts its next call.
    pub(super) fn goes_on_with(&self, call: Call) {
        assert_eq!(self.next, Next::Call(call));
    }

    /// Asserts that it has ended without the lock.
    pub(super) fn ends(self) -> Ended {
        match self.next {
            Next::End(Err(error)) => {
                assert!(self.machine.has_ended());
                let names = self.machine.names();
                Ended {
                    file: error.name.map_or(String::new(), |name| names.file(&name)),
                    cause: error.cause,
                    holder: *self.machine.found(),
                    refused: self.machine.refused().to_owned(),
                }
            }
            other => panic!("it has not ended: {other:?}"),
        }
    }
}
