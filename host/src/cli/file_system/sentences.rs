//! What is said in the same words on Linux, and where nothing is known of file systems.

/// What is not known of the owners of locks that the kernel does not keep, if that is worth a warning: a clause.
pub(crate) fn limit(_identity: &str) -> Option<&'static str> {
    Some(
        "owners on other machines, in other containers and of earlier boots cannot be judged, and are never taken over \
         from without a person",
    )
}

/// How locks are judged by their owners' identities: what follows "identities:".
pub(crate) const BY_IDENTITY: &str =
    "right among processes that see each other; from elsewhere they are never taken over";
