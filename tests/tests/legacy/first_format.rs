//! Locks of format 1, as they were written when it was made: every later version reads them. The texts here never
//! change; a later format gets a folder of its own.

// Evidence and namespaces are reported on Linux.
#[cfg(target_os = "linux")]
mod linux;

use std::fs;

use lockhost::{
    DEFAULT_NAME, ErrorKind, Liveness, Options, ReplacedReason, State, UnknownReason, acquire,
    inspect, process::Identity,
};
use lockhost_tests::fixture::Fixture;

/// The content of a lock file.
const CONTENT: &str = include_str!("first_format/content");

/// The name of its claim; the maker had all facts, on ext4, and had tried three times before.
const CLAIM: &str = include_str!("first_format/claim");

/// Returns a directory as the maker left it when it was killed, with a claim of this name.
fn left(claim: &str) -> Fixture {
    let fixture = Fixture::free().with(claim, CONTENT);
    fs::hard_link(fixture.path().join(claim), fixture.lock()).unwrap();
    fixture
}

fn identity(claim: &str) -> &str {
    claim.strip_prefix("tinyforge.lock.").unwrap()
}

/// Returns the claim's name on a file system of another type.
fn kept_on(kind: &str) -> String {
    CLAIM.trim().replace("-eef53-", kind)
}

#[test]
fn its_owner_is_named_and_alive_unless_proven_otherwise() {
    let claim = kept_on("-");
    let fixture = left(&claim);
    let status = inspect(fixture.path(), DEFAULT_NAME).unwrap();
    assert_eq!(status.state(), State::Unknown);
    let refused = acquire(fixture.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
    for holder in [status.holder().unwrap(), refused.holder().unwrap()] {
        assert_eq!(holder.pid(), Some(4711));
        assert_eq!(holder.identity(), Some(identity(&claim)));
        assert!(holder.is_claimed());
        assert_eq!(
            holder.liveness(),
            Liveness::Unknown(UnknownReason::OtherBoot)
        );
    }
    let options = Options::new().assume_dead(identity(&claim));
    let lock = options.acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::AssumedDead);
}

#[test]
fn its_identities_are_read_and_written_the_same() {
    for text in [
        identity(CLAIM.trim()),
        "1-p4711",
        "1-p4711-s123456",
        "1-p4711-s123456-t0-n4026531836",
        "1-p4711-b0123456789abcdef0123456789abcdef-e1021994",
        "1-p4711-a4096",
    ] {
        let identity: Identity = text.parse().unwrap();
        assert_eq!(identity.pid(), 4711);
        assert_eq!(identity.to_string(), text);
    }
}
