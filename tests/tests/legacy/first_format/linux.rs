//! Evidence, and the facts in a claim where all are known.

use std::{fs, os::unix::fs::PermissionsExt};

use lockhost::{DEFAULT_NAME, DeadReason, ReplacedReason, acquire};
use lockhost_tests::fixture::Fixture;

use super::{CLAIM, CONTENT, identity, kept_on, left};

#[test]
fn its_owner_is_dead_where_its_evidence_is_gone() {
    // The type of the file system that the tests run on.
    let mine = acquire(Fixture::free().path()).unwrap();
    let kind = mine.identity().split('-').find(|it| it.starts_with('e'));
    let kind = kind.expect("temporary files lie on a listed file system");
    let fixture = left(&kept_on(&format!("-{kind}-")));
    let lock = acquire(fixture.path()).unwrap();
    let [replaced] = lock.replaced() else {
        panic!("{:?}", lock.replaced());
    };
    assert_eq!(replaced.pid(), Some(4711));
    let gone = ReplacedReason::Dead(DeadReason::EvidenceGone);
    assert_eq!(replaced.reason(), gone);
    lock.release().unwrap();
    // The sweep that follows a reclaim knows that the claim is a dead process's.
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn it_is_what_is_written() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let pid = std::process::id();
    assert_eq!(
        fs::read_to_string(lock.path()).unwrap(),
        CONTENT.replace("4711", &pid.to_string())
    );
    let mode = fs::metadata(lock.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let claim = format!("{DEFAULT_NAME}.{}", lock.identity());
    assert_eq!(fixture.files(), [DEFAULT_NAME, claim.as_str()]);
    let tags = |identity: &str| -> Vec<char> {
        let parts = identity.split('-');
        parts.map(|part| part.chars().next().unwrap()).collect()
    };
    let mut expected = tags(identity(CLAIM.trim()));
    // It is the first attempt in this directory.
    assert_eq!(expected.pop(), Some('a'));
    assert_eq!(tags(lock.identity()), expected);
}
