//! Where a command runs, so that it can be ended with all its descendants.

use std::{collections::BTreeSet, fmt, thread, time::Duration};

use super::{
    cgroup::{self, Cgroup},
    namespace, tree,
};

/// The first pause between two rounds of killing, which doubles.
const FIRST: Duration = Duration::from_millis(1);

/// The last one.
const LAST: Duration = Duration::from_millis(50);

/// What can be had here.
#[allow(dead_code, reason = "for doctor")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Containment {
    /// A cgroup that the kernel kills as a whole.
    Cgroup,
    /// A PID namespace, whose processes the kernel ends with the first one. A cgroup cannot be had for this reason.
    Namespace(String),
    /// The descendants are found in proc(5), and killed one by one until none is left. Neither a cgroup nor
    /// a namespace can be had for this reason.
    Tree(String),
}

impl fmt::Display for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cgroup => {
                f.write_str("a command beside a coordinator is killed as a whole, by its cgroup")
            }
            Self::Namespace(why) => write!(
                f,
                "a command beside a coordinator is killed as a whole, by its PID namespace, since it has no cgroup: {why}"
            ),
            Self::Tree(why) => write!(
                f,
                "a command beside a coordinator is killed process by process, since nothing else can be had: {why}"
            ),
        }
    }
}

/// What to do where there is no cgroup.
#[allow(dead_code, reason = "for doctor")]
pub(crate) const HINT: &str =
    "run lockhost as a service with Delegate=yes, or where it may write to its own cgroup (v2)";

impl Containment {
    /// Returns what can be had here, by trying it.
    #[allow(dead_code, reason = "for doctor")]
    pub(crate) fn available() -> Self {
        match cgroup::check() {
            Ok(()) => Self::Cgroup,
            Err(cgroup) => match namespace::check() {
                Ok(()) => Self::Namespace(cgroup),
                Err(namespace) => Self::Tree(format!("{cgroup}; {namespace}")),
            },
        }
    }
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
