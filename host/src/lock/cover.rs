//! Detection of a process that runs under a lock which is held now.

use std::{
    env,
    path::{self, Path},
};

use super::{
    holder::Holder,
    inspect::{State, Status},
};
use crate::process::{
    Identity,
    ancestors::Ancestors,
    liveness::{AliveReason, Liveness, UnknownReason},
    platform,
};

impl Status {
    /// Returns whether this process runs under the lock: the lock is held, and its owner is this process or an ancestor
    /// of it. If the owner was killed and processes that inherited its evidence keep the lock, one of these must be.
    ///
    /// Environment variables outlive a lock, as in a terminal multiplexer that was started under it. So they prove
    /// nothing here. Only where a lock consists of a number (without hard links), they have to name it as well: other
    /// machines and containers have processes of the same number.
    ///
    /// Returns `false` if it certainly does not, and where its descent cannot be proved: a descendant that lost its parent
    /// counts as not covered, since its lock ends with the owner's command.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// # let directory = data.path();
    /// use lockhost::{DEFAULT_NAME, inspect};
    ///
    /// let lock = lockhost::acquire(directory)?;
    /// assert_eq!(inspect(directory, DEFAULT_NAME)?.covers_this_process(), Ok(true));
    /// lock.release()?;
    /// assert_eq!(inspect(directory, DEFAULT_NAME)?.covers_this_process(), Ok(false));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why it cannot be known: the owner cannot be judged from here, or the system shows no ancestors.
    pub fn covers_this_process(&self) -> Result<bool, UnknownReason> {
        let (State::Held | State::Unknown, Some(owner)) = (self.state(), self.holder()) else {
            return Ok(false);
        };
        match owner.liveness() {
            Liveness::Alive(AliveReason::ThisProcess) => Ok(true),
            // The owner lives, but other processes that ask the kernel judge it dead.
            Liveness::Dead(_) | Liveness::Alive(AliveReason::Unguarded) => Ok(false),
            // No ancestor is on another machine.
            Liveness::Unknown(UnknownReason::OtherBoot) => Ok(false),
            Liveness::Unknown(reason) => Err(reason),
            Liveness::Alive(reason) => {
                let chain = Ancestors::now().ok_or(UnknownReason::NoAnswer)?;
                match reason {
                    AliveReason::Evidence => Ok(self.is_kept_by(&chain)),
                    AliveReason::Running => is_owned_by(&chain, owner),
                    _ => Ok(self.is_named_by(&chain, owner)),
                }
            }
        }
    }

    fn is_kept_by(&self, chain: &Ancestors) -> bool {
        let numbers: Vec<u32> = chain.numbers().collect();
        platform::is_kept_by_any(&self.path(), &numbers)
    }

    /// Returns whether a lock that is judged by its number is one of the chain's: the number is an ancestor's that ran
    /// when the file was written, and the lock's owner started a command that this process descends from.
    fn is_named_by(&self, chain: &Ancestors, owner: &Holder) -> bool {
        let Some(pid) = owner.pid() else {
            return false;
        };
        let was_there = owner.since().is_some_and(|since| chain.had(pid, since));
        was_there && is_announced(&self.path(), pid)
    }
}

fn is_owned_by(chain: &Ancestors, owner: &Holder) -> Result<bool, UnknownReason> {
    let maker = owner.identity().and_then(Identity::parse);
    let me = platform::myself().map_err(|_| UnknownReason::NoAnswer)?;
    let maker = maker.ok_or(UnknownReason::Unreadable)?;
    Ok(chain.contain_maker(&maker, &me))
}

/// Returns whether the environment names this lock file, and its owner.
fn is_announced(lock: &Path, pid: u32) -> bool {
    let is_owner = env::var("LOCKHOST_PID").is_ok_and(|number| number == pid.to_string());
    let real = |path: &Path| path.canonicalize().or_else(|_| path::absolute(path)).ok();
    let locks = env::var_os("LOCKHOST_LOCK").unwrap_or_default();
    let wanted = real(lock);
    is_owner && wanted.is_some() && env::split_paths(&locks).any(|it| real(&it) == wanted)
}
