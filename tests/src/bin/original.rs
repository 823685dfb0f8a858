//! The lock that lockhost replaces: its algorithm, with its flaws, and a pause wherever one is asked for.
//!
//! `original DIRECTORY [STEP...]` prints `at STEP` when it reaches a step that is named, and waits for a line on
//! standard input. It prints `acquired`, and holds the lock until standard input is closed, when it releases, or a
//! signal ends it, when it does not.
//!
//! `original --jitter=SEED DIRECTORY` never waits for a line. It yields the processor a pseudo-random number of times
//! at every step, and holds the lock until a signal ends it.

use std::{
    env,
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::{self, ExitCode},
    thread,
};

use lockhost_tests::{
    jitter::Jitter,
    original::{Original, Outcome, Steps},
};

struct Pauses {
    jitter: Option<Jitter>,
    named: Vec<String>,
}

impl Steps for Pauses {
    /// Waits here, if that was asked for.
    fn at(&self, step: &str) -> io::Result<()> {
        if let Some(jitter) = &self.jitter {
            // At most a millisecond or two of its own time.
            jitter.pause(10);
        }
        if !self.named.iter().any(|pause| pause == step) {
            return Ok(());
        }
        println!("at {step}");
        io::stdout().flush()?;
        io::stdin().read_line(&mut String::new())?;
        Ok(())
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1).peekable();
    let seed = arguments.next_if(|argument| argument.starts_with("--jitter="));
    let seed = seed.map(|seed| seed["--jitter=".len()..].parse());
    let jitter = seed.transpose()?.map(Jitter::new);
    let jitters = jitter.is_some();
    let directory = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let named = arguments.collect();
    let original = Original::new(&directory, Pauses { jitter, named });
    match original.acquire()? {
        Outcome::Held(why) => {
            eprintln!("original: {why}");
            Ok(ExitCode::from(75))
        }
        Outcome::Acquired => {
            let lock = original.path().display();
            println!("acquired {lock} (pid {})", process::id());
            io::stdout().flush()?;
            if jitters {
                loop {
                    thread::park();
                }
            }
            io::copy(&mut io::stdin(), &mut io::sink())?;
            original.release()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
