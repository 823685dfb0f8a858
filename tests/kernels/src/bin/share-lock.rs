//! `share-lock FILE SECONDS`: a process that has a lock of flock(2) as its session.
//!
//! It tries for so long, and prints `locked after N s` or `not locked in N s`. Once its standard input is closed, it confirms the
//! lock by a write and an fsync(2) through the locked descriptor, and prints `confirmed` or `lost`.

use std::{
    env,
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    thread,
    time::{Duration, Instant},
};

/// How long it waits between two tries. A lock that is waited for in the kernel is asked for every 30 seconds on NFS.
const PAUSE: Duration = Duration::from_millis(200);

fn main() {
    let words: Vec<String> = env::args().collect();
    let seconds = words[2].parse().expect("a number");
    let mut options = File::options();
    let options = options.read(true).write(true).create(true);
    // To open a file, a server of NFS 4 may first wait for another client that has it delegated.
    let begun = Instant::now();
    let mut file = options.open(&words[1]).expect("a file");
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => println!("tries again: {error}"),
        }
        if begun.elapsed() > Duration::from_secs(seconds) {
            println!("not locked in {:.1} s", begun.elapsed().as_secs_f32());
            return;
        }
        thread::sleep(PAUSE);
    }
    println!("locked after {:.1} s", begun.elapsed().as_secs_f32());
    let _ = io::stdin().read(&mut [0]);
    match confirm(&mut file) {
        Ok(()) => println!("confirmed"),
        Err(error) => println!("lost: {error}"),
    }
}

fn confirm(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    file.write_all(b"mine\n")?;
    file.sync_all()
}
