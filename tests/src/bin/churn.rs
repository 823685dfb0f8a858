//! Acquires a lock, records that with the oracle, releases the lock, and so on until its standard input is closed.
//!
//! `churn NAME KIND THREADS DIRECTORY ORACLE [ORIGINAL]`: NAME is this process's in the journal. KIND is the lock:
//! `lockhost`, `original`, `mortal` or `none`. The original is the program ORIGINAL, started anew each time; a mortal
//! one is killed now and then while it has the lock; `none` admits every process. It prints `owns REPLACED REFUSED`
//! whenever it has become an owner: how many dead owners' locks it replaced, and how often it was refused since the
//! last time. It prints `killed` for an original; `lost` when it finds its lock removed or replaced; `failed WHY` for
//! an unexpected error.

use std::{
    env,
    error::Error,
    io::{self, BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use lockhost::ErrorKind;
use lockhost_tests::exclusion_oracle::ExclusionOracle;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The lock that is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Lockhost,
    Original { program: PathBuf, mortal: bool },
    None,
}

/// A lock that is held.
enum Held {
    Lockhost(lockhost::Lock),
    Original(Child),
    None,
}

struct Worker {
    name: String,
    kind: Kind,
    directory: PathBuf,
    oracle: ExclusionOracle,
    over: AtomicBool,
}

impl Worker {
    fn churn(&self, thread: usize) -> Outcome<()> {
        let mut refused = 0;
        for turn in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            match self.acquire()? {
                None => refused += 1,
                Some((held, replaced)) => {
                    self.own(
                        &format!("{}.{thread}.{turn}", self.name),
                        held,
                        replaced,
                        refused,
                    )?;
                    refused = 0;
                }
            }
            pause();
        }
        Ok(())
    }

    /// Returns the lock that it acquired, and how many dead owners' locks that replaced; `None` if it was refused.
    fn acquire(&self) -> Outcome<Option<(Held, usize)>> {
        match &self.kind {
            Kind::Lockhost => match lockhost::acquire(&self.directory) {
                Ok(lock) => {
                    let replaced = lock.replaced().len();
                    Ok(Some((Held::Lockhost(lock), replaced)))
                }
                Err(error) if error.is_refusal() => Ok(None),
                Err(error) => Err(error.into()),
            },
            Kind::Original { program, .. } => {
                let mut command = Command::new(program);
                command.arg(&self.directory).stdin(Stdio::piped());
                let mut child = command
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()?;
                let output = child.stdout.take().ok_or("its output is piped")?;
                let mut line = String::new();
                BufReader::new(output).read_line(&mut line)?;
                if line.starts_with("acquired ") {
                    return Ok(Some((Held::Original(child), 0)));
                }
                child.wait()?;
                Ok(None)
            }
            Kind::None => Ok(Some((Held::None, 0))),
        }
    }

    fn own(&self, name: &str, held: Held, replaced: usize, refused: usize) -> Outcome<()> {
        let tenure = self.oracle.begin(name)?;
        println!("owns {replaced} {refused}");
        pause();
        tenure.end()?;
        match held {
            Held::Lockhost(lock) => {
                let held = lock.still_held()?;
                match lock.release() {
                    Ok(()) if held => {}
                    Ok(()) => println!("lost"),
                    Err(error) if error.kind() == ErrorKind::Lost => println!("lost"),
                    Err(error) => return Err(error.into()),
                }
            }
            Held::Original(child) => self.end(child)?,
            Held::None => {}
        }
        Ok(())
    }

    fn end(&self, mut child: Child) -> Outcome<()> {
        if matches!(self.kind, Kind::Original { mortal: true, .. }) && fastrand::u8(..8) == 0 {
            child.kill()?;
            println!("killed");
        }
        drop(child.stdin.take());
        child.wait()?;
        Ok(())
    }
}

/// Lets other processes run, a few times or many.
fn pause() {
    for _ in 0..fastrand::u8(..32) {
        thread::yield_now();
    }
}

fn main() -> Outcome<()> {
    let mut arguments = env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().ok_or(what);
    let name = next("what is its name?")?;
    let kind = next("which lock?")?;
    let threads = next("how many threads?")?.parse()?;
    let directory = next("which directory?")?.into();
    let oracle = ExclusionOracle::new(next("where is the oracle?")?.as_ref());
    let kind = match kind.as_str() {
        "lockhost" => Kind::Lockhost,
        "none" => Kind::None,
        original => Kind::Original {
            program: next("which program?")?.into(),
            mortal: original == "mortal",
        },
    };
    let worker = Worker {
        name,
        kind,
        directory,
        oracle,
        over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        for thread in 0..threads {
            let worker = &worker;
            scope.spawn(move || {
                if let Err(error) = worker.churn(thread) {
                    println!("failed {error}");
                }
            });
        }
        io::copy(&mut io::stdin(), &mut io::sink())?;
        worker.over.store(true, Ordering::Relaxed);
        Ok(())
    })
}
