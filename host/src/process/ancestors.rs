//! The ancestors of this process: its parent, the parent of that, and so on.
//!
//! A number alone names no ancestor: another process may have got it since. So each ancestor has its start as well.

use std::time::{Duration, SystemTime};

use super::identity::Identity;

#[cfg_attr(processes = "linux", path = "ancestors/linux.rs")]
#[cfg_attr(processes = "macos", path = "ancestors/macos.rs")]
#[cfg_attr(processes = "windows", path = "ancestors/windows.rs")]
#[cfg_attr(processes = "unknown", path = "ancestors/unknown.rs")]
mod platform;

/// The maximum number of processes that are followed. No real chain is so long; an emulator may show an endless one.
const MOST: usize = 4_096;

/// The greatest time by which a file may appear older than the process that made it. FAT keeps times in steps of two
/// seconds, and starts are in ticks.
const COARSE: Duration = Duration::from_secs(3);

/// The maximum number of reads of a process whose parent ends meanwhile, and of the whole chain when one of its
/// processes ends.
const AGAIN: usize = 16;

/// A process, as one read of its entry shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    /// Its start, in the ticks of identities.
    start: Option<u64>,
    /// The number of its parent. `None` for the first process of a PID namespace, and for one that came from outside.
    parent: Option<u32>,
}

/// This process and its ancestors, as far up as this PID namespace shows them.
#[derive(Clone, Debug)]
pub(crate) struct Ancestors(Vec<(u32, Option<u64>)>);

impl Ancestors {
    /// Reads the chain as it is now. Returns `None` where the system does not show it.
    pub(crate) fn now() -> Option<Self> {
        if !super::platform::lists_our_processes() {
            return None;
        }
        (0..AGAIN).find_map(|_| Self::from(std::process::id(), platform::link))
    }

    /// Follows the parents up from a process.
    fn from(pid: u32, link: impl Fn(u32) -> Option<Link>) -> Option<Self> {
        let mut chain = Vec::new();
        let (mut pid, mut found) = (pid, link(pid)?);
        while chain.len() < MOST {
            chain.push((pid, found.start));
            match above(pid, found, &link)? {
                Some(next) => (pid, found) = next,
                None => break,
            }
        }
        Some(Self(chain))
    }

    /// Returns whether the process of this number and start is this process or an ancestor of it.
    pub(crate) fn contain(&self, pid: u32, start: u64) -> bool {
        self.0.contains(&(pid, Some(start)))
    }

    /// Returns whether a process is this one or an ancestor of it. `me` is this process. If the two do not share
    /// numbers and ticks, this cannot be proved, and the result is `false`.
    pub(crate) fn contain_maker(&self, maker: &Identity, me: &Identity) -> bool {
        maker.shares_pids_with(me)
            && maker.shares_ticks_with(me)
            && maker
                .start
                .is_some_and(|start| self.contain(maker.pid, start))
    }

    /// Returns when the process of this number in the chain started, by the wall clock. `None` if none has it.
    pub(crate) fn started(&self, pid: u32) -> Option<SystemTime> {
        let (_, start) = self.0.iter().find(|it| it.0 == pid)?;
        platform::time((*start)?)
    }

    /// Returns whether the process of this number in the chain ran at the time of a file. It wrote the file, if no
    /// other process had the number.
    pub(crate) fn had(&self, pid: u32, time: SystemTime) -> bool {
        self.started(pid)
            .is_some_and(|start| start <= time + COARSE)
    }

    /// Returns the numbers and starts of the ancestors, the parent first, without this process.
    pub(crate) fn above(&self) -> impl Iterator<Item = (u32, Option<u64>)> {
        self.0.iter().skip(1).copied()
    }

    /// Returns the numbers, that of this process first.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|it| it.0)
    }
}

/// The parent of a process, with its own link; `None` inside if no parent is shown.
///
/// A parent may end between the two reads, and another process may get its number. The child has another parent then,
/// so it is read once more.
type Above = Option<(u32, Link)>;

fn above(pid: u32, found: Link, link: &impl Fn(u32) -> Option<Link>) -> Option<Above> {
    let mut found = found;
    for _ in 0..AGAIN {
        let Some(parent) = found.parent else {
            return Some(None);
        };
        let next = link(parent);
        let again = link(pid)?;
        if again == found {
            // If proc(5) hides a parent from this user, the chain ends there.
            let next = next.filter(|next| is_older(next.start, found.start));
            return Some(next.map(|next| (parent, next)));
        }
        found = again;
    }
    None
}

/// Returns whether a parent started before its child, as far as both starts are known. On Windows a child keeps the
/// number of a parent that has ended. By now that number may belong to another process, which started later.
fn is_older(parent: Option<u64>, child: Option<u64>) -> bool {
    match (parent, child) {
        (Some(parent), Some(child)) => parent <= child,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn link(start: u64, parent: u32) -> Link {
        Link {
            start: Some(start),
            parent: Some(parent).filter(|it| *it != 0),
        }
    }

    #[test]
    #[cfg(not(processes = "unknown"))]
    fn a_chain_begins_with_this_process_and_its_parent() {
        let chain = Ancestors::now().unwrap();
        let me = super::super::platform::myself().unwrap();
        assert!(chain.contain_maker(&me, &me));
        assert!(chain.numbers().count() > 1);
        assert!(chain.started(me.pid()).unwrap() <= SystemTime::now());
    }

    #[test]
    fn a_reused_number_is_no_ancestor() {
        let chain = Ancestors(vec![(7, Some(50)), (3, Some(20)), (1, None)]);
        assert!(chain.contain(3, 20));
        assert!(!chain.contain(3, 19) && !chain.contain(1, 0) && !chain.contain(9, 50));
    }

    #[test]
    fn a_parent_that_started_after_its_child_is_another_process() {
        let chain = Ancestors::from(7, |pid| match pid {
            7 => Some(link(50, 3)),
            3 => Some(link(51, 1)),
            _ => None,
        });
        assert_eq!(chain.unwrap().0, [(7, Some(50))]);
    }

    #[test]
    fn a_parent_that_ends_meanwhile_is_not_followed() {
        let looks = Cell::new(0);
        let chain = Ancestors::from(7, |pid| match pid {
            // Its parent has ended after the first read of it.
            7 => {
                looks.set(looks.get() + 1);
                Some(link(50, if looks.get() == 1 { 3 } else { 1 }))
            }
            // And this process has its number.
            3 => Some(link(40, 2)),
            1 => Some(link(0, 0)),
            _ => None,
        });
        assert_eq!(chain.unwrap().0, [(7, Some(50)), (1, Some(0))]);
    }

    #[test]
    fn a_chain_without_an_end_is_followed_no_longer_than_that() {
        let chain = Ancestors::from(7, |_| Some(link(1, 7))).unwrap();
        assert_eq!(chain.0.len(), MOST);
    }
}
