//! sigwait(3) on a thread, which passes the signals on through a pipe. It does not report the sender of a signal.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    ops::RangeInclusive,
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

use super::{Caught, comes_of_a_write, numbers::Numbers};

/// Notifies the thread that there are more signals to wait for. No other process sends it: the signal reports the end
/// of a timer that this program never sets.
const MORE: Signal = Signal::SIGVTALRM;

/// The pipe that reports blocked signals.
pub(super) struct Inbox {
    reader: PipeReader,
    caught: Arc<Mutex<Numbers>>,
    /// Runs for as long as the program does.
    thread: JoinHandle<()>,
}

/// Returns the numbers of the signals that sigwait(3) waits for here: those with names.
pub(super) fn range() -> RangeInclusive<i32> {
    1..=31
}

impl Inbox {
    /// Waits for the signals on one thread, so that they arrive in order: the key that was pressed before the command
    /// that it ended. The thread has all signals blocked, also those that are caught later. A signal that is blocked
    /// elsewhere and not here would have its default effect here.
    pub(super) fn of(caught: Numbers) -> io::Result<Self> {
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

    /// Replaces the signals that arrive here.
    pub(super) fn set(&mut self, caught: Numbers) -> io::Result<()> {
        *self.caught.lock().unwrap_or_else(PoisonError::into_inner) = caught;
        Ok(pthread_kill(self.thread.as_pthread_t() as Pthread, MORE)?)
    }

    /// Returns the next pending signal; `None` if there is none left.
    pub(super) fn next(&self) -> io::Result<Option<Caught>> {
        let mut number = [0];
        match (&self.reader).read(&mut number) {
            Ok(0) => Ok(None),
            Ok(_) => {
                let number = i32::from(number[0]);
                Ok(Some(Caught {
                    number,
                    sender: (!is_a_keys(number)).then_some(0),
                }))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn hand_on(caught: &Mutex<Numbers>, mut writer: PipeWriter) {
    loop {
        let caught = *caught.lock().unwrap_or_else(PoisonError::into_inner);
        let mut awaited = caught.to_set();
        awaited.add(MORE);
        let Ok(signal) = awaited.wait() else {
            return;
        };
        let number = u8::try_from(signal as i32).unwrap_or_default();
        // The cause of one of these is not known: most often it was this process's own write.
        if signal != MORE
            && !comes_of_a_write(number.into())
            && writer.write_all(&[number]).is_err()
        {
            return;
        }
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// Returns whether a signal comes mostly from a terminal, which sends it to every process in the foreground.
fn is_a_keys(signal: i32) -> bool {
    const KEYS: [Signal; 4] = [
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTSTP,
        Signal::SIGWINCH,
    ];
    KEYS.iter().any(|key| *key as i32 == signal)
}
