//! The process that holds a lock, as the system shows it.

use std::ffi::OsString;

use super::holder::Holder;
use crate::process::{Identity, liveness::Liveness, platform};

/// A running process, as the system shows it: for a person, and no proof of anything. [`Holder::process`] has an
/// example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    pid: u32,
    command: Vec<OsString>,
    user: Option<u32>,
}

impl ProcessInfo {
    /// Returns its number, as this process knows it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the program and its arguments; the name alone, in brackets, where the system shows no arguments. On
    /// Windows it is only the program's path.
    #[must_use]
    pub fn command(&self) -> &[OsString] {
        &self.command
    }

    /// Returns the number of the user that it runs as. `None` on Windows, where users have no numbers.
    #[must_use]
    pub fn user(&self) -> Option<u32> {
        self.user
    }
}

impl Holder {
    /// Returns the process that has the holder's number now: the holder, unless [`liveness`](Self::liveness) doubts
    /// that. `None` if the holder is dead, if its number means another process here (another PID namespace, machine or
    /// boot), or if the system does not show it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// let lock = lockhost::acquire(data.path())?;
    /// let status = lockhost::inspect(data.path(), lockhost::DEFAULT_NAME)?;
    /// # if cfg!(target_os = "linux") {
    /// let running = status.holder().and_then(|holder| holder.process()).unwrap();
    /// assert_eq!(running.pid(), std::process::id());
    /// println!("{:?}, run by user {:?}", running.command(), running.user());
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn process(&self) -> Option<ProcessInfo> {
        if matches!(self.liveness(), Liveness::Dead(_)) {
            return None;
        }
        let me = platform::myself().ok()?;
        // A list that does not show this process has other processes under the same numbers.
        me.start?;
        let maker = match self.identity() {
            Some(identity) if self.is_claimed() => Some(Identity::parse(identity)?),
            _ => None,
        };
        let pid = maker.as_ref().map(Identity::pid).or(self.pid())?;
        let start = platform::entry(pid)?.start;
        if maker.is_some_and(|maker| !maker.may_have_started(start, &me)) {
            return None;
        }
        let (command, user) = platform::cmdline(pid)?;
        // If the start differs, the number was given to another process in between.
        let same = platform::entry(pid)?.start == start;
        same.then_some(ProcessInfo { pid, command, user })
    }
}
