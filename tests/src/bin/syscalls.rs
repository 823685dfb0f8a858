//! One lock operation, whose system calls are counted: `counted STEP DIRECTORY`.
//!
//! Work that a process does only once is done before: the engine is made, an instance waits, and this process knows its
//! own identity. The calls to count lie between two checks of `/counted`, which does not exist.

use std::{env, error::Error, fs, hint::black_box, path::Path, time::Duration};

use lockhost::{Attempt, DEFAULT_NAME, Options, Progress, State};

/// How many further locks are taken to measure their memory.
const FURTHER: u16 = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let step = arguments.next().ok_or("which step?")?;
    let directory = arguments.next().ok_or("which directory?")?;
    let directory = Path::new(&directory);
    let elsewhere = tempfile::tempdir()?;
    for _ in 0..2 {
        lockhost::acquire(elsewhere.path())?.release()?;
        lockhost::inspect(elsewhere.path(), DEFAULT_NAME)?;
    }
    mark();
    perform(&step, directory)?;
    mark();
    Ok(())
}

fn mark() {
    let _ = black_box(fs::symlink_metadata("/counted"));
}

fn perform(step: &str, directory: &Path) -> Result<(), Box<dyn Error>> {
    match step {
        "cycle" => {
            let lock = lockhost::acquire(directory)?;
            lock.release()?;
        }
        "relative" => {
            env::set_current_dir(directory)?;
            mark();
            let lock = lockhost::acquire(".")?;
            lock.release()?;
            mark();
        }
        "waiting" => {
            let options = Options::new().patience(Duration::MAX);
            let mut attempt = options.attempt(directory)?;
            // It has examined this owner before, so that no step is new.
            for _ in 0..4 {
                waits(&mut attempt)?;
            }
            mark();
            waits(&mut attempt)?;
            mark();
        }
        "holding" => {
            let lock = lockhost::acquire(directory)?;
            mark();
            assert!(lock.still_held()?);
            mark();
            lock.release()?;
        }
        "refused" => {
            let error = lockhost::acquire(directory).expect_err("another process has it");
            assert!(error.is_refusal(), "{error}");
        }
        "further" => {
            let _held = lockhost::acquire(directory)?;
            let other = tempfile::tempdir()?;
            mark();
            let _further = lockhost::acquire(other.path())?;
            mark();
        }
        "memory" => println!("{}", memory(directory)?),
        "free" => is(directory, State::Free)?,
        "held" => is(directory, State::Held)?,
        _ => return Err(format!("there is no step {step}").into()),
    }
    Ok(())
}

/// Returns the resident bytes that each further lock adds, while it is held.
fn memory(directory: &Path) -> Result<u64, Box<dyn Error>> {
    let mut locks = Vec::with_capacity(usize::from(FURTHER));
    let _first = lockhost::acquire(directory)?;
    let before = resident()?;
    for number in 0..FURTHER {
        let directory = directory.join(number.to_string());
        fs::create_dir(&directory)?;
        locks.push(lockhost::acquire(&directory)?);
    }
    Ok((resident()? - before) / u64::from(FURTHER))
}

/// Returns the bytes of this process that are resident.
fn resident() -> Result<u64, Box<dyn Error>> {
    let sums = fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = sums.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kibibytes = line.and_then(|it| it.trim().strip_suffix(" kB"));
    Ok(kibibytes.ok_or("no sum")?.parse::<u64>()? * 1024)
}

fn waits(attempt: &mut Attempt) -> Result<(), Box<dyn Error>> {
    match attempt.proceed()? {
        Progress::Waiting(_) => Ok(()),
        Progress::Acquired(_) => Err("the owner has it".into()),
    }
}

fn is(directory: &Path, state: State) -> Result<(), Box<dyn Error>> {
    let status = lockhost::inspect(directory, DEFAULT_NAME)?;
    assert_eq!(status.state(), state);
    Ok(())
}
