//! Processes and their children, as proc(5) shows them.

use std::fs;

/// Returns the only child of the only child, and so on.
pub(crate) fn last_child(pid: u32) -> u32 {
    match children(pid)[..] {
        [] => pid,
        [child] => last_child(child),
        ref many => panic!("{pid} has the children {many:?}"),
    }
}

/// Returns the children of a process.
///
/// # Panics
/// If the kernel shows something else.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let lists = threads.filter_map(|it| fs::read_to_string(it.ok()?.path().join("children")).ok());
    let children = lists.collect::<Vec<_>>().join(" ");
    children
        .split_whitespace()
        .map(|it| it.parse().expect("a pid"))
        .collect()
}

/// Returns the name of a process, as its kernel has it.
#[must_use]
pub fn name_of(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"));
    name.unwrap_or_default().trim_end().to_owned()
}
