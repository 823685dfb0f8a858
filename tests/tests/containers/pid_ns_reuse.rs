//! The number of a PID namespace may be that of one which is gone: then "same boot, same namespace" is wrong. These
//! facts hold:
//!
//! - Living owners are safe. A process cannot leave its PID namespace, and while it lives its namespace has its number.
//!   So a process that sees that very number is in that very namespace, where a pid means one process.
//! - A dead owner may seem to live if a process has its pid, and started in the same tick (10 ms) after the boot. In
//!   that time the owner must have acquired the lock and died, and its namespace with it. If it is the asking process
//!   itself, evidence shows that; otherwise the process is refused until a user decides.
//!
//! The same holds for the number of a time namespace. The exception is a process that leaves its own by setns(2) after
//! it has acquired the lock, where no kernel keeps evidence: no namespace of its own keeps the number for it.
//!
//! On Linux alone: numbers of PID namespaces are chosen.
#![cfg(target_os = "linux")]

use std::{fs, path::Path};

use lockhost_tests::{
    fixture::Fixture,
    identity::{Identity, start_of},
    namespaces::{Place, Placed},
};

/// Returns a container that waits, in a PID namespace with the number that a container which is gone had. `None` if
/// another process has it now: tests beside this one make namespaces as well.
fn with_the_namespace_of(gone: &str, place: &Place, directory: &Path) -> Option<Placed> {
    let mut others = Vec::new();
    (0..32).find_map(|_| {
        let container = place.wait_to_contend(directory);
        if namespace_of(&container) == gone {
            return Some(container);
        }
        // Kept until the end: the kernel gives the lowest free number next.
        others.push(container);
        None
    })
}

fn namespace_of(container: &Placed) -> String {
    let link = fs::read_link(format!("/proc/{}/ns/pid", container.pid())).unwrap();
    let link = link.to_str().unwrap();
    link.trim_start_matches("pid:[")
        .trim_end_matches(']')
        .to_owned()
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn where_the_number_of_a_namespace_comes_back_start_decides() {
    // Its PID namespace is made first, so that its mount namespace cannot get the number that is waited for.
    let container = Place::host()
        .unshared(&["--pid"])
        .with(&["unshare", "--mount-proc"]);
    for place in [container.clone(), container.without_evidence()] {
        let heir = (0..16).find_map(|_| {
            let fixture = Fixture::free();
            let mut owner = place.contend(fixture.path());
            owner.acquired();
            let namespace = namespace_of(&owner);
            owner.kill();
            let heir = with_the_namespace_of(&namespace, &place, fixture.path());
            heir.map(|heir| (fixture, heir))
        });
        let (_fixture, mut heir) = heir.expect("the number of a namespace comes back");
        heir.go();
        assert_eq!(heir.acquired(), "[Dead(Reused)]");
        assert!(heir.still_holds());
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn where_number_namespace_and_start_return_evidence_decides() {
    let with = Fixture::free();
    let mut heir = Place::container().wait_to_contend(with.path());
    let former = |fixture: &Fixture, heir: &Placed| {
        Identity::mine(fixture.path())
            .with('p', "1")
            .with('s', &start_of(heir.pid()))
            .with('n', &namespace_of(heir))
    };
    former(&with, &heir).leave(&with);
    heir.go();
    assert_eq!(heir.acquired(), "[Dead(EvidenceGone)]");
    let without = Fixture::free();
    let mut heir = Place::container()
        .without_evidence()
        .wait_to_contend(without.path());
    former(&without, &heir).without('e').leave(&without);
    heir.go();
    let (liveness, told) = heir.refused();
    assert_eq!(liveness, "Alive(ThisProcess)", "{told}");
}
