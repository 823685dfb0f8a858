//! The lock that lockhost replaces: its algorithm, with its flaws, and a pause wherever one is asked for.
//!
//! `original DIRECTORY [STEP...]` prints `at STEP` when it comes to a step that is named, and waits for a line on
//! standard input. It prints `acquired`, and holds the lock until standard input is closed, when it releases, or a
//! signal ends it, when it does not.
//!
//! `original --dawdle=SEED DIRECTORY` stops for nobody. It gives the processor away a pseudo-random number of times at
//! every step, and holds the lock until a signal ends it.

use std::{
    env,
    error::Error,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{self, ExitCode},
    thread,
};

use lockhost_tests::dawdle::Dawdle;
use rustix::process::{Pid, test_kill_process};

/// What became of an attempt.
enum Outcome {
    Acquired,
    Held(String),
}

/// What a lock file says.
enum Owner {
    Gone,
    Alive(i32),
    Dead,
}

struct Original {
    lock: PathBuf,
    reclaim: PathBuf,
    dawdle: Option<Dawdle>,
    pauses: Vec<String>,
}

impl Original {
    /// Waits here, if that was asked for.
    fn at(&self, step: &str) -> io::Result<()> {
        if let Some(dawdle) = &self.dawdle {
            // At most a millisecond or two of its own time.
            dawdle.pause(10);
        }
        if !self.pauses.iter().any(|pause| pause == step) {
            return Ok(());
        }
        println!("at {step}");
        io::stdout().flush()?;
        io::stdin().read_line(&mut String::new())?;
        Ok(())
    }

    fn acquire(&self) -> io::Result<Outcome> {
        self.at("start")?;
        if self.create(&self.lock, "lock")? {
            return Ok(Outcome::Acquired);
        }
        self.at("lock-exists")?;
        if let Owner::Alive(pid) = self.read(&self.lock)? {
            return Ok(Outcome::Held(format!(
                "locked by another process (pid {pid})"
            )));
        }
        self.at("lock-dead")?;
        self.reclaim()
    }

    fn reclaim(&self) -> io::Result<Outcome> {
        while !self.create(&self.reclaim, "reclaim")? {
            self.at("reclaim-exists")?;
            if let Owner::Alive(pid) = self.read(&self.reclaim)? {
                return Ok(Outcome::Held(format!(
                    "a reclaim is in progress (pid {pid})"
                )));
            }
            self.at("reclaim-judged-dead")?;
            remove(&self.reclaim)?;
            self.at("reclaim-removed")?;
        }
        let outcome = self.replace()?;
        self.at("reclaim-done")?;
        remove(&self.reclaim)?;
        Ok(outcome)
    }

    /// Under the reclaim lock.
    fn replace(&self) -> io::Result<Outcome> {
        self.at("reclaim-taken")?;
        if let Owner::Alive(pid) = self.read(&self.lock)? {
            return Ok(Outcome::Held(format!(
                "reclaimed by pid {pid} while we waited"
            )));
        }
        self.at("lock-judged-dead")?;
        remove(&self.lock)?;
        self.at("lock-removed")?;
        Ok(if self.create(&self.lock, "lock")? {
            Outcome::Acquired
        } else {
            Outcome::Held("a newcomer was faster".into())
        })
    }

    /// Whether the file is new. It is empty, for all to see, before the pid is in it.
    fn create(&self, path: &Path, what: &str) -> io::Result<bool> {
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
        {
            Ok(file) => {
                self.at(&format!("{what}-created"))?;
                write_pid(file)?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Owner> {
        let content = match fs::read_to_string(path) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Owner::Gone),
            Err(error) => return Err(error),
        };
        let pid = content.trim().parse().ok().and_then(Pid::from_raw);
        let alive = pid.filter(|pid| test_kill_process(*pid) != Err(rustix::io::Errno::SRCH));
        Ok(alive.map_or(Owner::Dead, |pid| Owner::Alive(pid.as_raw_nonzero().get())))
    }
}

fn write_pid(mut file: File) -> io::Result<()> {
    writeln!(file, "{}", process::id())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1).peekable();
    let seed = arguments.next_if(|argument| argument.starts_with("--dawdle="));
    let seed = seed.map(|seed| seed["--dawdle=".len()..].parse());
    let directory = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let original = Original {
        lock: directory.join("tinyforge.lock"),
        reclaim: directory.join("tinyforge.lock.reclaim"),
        dawdle: seed.transpose()?.map(Dawdle::new),
        pauses: arguments.collect(),
    };
    match original.acquire()? {
        Outcome::Held(why) => {
            eprintln!("original: {why}");
            Ok(ExitCode::from(75))
        }
        Outcome::Acquired => {
            println!(
                "acquired {} (pid {})",
                original.lock.display(),
                process::id()
            );
            io::stdout().flush()?;
            while original.dawdle.is_some() {
                thread::park();
            }
            io::copy(&mut io::stdin(), &mut io::sink())?;
            // Whosever it is by now.
            remove(&original.lock)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
