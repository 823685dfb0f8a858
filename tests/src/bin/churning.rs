//! Takes the lock on a directory and gives it up, over and over, until it is killed. An independent oracle tells
//! whether anybody else has the lock at the same time: a file that the kernel keeps locked for one process at a time.
//!
//! `churning DIRECTORY ORACLE SEED` writes a letter for every event: `a` it got in, `t` it got in and replaced
//! something, `x` it was refused, `r` it released, `!` another is in as well, `?` the lock was lost. Anything else ends
//! it, with a letter `e` and a sentence on standard error.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use lockhost::{ErrorKind, Lock, acquire};
use lockhost_tests::jitter::Jitter;

fn tell(event: u8) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(&[event])?;
    out.flush()
}

fn hold(lock: Lock, oracle: &Path, jitter: &Jitter) -> Result<(), Box<dyn Error>> {
    let oracle = File::open(oracle)?;
    tell(match oracle.try_lock() {
        Err(_) => b'!',
        Ok(()) if lock.replaced().is_empty() => b'a',
        Ok(()) => b't',
    })?;
    jitter.pause(8);
    let held = lock.still_held()?;
    // The kernel's lock goes first, so that it is never in the way of the next owner.
    drop(oracle);
    match lock.release() {
        Ok(()) if held => tell(b'r')?,
        Ok(()) => tell(b'?')?,
        Err(error) if error.kind() == ErrorKind::Lost => tell(b'?')?,
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn churn(directory: &Path, oracle: &Path, jitter: &Jitter) -> Result<(), Box<dyn Error>> {
    loop {
        match acquire(directory) {
            Ok(lock) => hold(lock, oracle, jitter)?,
            Err(error) if error.is_refusal() => tell(b'x')?,
            Err(error) => return Err(error.into()),
        }
        jitter.pause(8);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let mut next = || arguments.next().ok_or("which directory, oracle and seed?");
    let (directory, oracle) = (PathBuf::from(next()?), PathBuf::from(next()?));
    let seed = next()?.to_str().ok_or("a seed is a number")?.parse()?;
    churn(&directory, &oracle, &Jitter::new(seed)).inspect_err(|_| {
        // Nobody may be left to be told.
        let _ = tell(b'e');
    })
}
