//! Text that all Unix systems share.

/// The pid of a process that always exists.
pub(in super::super) const FIRST: u32 = 1;

/// What distinguishes owners of this machine from those of others, and why it may be missing.
pub(in super::super) const BOOT: &str = "the boot has an id";
pub(in super::super) const NO_BOOT: &str =
    "none is shown, so owners of other boots and of this one cannot be distinguished";

/// Returns what locks guarantee that are judged by their owners' identities.
pub(in super::super) fn claims(_has_boot: bool) -> &'static str {
    "processes that see each other judge locks correctly; an owner of another machine, container or boot counts as alive \
     until a person breaks its lock"
}

/// Why the kernel's locks on files are not relied upon.
pub(in super::super) const NO_EVIDENCE: &str = "the kernel's locks are not relied upon: on such a file system they may be one machine's \
                                      alone, or hang";
