//! Nothing: neither a signal's action nor a umask is inherited.

pub(super) fn normalize() {}
