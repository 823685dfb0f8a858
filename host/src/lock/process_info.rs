//! What the system shows of the process that has a lock.

use std::ffi::OsString;

use super::holder::Holder;
use crate::process::{Identity, liveness::Liveness, platform};

/// A running process, as the system shows it: for a person, and no proof of anything. [`Holder::process`] has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    pid: u32,
    command: Vec<OsString>,
    user: Option<u32>,
}

impl ProcessInfo {
    /// Its number, as this process knows it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The program and its arguments; the name alone, in brackets, where there are none to be had. On Windows the program's
    /// path and nothing else.
    #[must_use]
    pub fn command(&self) -> &[OsString] {
        &self.command
    }

    /// The number of the user that it runs as. `None` on Windows, where users have none.
    #[must_use]
    pub fn user(&self) -> Option<u32> {
        self.user
    }
}

impl Holder {
    /// The process that has the holder's number now, looked up at this moment: the holder, unless
    /// [`liveness`](Self::liveness) doubts that. `None` if the holder is dead, if its number means another process here
    /// (another PID namespace, machine or boot), and if the system does not show it.
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
        // A list that does not show us ourselves has other processes under the same numbers.
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
        // Otherwise the number was given to somebody else in between.
        let same = platform::entry(pid)?.start == start;
        same.then_some(ProcessInfo { pid, command, user })
    }
}
