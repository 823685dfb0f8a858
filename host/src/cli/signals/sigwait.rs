//! sigwait(3) on a thread, which hands on what it has got through a pipe. Who sent a signal it does not learn.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::thread::JoinHandleExt,
    },
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use nix::sys::{
    pthread::{Pthread, pthread_kill},
    signal::{SigSet, SigmaskHow, Signal},
};
use rustix::io::ioctl_fionbio;

use super::Caught;

/// Tells the thread that there are more to wait for. Nobody else sends it: it is what a timer ends with that nobody sets.
const MORE: Signal = Signal::SIGVTALRM;

/// Where signals come that are blocked.
pub(super) struct Inbox {
    reader: PipeReader,
    caught: Arc<Mutex<SigSet>>,
    /// It runs for as long as the program does.
    thread: JoinHandle<()>,
}

impl Inbox {
    /// They are waited for on one thread, so that they come one after another: that a key was pressed before the command
    /// ended by it. It has all signals blocked, also those that are caught later: one that is blocked elsewhere and not
    /// here would do here what it does to a process that does not expect it.
    pub(super) fn of(caught: SigSet) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        ioctl_fionbio(&reader, true)?;
        let caught = Arc::new(Mutex::new(caught));
        let theirs = Arc::clone(&caught);
        let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let thread = thread::Builder::new().name("lockhost-signals".to_owned());
        let started = thread.spawn(move || hand_on(&theirs, writer));
        mask.thread_set_mask()?;
        Ok(Self {
            reader,
            caught,
            thread: started?,
        })
    }

    pub(super) fn extend(&mut self, more: SigSet) -> io::Result<()> {
        let mut caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        caught.extend(&more);
        Ok(pthread_kill(self.thread.as_pthread_t() as Pthread, MORE)?)
    }

    /// The next that has come; `None` if there is none left.
    pub(super) fn next(&self) -> io::Result<Option<Caught>> {
        let mut number = [0];
        loop {
            match (&self.reader).read(&mut number) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            // Only such were asked for as have names.
            if let Ok(signal) = Signal::try_from(i32::from(number[0])) {
                return Ok(Some(Caught {
                    signal,
                    sender: (!is_a_keys(signal)).then_some(0),
                }));
            }
        }
    }
}

fn hand_on(caught: &Mutex<SigSet>, mut writer: PipeWriter) {
    loop {
        let mut awaited = *caught.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.add(MORE);
        let Ok(signal) = awaited.wait() else {
            return;
        };
        let number = u8::try_from(signal as i32).unwrap_or_default();
        if signal != MORE && writer.write_all(&[number]).is_err() {
            return;
        }
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// Whether it is one that a terminal sends, mostly, and to every process in the foreground.
fn is_a_keys(signal: Signal) -> bool {
    matches!(
        signal,
        Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTSTP | Signal::SIGWINCH
    )
}
