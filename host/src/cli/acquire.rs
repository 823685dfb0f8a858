//! `lockhost acquire`: take the lock, say so, hold it until a signal comes.

use std::io::{self, Write};

use anyhow::Context;
use lockhost::{Lock, Options, Progress};

use super::{Acquire, complain, signals::Signals};

/// Runs the command.
pub(crate) fn run(arguments: &Acquire) -> anyhow::Result<()> {
    // Before anything is touched: from here on a signal ends the attempt in order.
    let signals = Signals::catch().context("cannot catch signals")?;
    let Some(lock) = acquire(arguments, &signals)? else {
        return Ok(());
    };
    for replaced in lock.replaced() {
        complain(&format_args!(
            "replaced {}: {replaced}",
            replaced.path().display()
        ));
    }
    for warning in lock.warnings() {
        complain(&format_args!("warning: {warning}"));
    }
    announce(&lock).context("cannot write to standard output")?;
    signals.wait(None).context("cannot wait for signals")?;
    Ok(lock.release()?)
}

/// The lock; `None` if a signal came first, after which nothing is left of the attempt.
fn acquire(arguments: &Acquire, signals: &Signals) -> anyhow::Result<Option<Lock>> {
    let mut options = Options::new().name(&arguments.name);
    if let Some(identity) = &arguments.assume_dead {
        options = options.assume_dead(identity);
    }
    let mut attempt = options.attempt(&arguments.directory)?;
    loop {
        match attempt.proceed()? {
            Progress::Acquired(lock) => return Ok(Some(lock)),
            Progress::Waiting(waiting) => {
                if signals.wait(Some(waiting.retry_after()))? {
                    return Ok(None);
                }
            }
        }
    }
}

fn announce(lock: &Lock) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "acquired {} (pid {})",
        lock.path().display(),
        lock.pid()
    )?;
    out.flush()
}
