//! The processes that this one descends from, as far as the system shows them.

use super::{platform, remembered};

/// How many generations are followed. A chain of processes is a few dozen long at most.
const MOST: usize = 1_000;

/// A process that this one descends from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ancestor {
    pub(crate) pid: u32,
    /// Its start, in the same ticks as an identity has it. `None` where the system does not show it.
    pub(crate) start: Option<u64>,
}

/// What the system shows of one process: when it started, and which process is its parent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kin {
    pub(crate) start: Option<u64>,
    pub(crate) parent: Option<u32>,
}

/// Returns the ancestors of this process that are alive, the parent first. Empty where the system does not show this process
/// under its own number: then the parents' numbers mean other processes.
pub(crate) fn ancestors() -> Vec<Ancestor> {
    match remembered::myself() {
        Ok(me) if me.start.is_some() => walk(me.pid, platform::kin),
        _ => Vec::new(),
    }
}

/// Follows the parents of a process. The process itself is never among them.
///
/// A parent that ends between two steps leaves its number to a later process. No parent is younger than its child, so a
/// younger one ends the walk. An older one is an ancestor: the kernel gives orphans to an ancestor or to the first process.
fn walk(pid: u32, kin: impl Fn(u32) -> Option<Kin>) -> Vec<Ancestor> {
    let mut found: Vec<Ancestor> = Vec::new();
    let mut child = kin(pid);
    while let Some(next) = child.and_then(parent)
        && found.len() < MOST
    {
        let is_known = next == pid || found.iter().any(|it| it.pid == next);
        let parent = kin(next);
        if is_known || is_younger(parent, child) {
            break;
        }
        found.push(Ancestor {
            pid: next,
            start: parent.and_then(|it| it.start),
        });
        child = parent;
    }
    found
}

/// Zero stands for a parent in another PID namespace, or for none.
fn parent(child: Kin) -> Option<u32> {
    child.parent.filter(|pid| *pid != 0)
}

fn is_younger(parent: Option<Kin>, child: Option<Kin>) -> bool {
    let start = |kin: Option<Kin>| kin.and_then(|it| it.start);
    matches!((start(parent), start(child)), (Some(parent), Some(child)) if parent > child)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that a walk from process 9 finds, of these processes: number, start, parent.
    fn found(processes: &[(u32, u64, u32)]) -> Vec<u32> {
        let kin = |pid| {
            let process = processes.iter().find(|it| it.0 == pid)?;
            Some(Kin {
                start: Some(process.1),
                parent: Some(process.2),
            })
        };
        walk(9, kin).into_iter().map(|it| it.pid).collect()
    }

    #[test]
    fn ancestors_are_followed_to_the_first_process() {
        assert_eq!(found(&[(9, 30, 5), (5, 20, 1), (1, 1, 0)]), [5, 1]);
        assert!(found(&[(9, 30, 0)]).is_empty());
        // The first is hidden, and has a number all the same.
        assert_eq!(found(&[(9, 30, 5)]), [5]);
    }

    #[test]
    fn a_reused_number_is_no_ancestor() {
        assert!(found(&[(9, 30, 5), (5, 31, 1), (1, 1, 0)]).is_empty());
        assert_eq!(found(&[(9, 30, 5), (5, 20, 4), (4, 21, 1)]), [5]);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        assert_eq!(found(&[(9, 30, 5), (5, 20, 4), (4, 20, 5)]), [5, 4]);
        assert!(found(&[(9, 30, 9)]).is_empty());
        assert_eq!(found(&[(9, 30, 5), (5, 20, 9)]), [5]);
    }

    #[test]
    fn a_chain_without_end_is_followed_only_so_far() {
        let kin = |pid: u32| {
            Some(Kin {
                start: None,
                parent: pid.checked_add(1),
            })
        };
        assert_eq!(walk(9, kin).len(), MOST);
    }
}
