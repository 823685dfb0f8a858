//! Detection of a holder that is an ancestor of this process, so that waiting for it would be in vain.

use std::sync::OnceLock;

use super::{
    error::{Error, Kind},
    holder::Holder,
};
use crate::process::{Identity, ancestors::Ancestors, liveness::Liveness, platform};

impl Holder {
    /// Returns whether the holder is an ancestor of this process: its parent, the parent of that, and so on, read at
    /// this moment. Such a holder usually waits for this process before it releases the lock. This process is not its
    /// own ancestor: another thread of it may hold the lock, and release it.
    ///
    /// If the holder is dead, and a process that inherited its evidence keeps the file locked, that process counts. It
    /// may be this process itself.
    ///
    /// Returns `false` where the system does not show it, as for an ancestor in another PID namespace.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// let lock = lockhost::acquire(data.path())?;
    /// let refused = lockhost::acquire(data.path()).unwrap_err();
    /// assert!(refused.holder().is_some_and(|holder| !holder.is_ancestor()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_ancestor(&self) -> bool {
        self.ancestor().is_some()
    }

    /// Returns whether an ancestor wrote a file that holds only a number: that process lives as far as is known, and
    /// ran when the file was written. A number alone may belong to another container, or stand among others in the
    /// file.
    fn is_named_by(&self, chain: &Ancestors, pid: u32) -> bool {
        matches!(self.liveness(), Liveness::Alive(_))
            && self.since().is_some_and(|since| chain.had(pid, since))
    }

    /// Returns the number of the ancestor that is the holder, or that keeps the file locked for it.
    fn ancestor(&self) -> Option<u32> {
        if self.is_this_process() || matches!(self.liveness(), Liveness::Dead(_)) {
            return None;
        }
        let me = platform::myself().ok()?;
        let claim = self.identity().filter(|_| self.is_claimed());
        let maker = match claim {
            Some(identity) => Some(Identity::parse(identity)?),
            None => None,
        };
        let pid = maker.as_ref().map(Identity::pid).or(self.pid())?;
        let chain = Ancestors::now()?;
        let is_owner = |start| match &maker {
            Some(maker) => maker.may_have_started(start, &me),
            None => self.is_named_by(&chain, pid),
        };
        if chain
            .above()
            .any(|(it, start)| it == pid && is_owner(start))
        {
            return Some(pid);
        }
        let is_gone = || maker.as_ref().is_some_and(|maker| has_ended(maker, &me));
        let keepers = self.keepers().iter().map(|keeper| keeper.pid());
        let mut keepers = keepers.filter(|pid| chain.numbers().any(|it| it == *pid));
        // A living owner releases its lock, whichever processes have inherited its evidence.
        keepers.next().filter(|_| is_gone())
    }
}

/// Returns whether the maker of a claim has certainly ended, as seen from this process.
fn has_ended(maker: &Identity, me: &Identity) -> bool {
    if !maker.shares_pids_with(me) {
        return false;
    }
    match platform::entry(maker.pid()) {
        Some(entry) => {
            (entry.ended && entry.threads <= 1) || !maker.may_have_started(entry.start, me)
        }
        None => platform::presence(maker.pid()) == platform::Presence::Absent,
    }
}

/// The numbers of this process and its ancestors, read once. A later ancestor is among them: the new parent of an orphan
/// was an ancestor before. So a holder of another number is no ancestor, whatever has happened since.
#[derive(Debug, Default)]
pub(crate) struct Lineage(OnceLock<Option<Vec<u32>>>);

impl Lineage {
    /// Returns whether the holder may be an ancestor. It is asked for each owner of a lock that many processes pass on.
    fn may_have(&self, holder: &Holder) -> bool {
        let read = || Ancestors::now().map(|chain| chain.numbers().collect());
        let Some(numbers) = self.0.get_or_init(read) else {
            return true;
        };
        let claimed = holder.identity().and_then(Identity::parse);
        let owner = claimed.as_ref().map(Identity::pid).into_iter();
        let keepers = holder.keepers().iter().map(|keeper| keeper.pid());
        let mut pids = owner.chain(holder.pid()).chain(keepers);
        pids.any(|pid| numbers.contains(&pid))
    }
}

impl Error {
    /// Turns this into the refusal by an ancestor, if an ancestor of this process holds the lock, or is about to hold
    /// it.
    pub(crate) fn seen_from_descendant(self, lineage: &Lineage) -> Self {
        let Self { path, kind, at } = self;
        let kind = match *kind {
            Kind::Held(holder, circumstance, way_out) if !lineage.may_have(&holder) => {
                Kind::Held(holder, circumstance, way_out)
            }
            Kind::Held(holder, circumstance, way_out) => match holder.ancestor() {
                Some(pid) => Kind::Ancestor(holder, pid),
                None => Kind::Held(holder, circumstance, way_out),
            },
            kind => kind,
        };
        Self {
            at,
            ..Self::new(path, kind)
        }
    }
}
