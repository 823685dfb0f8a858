//! Every name that the component takes for a lock's is a file's.

/// What is wrong with a name: nothing that the component does not see.
pub(super) fn flaw(_name: &str) -> Option<&'static str> {
    None
}
