//! Acquires the lock on a directory, and prints the verdicts on its former owners, in the words of the API.
//!
//! `telling DIRECTORY [IDENTITY]` prints `acquired IDENTITY [REASON, ...]`; the reasons are those for which it replaced
//! dead owners' locks. Then it answers each line on standard input with `held true` or `held false`, and releases at
//! its end. Refused, it prints `refused LIVENESS`, the message and its hint on standard error, and ends with 75. IDENTITY is an owner to assume dead.

use std::{
    env,
    error::Error,
    io::{self, BufRead, Write},
    process::ExitCode,
};

use lockhost::Options;

fn tell(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().ok_or("which directory?")?;
    let options = arguments.fold(Options::new(), Options::assume_dead);
    let lock = match options.acquire(directory) {
        Ok(lock) => lock,
        Err(error) => {
            eprintln!("telling: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("  hint: {hint}");
            }
            let Some(holder) = error.holder() else {
                return Ok(ExitCode::FAILURE);
            };
            tell(&format!("refused {:?}", holder.liveness()))?;
            return Ok(75.into());
        }
    };
    let replaced: Vec<_> = lock.replaced().iter().map(|it| it.reason()).collect();
    tell(&format!("acquired {} {replaced:?}", lock.identity()))?;
    for line in io::stdin().lock().lines() {
        line?;
        tell(&format!("held {}", lock.still_held()?))?;
    }
    lock.release()?;
    Ok(ExitCode::SUCCESS)
}
