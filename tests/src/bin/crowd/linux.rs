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

/// Counts pieces of code without a file. A line in /proc/self/maps is: addresses, permissions, offset, device, inode,
/// and perhaps a path.
fn pieces_of_code() -> std::io::Result<usize> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let lines = maps.lines().map(|line| line.split_ascii_whitespace());
    let code = lines.filter(|line| line.clone().nth(1).is_some_and(|it| it.contains('x')));
    Ok(code.filter(|line| line.clone().nth(5).is_none()).count())
}

/// Denies executable memory for the rest of this process, as MemoryDenyWriteExecute of systemd.exec(5) does.
#[allow(unsafe_code)]
fn deny_executable_memory() -> std::io::Result<()> {
    // SAFETY: prctl(2) with these arguments reads and writes no memory.
    let done = unsafe { libc::prctl(libc::PR_SET_MDWE, libc::PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) };
    if done == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let directories: Vec<_> = (0..THREADS)
        .map(|number| directory.join(number.to_string()))
        .collect();
    for directory in &directories {
        fs::create_dir(directory)?;
    }
    if arguments.next().is_some() {
        deny_executable_memory()?;
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
