//! The end of the program by a signal while a file system does not answer.
//!
//! On a dead mount (NFS, CIFS, FUSE) a thread waits in the kernel, which lets it go for a signal that ends the process, and for
//! no other. This program blocks such signals and reads them, so that it can end in order. So on a file system that may hang,
//! a second thread waits for signals, and ends the process if the first thread does not end it in time.

use std::{
    io::{self, PipeReader, PipeWriter},
    os::fd::AsFd,
    path::PathBuf,
    process,
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::fs::statfs;

#[path = "../../../sys/single_kernel.rs"]
mod single_kernel;

use super::{Phase, events::await_any};
use crate::cli::signals::{Caught, Signals};

/// How long the first thread may take to read a signal, and to end in order.
const GRACE: Duration = Duration::from_secs(2);

/// The stack of the thread: it calls the kernel, and prints nothing.
const STACK: usize = 64 << 10;

/// Returns whether a file system of these directories may hang in a way that a signal can end: not if a single kernel mounts
/// them all. That question itself may hang. It is asked before signals are caught, so any signal ends it.
///
/// The kernel drops uncaught signals of the first process of a PID namespace. So that process asks nothing.
pub(super) fn may_hang(directories: &[PathBuf]) -> bool {
    let is_of_one_kernel =
        |it: &PathBuf| statfs(it).is_ok_and(|it| single_kernel::listed(&it).is_some());
    process::id() == 1 || !directories.iter().all(is_of_one_kernel)
}

/// The second thread, if there is one. Dropping this ends it, and waits for that.
pub(super) struct Interrupter {
    running: Option<(PipeWriter, JoinHandle<io::Result<()>>)>,
}

impl Interrupter {
    /// Starts the thread if it is needed. Without it (there may be no room for one), a signal waits for the file system.
    pub(super) fn start(signals: &Signals, is_needed: bool, phase: Phase) -> Self {
        let running = is_needed.then(|| start(signals, phase).ok()).flatten();
        Self { running }
    }

    /// Ends the thread.
    pub(super) fn end(self) {}
}

impl Drop for Interrupter {
    fn drop(&mut self) {
        if let Some((writer, thread)) = self.running.take() {
            drop(writer);
            // It does not panic, and never waits for a file system.
            let _ = thread.join();
        }
    }
}

/// Starts the thread. It inherits the mask of this one, so signals stay blocked everywhere.
fn start(signals: &Signals, phase: Phase) -> io::Result<(PipeWriter, JoinHandle<io::Result<()>>)> {
    let signals = signals.of_another_thread()?;
    let (over, writer) = io::pipe()?;
    let thread = thread::Builder::new().stack_size(STACK);
    let thread = thread.spawn(move || watch(&signals, &over, phase))?;
    Ok((writer, thread))
}

/// Waits for signals until the pipe is closed. An error ends that.
///
/// The first thread may have read the signal, and have met the file system when it was about to give an attempt up. A release
/// is not cut short that way: a server that is merely slow would then keep a lock whose owner is gone.
fn watch(signals: &Signals, over: &PipeReader, phase: Phase) -> io::Result<()> {
    let read = || match phase {
        Phase::Attempt => signals.last_ending(),
        Phase::Ownership => None,
    };
    // A signal that the first thread reads does not always wake this one.
    let pause = match phase {
        Phase::Attempt => GRACE,
        Phase::Ownership => Duration::MAX,
    };
    let over = over.as_fd();
    loop {
        match await_any(&[over, signals.as_fd()], pause) {
            Some(ready) if ready[0] => return Ok(()),
            None if read().is_none() => continue,
            _ => {}
        }
        if await_any(&[over], GRACE).is_some() {
            return Ok(());
        }
        if let Some(caught) = signals.next()?.or_else(read) {
            leave(caught);
        }
    }
}

/// Ends the process as the signal does where the first thread reads it, and waits for no thread.
fn leave(caught: Caught) -> ! {
    process::exit(caught.end().number().into())
}
