//! File names on Unix: every name that the component accepts for a lock is a file's.

/// Returns what is wrong with a name: nothing that the component does not check.
pub(super) fn flaw(_name: &str) -> Option<&'static str> {
    None
}
