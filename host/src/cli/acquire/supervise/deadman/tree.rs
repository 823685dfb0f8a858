//! The descendants of this process. It is a child subreaper, so none of them leaves the tree, not even by setsid(2).

use std::{collections::BTreeSet, fs, process};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, wait},
};

use super::super::kernel;

/// Kills all descendants except those of `spared`.
pub(super) fn kill(spared: &BTreeSet<i32>) {
    for pid in descendants(spared).into_iter().filter_map(Pid::from_raw) {
        // A parent may have waited for one just now. No other process has its pid so soon: the kernel gives away all
        // others first.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Reaps the children that have ended. Returns whether no descendant is left except those of `spared`.
pub(super) fn reap(spared: &BTreeSet<i32>) -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            // Those that are spared may be left.
            Ok(None) => return !spared.is_empty() && descendants(spared).is_empty(),
            Err(_) => return true,
        }
    }
}

/// Returns all descendants, those that have ended and were not waited for among them, except for `spared` and theirs.
fn descendants(spared: &BTreeSet<i32>) -> BTreeSet<i32> {
    let parents: Vec<(i32, i32)> = pids()
        .filter_map(|pid| Some((pid, kernel::parent_of(pid)?)))
        .collect();
    let mut found = BTreeSet::from([process::id().cast_signed()]);
    loop {
        let before = found.len();
        let below = parents
            .iter()
            .filter(|(pid, parent)| found.contains(parent) && !spared.contains(pid))
            .map(|(pid, _)| *pid)
            .collect::<Vec<_>>();
        found.extend(below);
        if found.len() == before {
            found.remove(&process::id().cast_signed());
            return found;
        }
    }
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
