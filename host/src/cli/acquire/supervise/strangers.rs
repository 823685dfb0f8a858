//! The children that this process had before its command: those of the shell that it was before `exec lockhost`.

use std::collections::BTreeMap;

use rustix::process::Pid;

use super::kernel;

/// Processes that do not come from the command, by pid, with their start times.
///
/// Descendants of strangers count as strangers once they were seen below one: `--all` checks at each wake-up. One that
/// loses its parent between two checks counts as the command's, and is waited for: the lock is then held too long
/// rather than too short.
#[derive(Debug, Default)]
pub(super) struct Strangers(BTreeMap<i32, u64>);

impl Strangers {
    /// Returns all descendants that this process has now, where proc(5) lists them.
    pub(super) fn now() -> Self {
        let mut strangers = Self::default();
        strangers.add(kernel::children().unwrap_or_default());
        strangers
    }

    /// Removes the strangers that have ended, and adds the descendants of the others.
    pub(super) fn look(&mut self) {
        self.0
            .retain(|pid, start| kernel::start_of(*pid) == Some(*start));
        let known: Vec<i32> = self.0.keys().copied().collect();
        for pid in known {
            self.add(kernel::children_of(pid));
        }
    }

    /// Returns the children of this process that are not strangers; `None` where proc(5) does not list children.
    pub(super) fn others(&self) -> Option<Vec<Pid>> {
        let children = kernel::children()?.into_iter();
        let others = children.filter(|pid| !self.contains(*pid));
        Some(others.filter_map(Pid::from_raw).collect())
    }

    fn contains(&self, pid: i32) -> bool {
        let known = self.0.get(&pid);
        known.is_some_and(|start| kernel::start_of(pid) == Some(*start))
    }

    fn add(&mut self, mut found: Vec<i32>) {
        while let Some(pid) = found.pop() {
            if !self.contains(pid)
                && let Some(start) = kernel::start_of(pid)
            {
                self.0.insert(pid, start);
                found.extend(kernel::children_of(pid));
            }
        }
    }
}
