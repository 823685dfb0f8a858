//! The parent of a command: in a job with it, so that neither outlives the other unnoticed.

use std::{
    ffi::OsString,
    io,
    os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle},
    process::{self, Child, Command},
    ptr, thread,
    time::Duration,
};

use anyhow::Context;
use lockhost::Lock;
use windows_sys::Win32::System::{
    JobObjects::{
        AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
        JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
        JobObjectBasicAccountingInformation, JobObjectExtendedLimitInformation,
        QueryInformationJobObject, SetInformationJobObject,
    },
    Threading::GetCurrentProcess,
};

use super::{
    Acquire,
    command::{environment, removed},
    events::{Event, Events},
    hold::Ended,
    loss::{Change, Losses},
};
use crate::cli::{
    exit_code::ExitCode,
    notify,
    signals::{Caught, Signals},
};

#[path = "deadman/elsewhere.rs"]
pub(super) mod deadman;

/// The separator of paths in a variable.
pub(super) const SEPARATOR: &str = ";";

/// How often to check whether descendants have ended: the system does not notify.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns the exit code that a command had, which is any 32-bit number here. A code above one byte ends the process at
/// once: it holds nothing any more.
pub(super) fn code(command: i32) -> ExitCode {
    match u8::try_from(command) {
        Ok(code) => code.into(),
        Err(_) => process::exit(command),
    }
}

/// Does nothing: no process gets orphans here.
pub(super) fn reap() {}

/// Does nothing: no process is the first of a namespace here.
///
/// # Errors
/// None.
pub(super) fn end_all_others() -> Result<(), String> {
    Ok(())
}

/// Returns `false`: no event reports orphans.
pub(super) fn bury_orphans(_caught: Caught) -> bool {
    false
}

/// Does nothing: a handle reports a command's end, and no other event.
pub(super) fn expect_children(_signals: &mut Signals, _all: bool) -> anyhow::Result<()> {
    Ok(())
}

/// What a command inherits in addition to its arguments.
pub(super) struct Inheritance {
    job: Job,
    /// Whether the service manager, of another system than this, listens to the command.
    notifies: bool,
}

impl Inheritance {
    /// Returns the job of this process.
    pub(super) fn of(
        _locks: &[Lock],
        arguments: &Acquire,
        _signals: &Signals,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            job: Job::with_this_process().context("cannot make a job")?,
            notifies: arguments.notify.leaves_it_to_the_command(),
        })
    }
}

/// A command, until it has ended.
pub(super) struct Supervision {
    command: Child,
    /// Whether its descendants are waited for as well.
    all: bool,
    job: Job,
    status: Option<i32>,
}

impl Supervision {
    /// Starts the command. The error reports that it could not be started, and why.
    pub(super) fn start(
        command: &[OsString],
        all: bool,
        locks: &[Lock],
        inheritance: Inheritance,
    ) -> io::Result<Self> {
        let mut child = Command::new(&command[0]);
        child.args(&command[1..]).envs(environment(locks)?);
        for name in removed(locks) {
            child.env_remove(name);
        }
        if !inheritance.notifies {
            child.env_remove(notify::SOCKET);
        }
        Ok(Self {
            command: child.spawn()?,
            all,
            job: inheritance.job,
            status: None,
        })
    }

    /// Waits until the command has ended, and those that are waited for with it. Calls `lost` with each loss; it
    /// returns whether the command is to end for it. Calls `failed` with the first error of this supervision, which
    /// goes on.
    pub(super) fn until_end(
        mut self,
        events: &Events,
        losses: &mut Losses<'_>,
        mut lost: impl FnMut(Change<'_>) -> bool,
        failed: impl FnOnce(io::Error),
    ) -> Ended {
        let mut failed = Some(failed);
        loop {
            match self.step(events, losses, &mut lost) {
                Ok(true) => return Ended::Command(self.status.unwrap_or(1)),
                Ok(false) => {}
                Err(error) => {
                    if let Some(failed) = failed.take() {
                        failed(error);
                    }
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Takes one step. Returns whether it was the last.
    fn step(
        &mut self,
        events: &Events,
        losses: &mut Losses<'_>,
        lost: &mut impl FnMut(Change<'_>) -> bool,
    ) -> io::Result<bool> {
        if self.is_over()? {
            return Ok(true);
        }
        let (mut told, mut limit) = (losses.descriptors(), losses.pause());
        match self.status {
            None => told.push(self.command.as_handle()),
            Some(_) => limit = limit.min(PAUSE),
        }
        // The console notifies the command as well.
        let _: Event = events.next(&told, limit)?;
        for change in losses.look() {
            if lost(change) {
                // The command is killed: there is no way to ask it to end.
                let _ = self.command.kill();
            }
        }
        Ok(false)
    }

    fn is_over(&mut self) -> io::Result<bool> {
        if self.status.is_none() {
            let status = self.command.try_wait()?;
            self.status = status.map(|status| status.code().unwrap_or(1));
        }
        Ok(self.status.is_some() && (!self.all || self.job.is_this_process_alone()?))
    }
}

impl Drop for Supervision {
    fn drop(&mut self) {
        // Even after an error, no lock is released under a running command.
        if self.status.is_none() {
            let _ = self.command.wait();
        }
    }
}

/// This process, and all that it starts from now on: if this process is killed, the system ends the others.
struct Job(OwnedHandle);

impl Job {
    #[allow(unsafe_code)]
    fn with_this_process() -> io::Result<Self> {
        // SAFETY: no attributes and no name are pointed to.
        let job = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new, and has no other owner.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(job) });
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)?;
        // SAFETY: both handles are open.
        let done = unsafe { AssignProcessToJobObject(job.0.as_raw_handle(), GetCurrentProcess()) };
        match done {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(job),
        }
    }

    #[allow(unsafe_code)]
    fn limit(&self, flags: u32) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = flags;
        let size = u32::try_from(size_of_val(&limits)).map_err(io::Error::other)?;
        // SAFETY: the handle is open, and `size` is that of the limits.
        let done = unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                ptr::from_ref(&limits).cast(),
                size,
            )
        };
        match done {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Lets the processes that outlive this one run on: a job that still has the limit would end them when its handle
    /// is closed.
    fn let_go(&self) -> io::Result<()> {
        self.limit(0)
    }

    #[allow(unsafe_code)]
    fn is_this_process_alone(&self) -> io::Result<bool> {
        let mut found = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        let size = u32::try_from(size_of_val(&found)).map_err(io::Error::other)?;
        // SAFETY: the handle is open, and `size` is that of the buffer.
        let done = unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectBasicAccountingInformation,
                ptr::from_mut(&mut found).cast(),
                size,
                ptr::null_mut(),
            )
        };
        match done {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(found.ActiveProcesses <= 1),
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // An error here leaves nothing else to do.
        let _ = self.let_go();
    }
}
