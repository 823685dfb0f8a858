//! Console events as events to wait for: keys, the closing of the console, and the shutdown of the machine.

use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle},
    process,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use windows_sys::{
    Win32::System::{
        Console::{
            CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT,
            CTRL_SHUTDOWN_EVENT, SetConsoleCtrlHandler,
        },
        RemoteDesktop::ProcessIdToSessionId,
        Threading::{ResetEvent, SetEvent},
    },
    core::BOOL,
};

#[path = "../../sys/event.rs"]
mod event;

use super::exit_code::ExitCode;

pub(crate) use self::event::event;

/// The events, the most pressing last.
const TOLD: [u32; 5] = [
    CTRL_C_EVENT,
    CTRL_BREAK_EVENT,
    CTRL_CLOSE_EVENT,
    CTRL_LOGOFF_EVENT,
    CTRL_SHUTDOWN_EVENT,
];

/// The events that arrived and were not read yet, the first in the lowest bit.
static COME: AtomicU32 = AtomicU32::new(0);

/// The system's event object that is signalled while there are any.
static BELL: OnceLock<OwnedHandle> = OnceLock::new();

/// The console events from now on, for the rest of the program.
pub(crate) struct Signals {
    bell: &'static OwnedHandle,
}

/// An event that arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caught(u32);

impl Signals {
    /// Catches console events. A process that was started with Ctrl-C disabled does not get Ctrl-C.
    #[allow(unsafe_code)]
    pub(crate) fn catch() -> io::Result<Self> {
        let bell = match BELL.get() {
            Some(bell) => bell,
            None => {
                let bell = event()?;
                BELL.get_or_init(|| bell)
            }
        };
        // SAFETY: the function stays for as long as the program does, and may be called on any thread.
        if unsafe { SetConsoleCtrlHandler(Some(hear), 1) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { bell })
    }

    /// Returns the next pending event; `None` if there is none left.
    #[allow(unsafe_code)]
    pub(crate) fn next(&self) -> io::Result<Option<Caught>> {
        // Reset first: an event that arrives meanwhile signals it again. SAFETY: it is an event, and open.
        unsafe { ResetEvent(self.bell.as_raw_handle()) };
        let come = COME.load(Ordering::Acquire);
        let Some(nth) = (0..TOLD.len()).rev().find(|nth| come & (1 << nth) != 0) else {
            return Ok(None);
        };
        let left = COME.fetch_and(!(1 << nth), Ordering::AcqRel) & !(1 << nth);
        if left != 0 {
            // SAFETY: as above.
            unsafe { SetEvent(self.bell.as_raw_handle()) };
        }
        Ok(Some(Caught(TOLD[nth])))
    }
}

impl AsHandle for Signals {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.bell.as_handle()
    }
}

/// Handles an event on a thread of the system's. Returns whether the event was handled.
#[allow(unsafe_code)]
unsafe extern "system" fn hear(event: u32) -> BOOL {
    let Some(nth) = TOLD.iter().position(|told| *told == event) else {
        return 0;
    };
    // A service gets the log-off of every user, without the user's name. It stays for as long as the machine is up, as
    // does what it holds a lock for. No handler that is called next ends it either.
    if event == CTRL_LOGOFF_EVENT && is_of_no_user() {
        return 0;
    }
    COME.fetch_or(1 << nth, Ordering::AcqRel);
    if let Some(bell) = BELL.get() {
        // SAFETY: it is an event, and never closed.
        unsafe { SetEvent(bell.as_raw_handle()) };
    }
    if matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
        return 1;
    }
    // After any event but a key, the system ends the process as soon as this returns, and after some seconds in any
    // case. Until then the rest of the program releases its locks, and ends by itself.
    loop {
        thread::sleep(Duration::MAX);
    }
}

/// Returns whether this process is in the session of services, to which no user logs on.
#[allow(unsafe_code)]
fn is_of_no_user() -> bool {
    let mut session = u32::MAX;
    // SAFETY: there is room for the answer.
    let told = unsafe { ProcessIdToSessionId(process::id(), &raw mut session) } != 0;
    told && session == 0
}

impl Caught {
    /// Returns whether it ends an attempt: every event does.
    pub(crate) fn is_ending(self) -> bool {
        true
    }

    /// Returns the exit code after this event: the one that has the same meaning on other systems.
    pub(crate) fn end(self) -> ExitCode {
        // SIGINT, SIGBREAK as the C runtime has it, SIGHUP, SIGTERM.
        let signal = match self.0 {
            CTRL_C_EVENT => 2,
            CTRL_BREAK_EVENT => 21,
            CTRL_SHUTDOWN_EVENT => 15,
            _ => 1,
        };
        (128 + signal).into()
    }
}
