//! Locks, attempts and inspections in many threads at once, each thread in a directory of its own. Tells how many pieces
//! of machine code the process has that are in no file, which is how wasmtime has loaded what it runs, while all of it is
//! held.
//!
//! `crowd DIRECTORY`: no thread finds anything made ready. `crowd DIRECTORY warm`: one lock was taken before.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
};

use lockhost::{Attempt, DEFAULT_NAME, Lock, Options, acquire, inspect};

const THREADS: usize = 32;

fn work(directory: &Path, start: &Barrier) -> Result<(Lock, Attempt), lockhost::Error> {
    let other = Options::new().name("other.lock");
    start.wait();
    let lock = acquire(directory)?;
    let attempt = other.attempt(directory)?;
    inspect(directory, DEFAULT_NAME)?;
    Ok((lock, attempt))
}

/// In /proc/self/maps a line is: addresses, permissions, offset, device, inode, and perhaps a path.
fn pieces_of_code() -> std::io::Result<usize> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let lines = maps.lines().map(|line| line.split_ascii_whitespace());
    let code = lines.filter(|line| line.clone().nth(1).is_some_and(|it| it.contains('x')));
    Ok(code.filter(|line| line.clone().nth(5).is_none()).count())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let directories: Vec<_> = (0..THREADS)
        .map(|number| directory.join(number.to_string()))
        .collect();
    for directory in &directories {
        fs::create_dir(directory)?;
    }
    if arguments.next().is_some() {
        acquire(&directory)?.release()?;
    }
    let start = &Barrier::new(THREADS);
    let held: Vec<_> = thread::scope(|scope| {
        let threads = directories
            .iter()
            .map(|directory| scope.spawn(move || work(directory, start)));
        let threads: Vec<_> = threads.collect();
        let outcomes = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        outcomes.collect::<Result<_, _>>()
    })?;
    println!("{} held, {} pieces of code", held.len(), pieces_of_code()?);
    Ok(())
}
