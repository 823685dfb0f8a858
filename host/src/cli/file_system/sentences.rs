//! Sentences shared by Linux and systems whose file systems are unknown.

/// Returns a clause about what is not known of the owners of locks that the kernel does not keep, if that deserves a
/// warning.
pub(crate) fn limit(_identity: &str) -> Option<&'static str> {
    Some("owners on other machines, in other containers and of earlier boots cannot be judged")
}

/// How locks are judged by their owners' identities: the text after "identities:".
pub(crate) const BY_IDENTITY: &str =
    "correctly among processes that see each other; locks from elsewhere are never reclaimed";
