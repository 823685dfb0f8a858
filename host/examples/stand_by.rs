//! A stand-by on a volume that several machines mount: it waits for the lock, works while it is the owner, and stops in time.
//!
//!     stand_by etcd://one:2379/prod billing /mnt/billing FILE < lines
//!
//! The words are the address of the coordinator, the name of the directory there, the directory, and a file. Each line of standard
//! input is work for the owner, which appends it to FILE behind its fencing token. At the end of the input it releases the lock.
//!
//! The lock alone ends no process, so two things here do. A thread ends the process before the deadline, whatever the work does
//! meanwhile. And the work begins nothing for which too little time is left: a process that was stopped may go on anywhere.
//! `lockhost acquire` does more: it ends a whole command, by a second process and by timers of the kernel.

use std::{
    env,
    error::Error,
    fs::{File, OpenOptions},
    io::{self, BufRead, Write},
    process::{self, ExitCode},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lockhost::{
    Confirmation, Confirms, Lock, Options,
    coordinator::{Program, Timing},
};

/// How long before the deadline the process ends. One piece of work takes less.
const MARGIN: Duration = Duration::from_secs(1);

/// The thread that ends this process before the deadline of its session.
struct Guard {
    /// Whether the work has ended, so that a loss changes nothing any more.
    is_done: Arc<AtomicBool>,
}

impl Guard {
    fn start(confirms: Confirms) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_done);
        thread::spawn(move || watch(confirms, &seen));
        Self { is_done }
    }

    fn stop(self) {
        self.is_done.store(true, Ordering::Relaxed);
    }
}

/// Waits until confirms fail for too long, or the coordinator reports a loss.
fn watch(mut confirms: Confirms, is_done: &AtomicBool) {
    // Each confirm moves the deadline on.
    while confirms.wait(confirms.left().saturating_sub(MARGIN)) == Confirmation::Confirmed {}
    if is_done.load(Ordering::Relaxed) {
        return;
    }
    let why = confirms.failure().map(|failure| failure.to_string());
    let why = why.unwrap_or_else(|| "the session or the directory is another owner's".to_owned());
    eprintln!("stand_by: stopping: {why}");
    // No lock is dropped: the volume may hang, and the time is over.
    process::exit(1);
}

/// Appends a line, if there is time.
fn append(lock: &Lock, file: &mut File, line: &str) -> Result<(), Box<dyn Error>> {
    let (Some(deadline), Some(token)) = (lock.deadline(), lock.fencing_token()) else {
        return Err("the lock has no session".into());
    };
    if deadline.saturating_duration_since(Instant::now()) < MARGIN {
        return Err("too little time is left".into());
    }
    // A storage that compares tokens refuses a line that comes too late all the same: see fenced_writer.
    file.write_all(format!("{token} {line}\n").as_bytes())?;
    Ok(file.sync_all()?)
}

fn run() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [address, key, directory, file] = &words[..] else {
        return Err("usage: stand_by ADDRESS KEY DIRECTORY FILE".into());
    };
    // The program lockhost-etcd, in PATH.
    let coordinator = Arc::new(Program::start(address)?);
    let lock = Options::new()
        .patience(Duration::MAX)
        .coordinator(coordinator, key.parse()?, Timing::default())
        .acquire(directory)?;
    for replaced in lock.replaced() {
        eprintln!("stand_by: took over: {replaced}");
    }
    let guard = Guard::start(lock.confirms().ok_or("the lock has no session")?);
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    for line in io::stdin().lock().lines() {
        append(&lock, &mut file, &line?)?;
    }
    guard.stop();
    Ok(lock.release()?)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stand_by: {error}");
            ExitCode::FAILURE
        }
    }
}
