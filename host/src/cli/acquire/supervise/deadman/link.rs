//! The connection between lockhost and its deadman: deadlines one way, reports the other way. Its end shows each that the
//! other one is gone.

use std::{
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

use nix::libc;

use super::decision::{Deadline, Reading};

/// The length of a deadline: the nanoseconds of both clocks.
const DEADLINE: usize = 16;

/// The length of a report.
const REPORT: usize = 8;

/// What the deadman reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The command was started, with this pid.
    Started(i32),
    /// The command cannot be started, with this number of an error.
    Failed(i32),
    /// The command runs, but not in the cgroup.
    Uncontained,
    /// The command was asked to end, because the deadline is near.
    Asked,
    /// Everything is being killed.
    Killed,
    /// Nothing of the command is left.
    Finished,
}

impl Report {
    /// Returns the report of an error.
    pub(super) fn of_failure(error: &io::Error) -> Self {
        Self::Failed(error.raw_os_error().unwrap_or(libc::EINVAL))
    }

    fn encode(self) -> [u8; REPORT] {
        let (kind, number) = match self {
            Self::Started(pid) => (0, pid),
            Self::Failed(error) => (1, error),
            Self::Uncontained => (2, 0),
            Self::Asked => (3, 0),
            Self::Killed => (4, 0),
            Self::Finished => (5, 0),
        };
        let both = (u64::from(number.cast_unsigned()) << 32) | kind;
        both.to_le_bytes()
    }

    fn decode(bytes: [u8; REPORT]) -> Option<Self> {
        let both = u64::from_le_bytes(bytes);
        let number = u32::try_from(both >> 32).ok()?.cast_signed();
        Some(match both & u64::from(u32::MAX) {
            0 => Self::Started(number),
            1 => Self::Failed(number),
            2 => Self::Uncontained,
            3 => Self::Asked,
            4 => Self::Killed,
            5 => Self::Finished,
            _ => return None,
        })
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received<T> {
    /// A message.
    Message(T),
    /// There is none now.
    Nothing,
    /// The other process is gone, or sends what is no message.
    Ended,
}

/// One end.
#[derive(Debug)]
pub(super) struct Link(UnixStream);

impl Link {
    /// Makes both ends.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = UnixStream::pair()?;
        Ok((Self(ours), theirs.into()))
    }

    /// Takes over the end that was inherited.
    pub(super) fn from_inherited(end: OwnedFd) -> Self {
        Self(end.into())
    }

    /// From now on, nothing here waits.
    pub(super) fn never_wait(&self) -> io::Result<()> {
        self.0.set_nonblocking(true)
    }

    /// Sends a deadline. If the deadman does not read, it keeps an earlier one, which is safe.
    pub(super) fn send(&self, deadline: Deadline) {
        let Reading { boot, raw } = deadline.reading();
        let mut message = [0; DEADLINE];
        let (first, second) = message.split_at_mut(DEADLINE / 2);
        first.copy_from_slice(&nanoseconds(boot).to_le_bytes());
        second.copy_from_slice(&nanoseconds(raw).to_le_bytes());
        let _ = (&self.0).write(&message);
    }

    /// Receives a deadline.
    pub(super) fn deadline(&self) -> Received<Deadline> {
        let reading = |message: [u8; DEADLINE]| {
            let (boot, raw) = message.split_at(DEADLINE / 2);
            let time = |bytes: &[u8]| {
                let nanoseconds = u64::from_le_bytes(bytes.try_into().ok()?);
                Some(Duration::from_nanos(nanoseconds))
            };
            Some(Deadline::at(Reading {
                boot: time(boot)?,
                raw: time(raw)?,
            }))
        };
        self.receive(reading)
    }

    /// Sends a report. If lockhost does not read it, nothing depends on it.
    pub(super) fn report(&self, report: Report) {
        let _ = (&self.0).write(&report.encode());
    }

    /// Receives a report.
    pub(super) fn reported(&self) -> Received<Report> {
        self.receive(Report::decode)
    }

    /// Receives a message. The kernel keeps one together: the buffer is large, and each is written at once.
    fn receive<T, const N: usize>(&self, decode: impl FnOnce([u8; N]) -> Option<T>) -> Received<T> {
        let mut message = [0; N];
        loop {
            return match (&self.0).read(&mut message) {
                Ok(length) if length == N => {
                    decode(message).map_or(Received::Ended, Received::Message)
                }
                Ok(_) => Received::Ended,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Received::Nothing,
                Err(_) => Received::Ended,
            };
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_arrives() {
        let (lockhost, deadman) = Link::pair().unwrap();
        let deadman = Link::from_inherited(deadman);
        let reading = Reading {
            boot: Duration::from_nanos(1_234_567_890_123),
            raw: Duration::from_secs(7),
        };
        lockhost.send(Deadline::at(reading));
        lockhost.send(Deadline::PASSED);
        let first = Received::Message(Deadline::at(reading));
        assert_eq!(deadman.deadline(), first);
        assert_eq!(deadman.deadline(), Received::Message(Deadline::PASSED));
        let reports = [
            Report::Started(i32::MAX),
            Report::Failed(2),
            Report::Uncontained,
            Report::Asked,
            Report::Killed,
            Report::Finished,
        ];
        for report in reports {
            deadman.report(report);
            assert_eq!(lockhost.reported(), Received::Message(report));
        }
        lockhost.never_wait().unwrap();
        assert_eq!(lockhost.reported(), Received::Nothing);
        drop(lockhost);
        assert_eq!(deadman.deadline(), Received::Ended);
    }
}
