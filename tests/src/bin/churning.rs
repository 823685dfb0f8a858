//! Takes the lock on a directory and gives it up, over and over, until it is killed. An independent witness tells
//! whether anybody else has the lock at the same time: a file that the kernel keeps locked for one process at a time.
//!
//! `churning DIRECTORY WITNESS SEED` writes a letter for every event: `a` it got in, `t` it got in and replaced
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
use lockhost_tests::dawdle::Dawdle;

fn tell(event: u8) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(&[event])?;
    out.flush()
}

fn hold(lock: Lock, witness: &Path, dawdle: &Dawdle) -> Result<(), Box<dyn Error>> {
    let witness = File::open(witness)?;
    tell(match witness.try_lock() {
        Err(_) => b'!',
        Ok(()) if lock.replaced().is_empty() => b'a',
        Ok(()) => b't',
    })?;
    dawdle.pause(8);
    let held = lock.still_held()?;
    // The kernel's lock goes first, so that it is never in the way of the next owner.
    drop(witness);
    match lock.release() {
        Ok(()) if held => tell(b'r')?,
        Ok(()) => tell(b'?')?,
        Err(error) if error.kind() == ErrorKind::Lost => tell(b'?')?,
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn churn(directory: &Path, witness: &Path, dawdle: &Dawdle) -> Result<(), Box<dyn Error>> {
    loop {
        match acquire(directory) {
            Ok(lock) => hold(lock, witness, dawdle)?,
            Err(error) if error.is_refusal() => tell(b'x')?,
            Err(error) => return Err(error.into()),
        }
        dawdle.pause(8);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let mut next = || arguments.next().ok_or("which directory, witness and seed?");
    let (directory, witness) = (PathBuf::from(next()?), PathBuf::from(next()?));
    let seed = next()?.to_str().ok_or("a seed is a number")?.parse()?;
    churn(&directory, &witness, &Dawdle::new(seed)).inspect_err(|_| {
        // Nobody may be left to be told.
        let _ = tell(b'e');
    })
}
