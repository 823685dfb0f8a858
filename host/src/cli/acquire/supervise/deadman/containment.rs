//! Where a command runs, so that it can be ended with all its descendants.

use std::{collections::BTreeSet, thread, time::Duration};

use super::{
    cgroup::{self, Cgroup},
    namespace, tree,
};

/// The first pause between two rounds of killing, which doubles.
const FIRST: Duration = Duration::from_millis(1);

/// The last one.
const LAST: Duration = Duration::from_millis(50);

/// What to do where nothing can be had.
const HINT: &str =
    "run lockhost as a service with Delegate=yes, or where it may write to its own cgroup (v2)";

/// Checks whether the kernel can kill a command here as a whole: by its cgroup, or by its PID namespace. Otherwise the
/// descendants are found in proc(5), and killed one by one until none is left.
///
/// # Errors
/// Why neither can be had, and what to do.
pub(crate) fn check() -> Result<(), String> {
    let Err(cgroup) = cgroup::check() else {
        return Ok(());
    };
    let namespace = namespace::check();
    namespace.map_err(|namespace| format!("{cgroup}; {namespace}; {HINT}"))
}

/// Ends everything that a command has left: what is in its cgroup, and the descendants of this process. Returns once
/// nothing is left.
pub(super) fn end_all(cgroup: Option<&Cgroup>, spared: &BTreeSet<i32>) {
    let mut pause = FIRST;
    while !end_some(cgroup, spared) {
        thread::sleep(pause);
        pause = (2 * pause).min(LAST);
    }
}

/// Does one round of it. Returns whether nothing is left.
fn end_some(cgroup: Option<&Cgroup>, spared: &BTreeSet<i32>) -> bool {
    kill(cgroup, spared);
    tree::reap(spared) && cgroup.is_none_or(Cgroup::is_empty)
}

/// Kills everything once, and reaps nothing.
pub(super) fn kill(cgroup: Option<&Cgroup>, spared: &BTreeSet<i32>) {
    if let Some(cgroup) = cgroup {
        cgroup.kill();
    }
    tree::kill(spared);
}
