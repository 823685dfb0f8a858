//! Acquires the lock on a directory and starts a child that inherits the evidence: `cat`, which lives until the
//! standard input that the two share is closed.
//!
//! `handing DIRECTORY stay` then holds the lock until a signal ends it; `handing DIRECTORY release` releases it while
//! the child lives. Either prints `ready` when it has done that.

use std::{
    env,
    error::Error,
    process::{Command, Stdio},
    thread,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let lock = lockhost::acquire(arguments.next().ok_or("which directory?")?)?;
    let evidence = lock.evidence()?.ok_or("no evidence")?;
    let mut child = Command::new("cat").stderr(Stdio::from(evidence)).spawn()?;
    if arguments.next().as_deref() == Some("release") {
        lock.release()?;
        println!("ready");
        child.wait()?;
        return Ok(());
    }
    println!("ready");
    loop {
        thread::park();
    }
}
