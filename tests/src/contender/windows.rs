//! Contenders on Windows: a pipe that is closed, and processes that are started suspended.
//!
//! No process can send a signal to another one here. A console's event reaches every process that shares that console.
//! A test would need a console, and a process group for each process in it. Service managers use the end of standard
//! input as well.

use std::{
    cell::RefCell,
    io,
    os::windows::{
        io::{AsRawHandle, FromRawHandle, OwnedHandle},
        process::CommandExt,
    },
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use windows_sys::Win32::{
    Foundation::INVALID_HANDLE_VALUE,
    System::{
        Diagnostics::ToolHelp::{
            CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
        },
        Threading::{CREATE_SUSPENDED, OpenThread, ResumeThread, THREAD_SUSPEND_RESUME},
    },
};

use super::Contender;
use crate::program::lockhost;

/// The arguments that make the program acquire a lock, and hold it until [`Contender::stop`] closes its standard input.
pub const ACQUIRE: &[&str] = &["acquire", "--until-stdin-closes"];

/// Returns the program with these arguments, without the directory.
#[must_use]
pub fn acquire() -> Command {
    let mut command = Command::new(lockhost());
    command.args(ACQUIRE).stdin(Stdio::piped());
    command
}

/// A line that all contenders wait at.
pub struct Barrier {
    waiting: RefCell<Vec<u32>>,
}

impl Barrier {
    /// Returns a closed barrier.
    #[must_use]
    pub fn new() -> Self {
        Self {
            waiting: RefCell::default(),
        }
    }

    /// Sends a program to the line: it is started, but none of its code runs until the line opens. No process has to
    /// wait there for it, so `at_barrier` is not needed.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn line_up(&self, _at_barrier: &str, program: &Path, arguments: &[&str]) -> Contender {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped());
        let contender = Contender::start(command.creation_flags(CREATE_SUSPENDED));
        self.waiting.borrow_mut().push(contender.pid());
        contender
    }

    /// Opens the line for all.
    ///
    /// # Panics
    /// If they cannot be resumed.
    pub fn open(self) {
        let waiting = self.waiting.into_inner();
        let mut let_go = 0;
        for thread in threads().expect("a list of all threads") {
            if waiting.contains(&thread.th32OwnerProcessID) {
                resume(thread.th32ThreadID).expect("it is there, and stopped");
                let_go += 1;
            }
        }
        assert_eq!(let_go, waiting.len(), "each has one thread");
    }
}

impl Contender {
    /// Closes its standard input, and waits for its end.
    ///
    /// # Panics
    /// If its standard input is not piped, or it cannot be waited for.
    pub fn stop(&mut self) -> ExitStatus {
        assert!(self.input.is_some(), "its standard input is piped");
        self.end_of_input()
    }
}

/// Returns all threads of all processes.
fn threads() -> io::Result<Vec<THREADENTRY32>> {
    // SAFETY: the call gets no pointer.
    let list = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if list == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and has no other owner.
    let list = unsafe { OwnedHandle::from_raw_handle(list) };
    let mut entry = THREADENTRY32 {
        dwSize: size_of::<THREADENTRY32>() as u32,
        ..THREADENTRY32::default()
    };
    let mut threads = Vec::new();
    // SAFETY: the list is open, and the entry has its size.
    let mut more = unsafe { Thread32First(list.as_raw_handle(), &mut entry) };
    while more != 0 {
        threads.push(entry);
        // SAFETY: as above.
        more = unsafe { Thread32Next(list.as_raw_handle(), &mut entry) };
    }
    Ok(threads)
}

fn resume(thread: u32) -> io::Result<()> {
    // SAFETY: the call gets no pointer.
    let thread = unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, thread) };
    if thread.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and has no other owner.
    let thread = unsafe { OwnedHandle::from_raw_handle(thread) };
    // SAFETY: the thread is open, with the right to do this.
    if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
