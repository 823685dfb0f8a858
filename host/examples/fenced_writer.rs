//! A writer that refuses an old token: it keeps the highest token beside its file, and compares under a lock on that file.
//!
//!     lockhost acquire --coordinator ADDRESS DIRECTORY -- fenced_writer FILE < lines
//!
//! Each line of standard input is appended to FILE. FILE.fence has the epoch and the highest token so far. Tokens of two epochs
//! have no order, so a person admits a new epoch: `fenced_writer --admit FILE`.
//!
//! FILE may be on the volume, or belong to another service that many machines use. What matters is that the comparison and the
//! write happen under one lock that the storage itself keeps.

use std::{
    env, fmt,
    fs::{File, OpenOptions},
    io::{self, BufRead, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// An epoch, and a token in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fence {
    epoch: String,
    token: u64,
}

/// Why a write was refused.
#[derive(Debug)]
enum Refusal {
    /// A later owner has written.
    Old { token: u64, highest: u64 },
    /// The tokens of this epoch cannot be compared with those so far.
    OtherEpoch { epoch: String, admitted: String },
    /// A file cannot be read or written.
    Failed(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Old { token, highest } => {
                write!(
                    f,
                    "token {token} is old: an owner with token {highest} has written"
                )
            }
            Self::OtherEpoch { epoch, admitted } => {
                write!(
                    f,
                    "epoch {epoch} is not admitted: tokens so far are of epoch {admitted}"
                )
            }
            Self::Failed(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Fence {
    /// Returns the epoch and the token that lockhost has given to this process.
    fn given() -> Option<Self> {
        Some(Self {
            epoch: env::var("LOCKHOST_FENCE_EPOCH").ok()?,
            token: env::var("LOCKHOST_FENCE").ok()?.parse().ok()?,
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (epoch, token) = text.trim().split_once(' ')?;
        Some(Self {
            epoch: epoch.to_owned(),
            token: token.parse().ok()?,
        })
    }
}

/// A file, and the highest token with which it was written.
struct Writer {
    file: PathBuf,
    fence: Fence,
}

impl Writer {
    /// Appends a line, unless a later owner has written.
    fn append(&self, line: &str) -> Result<(), Refusal> {
        let mut fence = self.locked()?;
        match highest(&mut fence)? {
            Some(highest) if highest.epoch != self.fence.epoch => {
                return Err(Refusal::OtherEpoch {
                    epoch: self.fence.epoch.clone(),
                    admitted: highest.epoch,
                });
            }
            Some(highest) if highest.token > self.fence.token => {
                return Err(Refusal::Old {
                    token: self.fence.token,
                    highest: highest.token,
                });
            }
            Some(highest) if highest.token == self.fence.token => {}
            _ => put(&mut fence, &self.fence)?,
        }
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.file);
        let mut file = file?;
        file.write_all(format!("{line}\n").as_bytes())?;
        // Before the lock is dropped: what the storage has not got yet may come after a later owner's line.
        file.sync_all()?;
        Ok(())
    }

    /// Admits the epoch of this process, whatever has written so far.
    fn admit(&self) -> Result<(), Refusal> {
        let mut fence = self.locked()?;
        Ok(put(&mut fence, &self.fence)?)
    }

    /// Opens FILE.fence, and locks it until it is closed.
    fn locked(&self) -> io::Result<File> {
        let path = self.file.with_added_extension("fence");
        let mut options = OpenOptions::new();
        let fence = options.read(true).write(true).create(true).truncate(false);
        let fence = fence.open(path)?;
        fence.lock()?;
        Ok(fence)
    }
}

/// Reads the highest token so far. An empty file has none.
fn highest(fence: &mut File) -> io::Result<Option<Fence>> {
    let mut text = String::new();
    fence.read_to_string(&mut text)?;
    match (text.is_empty(), Fence::parse(&text)) {
        (true, _) => Ok(None),
        (false, Some(highest)) => Ok(Some(highest)),
        (false, None) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the fence is malformed: {text:?}"),
        )),
    }
}

/// Writes the highest token. A shorter text than before leaves nothing of that behind.
fn put(fence: &mut File, highest: &Fence) -> io::Result<()> {
    let text = format!("{} {:020}\n", highest.epoch, highest.token);
    fence.seek(SeekFrom::Start(0))?;
    fence.write_all(text.as_bytes())?;
    fence.set_len(text.len() as u64)?;
    fence.sync_all()
}

fn run() -> Result<(), Refusal> {
    let mut arguments = env::args_os().skip(1);
    let usage = || io::Error::other("usage: fenced_writer [--admit] FILE");
    let first = arguments.next().ok_or_else(usage)?;
    let admits = first == *"--admit";
    let file = if admits {
        arguments.next().ok_or_else(usage)?
    } else {
        first
    };
    let fence = Fence::given();
    let fence = fence
        .ok_or_else(|| io::Error::other("no token: run it by lockhost acquire --coordinator"))?;
    let writer = Writer {
        file: Path::new(&file).to_owned(),
        fence,
    };
    if admits {
        return writer.admit();
    }
    for line in io::stdin().lock().lines() {
        writer.append(&line?)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("fenced_writer: {refusal}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn writer(folder: &Path, epoch: &str, token: u64) -> Writer {
        Writer {
            file: folder.join("log"),
            fence: Fence {
                epoch: epoch.to_owned(),
                token,
            },
        }
    }

    #[test]
    fn an_old_token_is_refused_once_a_later_one_has_written() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (
            writer(folder.path(), "a", 9),
            writer(folder.path(), "a", 10),
        );
        first.append("one").unwrap();
        first.append("two").unwrap();
        second.append("three").unwrap();
        let refusal = first.append("four").unwrap_err();
        assert!(
            matches!(
                refusal,
                Refusal::Old {
                    token: 9,
                    highest: 10
                }
            ),
            "{refusal}"
        );
        second.append("five").unwrap();
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(text, "one\ntwo\nthree\nfive\n");
    }

    #[test]
    fn another_epoch_is_refused_until_a_person_admits_it() {
        let folder = tempfile::tempdir().unwrap();
        let (before, after) = (
            writer(folder.path(), "a", 10),
            writer(folder.path(), "b", 2),
        );
        before.append("one").unwrap();
        let refusal = after.append("two").unwrap_err();
        assert!(matches!(refusal, Refusal::OtherEpoch { .. }), "{refusal}");
        after.admit().unwrap();
        after.append("three").unwrap();
        assert!(before.append("four").is_err());
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(text, "one\nthree\n");
    }

    #[test]
    fn a_malformed_fence_refuses_every_write() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.fence"), "x").unwrap();
        let refusal = writer(folder.path(), "a", 1).append("one").unwrap_err();
        assert!(matches!(refusal, Refusal::Failed(_)), "{refusal}");
    }
}
