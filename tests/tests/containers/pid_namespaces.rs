//! Containers: PID namespaces in which every owner is pid 1. A container that restarts acquires the lock, and a second
//! one does not.
//!
//! On Linux alone: containers are namespaces.
#![cfg(target_os = "linux")]

use std::{fs, thread};

use lockhost_tests::{
    fixture::{Fixture, NO_PROCESS},
    namespaces::{Place, judged_by_evidence, seen_alive_then_dead},
};
use rustix::process::Signal;

/// The possible verdicts of a restarted container on its former life. A kernel gives the numbers of namespaces again,
/// the lowest free one first, so the same container usually has the same one.
const FORMER_LIVES: [&str; 2] = ["[Dead(EvidenceGone)]", "[Dead(Reused)]"];

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_container_that_crashed_comes_back_as_pid_1_and_gets_in() {
    let fixture = Fixture::free();
    let mut lives = Vec::new();
    for life in 0..4 {
        let mut container = Place::container().contend(fixture.path());
        let replaced = container.acquired();
        assert!(container.identity().starts_with("1-p1-s"), "it is pid 1");
        assert!(
            life == 0 && replaced == "[]" || FORMER_LIVES.contains(&replaced.as_str()),
            "life {life} replaced {replaced}"
        );
        container.kill();
        lives.push(replaced);
    }
    println!("{lives:?}");
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn the_program_as_pid_1_gets_in_after_a_crash() {
    let fixture = Fixture::free();
    let mut container = Place::container().acquire(fixture.path());
    container.acquired();
    container.kill();
    let mut container = Place::container().acquire(fixture.path());
    container.acquired();
    container.signal(Signal::TERM);
    container.release();
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn of_two_live_containers_both_pid_1_the_second_is_refused() {
    let fixture = Fixture::free();
    let mut first = Place::container().contend(fixture.path());
    assert_eq!(first.acquired(), "[]");
    let files = fixture.files();
    for _ in 0..4 {
        let (liveness, told) = Place::container().contend(fixture.path()).refused();
        assert_eq!(liveness, "Alive(Evidence)", "{told}");
        assert!(told.contains("is held by pid 1 "), "{told}");
        assert!(told.contains(": the kernel keeps it locked\n"), "{told}");
        assert!(told.contains("  hint: lslocks "), "{told}");
        // Nor by a user who mistakes its pid for one of this container.
        let mut forced = Place::container().contend_assuming(fixture.path(), first.identity());
        assert_eq!(forced.refused().0, "Alive(Evidence)");
    }
    assert!(first.still_holds());
    assert_eq!(fixture.files(), files);
    assert_eq!(fs::read_to_string(fixture.lock()).unwrap(), "1\n");
    first.release();
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn an_owner_in_another_container_is_seen_alive_and_dead() {
    let fixture = Fixture::free();
    let container = Place::container();
    judged_by_evidence(&container, &container, fixture.path());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn an_owner_in_a_container_is_seen_alive_and_dead_from_the_host() {
    let fixture = Fixture::free();
    let (container, host) = (Place::container(), Place::host());
    judged_by_evidence(&container, &host, fixture.path());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn an_owner_on_the_host_is_seen_alive_and_dead_from_a_container() {
    let fixture = Fixture::free();
    let (container, host) = (Place::container(), Place::host());
    judged_by_evidence(&host, &container, fixture.path());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn nested_containers_judge_each_other_in_every_direction() {
    let fixture = Fixture::free();
    let outer = Place::container().idle();
    let places = [
        Place::host(),
        Place::inside(&outer),
        Place::inside(&outer).with_container(),
    ];
    for (one, owner) in places.iter().enumerate() {
        for (other, asker) in places.iter().enumerate().filter(|(other, _)| *other != one) {
            println!("level {one} seen from level {other}");
            judged_by_evidence(owner, asker, fixture.path());
        }
    }
    // Two processes beside each other in the same one.
    let inner = &places[2];
    judged_by_evidence(inner, inner, fixture.path());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn who_enters_a_container_from_outside_sees_its_owner_running() {
    let fixture = Fixture::free();
    let mut owner = Place::container().contend(fixture.path());
    owner.acquired();
    let (liveness, told) = Place::inside(&owner).contend(fixture.path()).refused();
    assert_eq!(liveness, "Alive(Running)", "{told}");
    assert!(owner.still_holds());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn who_enters_a_container_from_outside_sees_its_owner_dead() {
    let fixture = Fixture::free();
    let container = Place::container().idle();
    let inside = Place::inside(&container);
    seen_alive_then_dead(
        &inside,
        &inside,
        fixture.path(),
        "Alive(Running)",
        "NoProcess",
    );
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_process_that_enters_half_a_container_judges_its_owner() {
    let fixture = Fixture::free();
    let container = Place::container().idle();
    let inside = Place::inside(&container);
    // Its PID namespace, with the host's proc(5); and the host's, with a proc(5) that does not show the tests at all.
    let halves = [("--pid", "NoProcess"), ("--mount", "EvidenceGone")];
    for (half, dead) in halves {
        let entered = Place::entered(&container, &[half]);
        seen_alive_then_dead(&inside, &entered, fixture.path(), "Alive(Evidence)", dead);
    }
    // And the other way round. A fact that could not be read of a process then proves nothing now.
    for (half, dead) in halves {
        let entered = Place::entered(&container, &[half]);
        seen_alive_then_dead(&entered, &inside, fixture.path(), "Alive(Evidence)", dead);
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn without_evidence_an_owner_in_a_container_is_unknown() {
    let fixture = Fixture::free();
    let mut owner = Place::container()
        .without_evidence()
        .contend(fixture.path());
    owner.acquired();
    let other = Place::host().without_evidence();
    let (liveness, told) = other.contend(fixture.path()).refused();
    assert_eq!(liveness, "Unknown(OtherNamespace)", "{told}");
    assert!(
        told.contains(": other PID namespace; liveness unknown\n"),
        "{told}"
    );
    assert!(owner.still_holds());
    let identity = owner.identity().to_owned();
    owner.kill();
    let (liveness, told) = other.contend(fixture.path()).refused();
    assert_eq!(liveness, "Unknown(OtherNamespace)", "{told}");
    assert!(told.contains(&format!("--owner={identity} ")), "{told}");
    let mut heir = other.contend_assuming(fixture.path(), &identity);
    assert_eq!(heir.acquired(), "[AssumedDead]");
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn who_promised_no_evidence_is_not_dead_for_lack_of_it() {
    // As on a machine that exports the directory by NFS: there it lies on a listed file system.
    let fixture = Fixture::free();
    let mut owner = Place::container()
        .without_evidence()
        .contend(fixture.path());
    owner.acquired();
    let (liveness, told) = Place::host().contend(fixture.path()).refused();
    assert_eq!(liveness, "Unknown(OtherNamespace)", "{told}");
    assert!(owner.still_holds());
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn who_promised_evidence_is_not_dead_where_it_cannot_be_seen() {
    let fixture = Fixture::free();
    let mut owner = Place::container().contend(fixture.path());
    owner.acquired();
    let other = Place::container().without_evidence();
    let (liveness, told) = other.contend(fixture.path()).refused();
    assert_eq!(liveness, "Unknown(OtherNamespace)", "{told}");
    assert!(owner.still_holds());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_container_that_is_paused_is_alive() {
    let fixture = Fixture::free();
    let mut owner = Place::container().contend(fixture.path());
    owner.acquired();
    let entered = Place::inside(&owner);
    owner.signal(Signal::STOP);
    for (other, alive) in [
        (Place::host(), "Alive(Evidence)"),
        (Place::container(), "Alive(Evidence)"),
        (entered, "Alive(Running)"),
    ] {
        assert_eq!(other.contend(fixture.path()).refused().0, alive);
    }
    owner.signal(Signal::CONT);
    assert!(owner.still_holds());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_lock_of_another_program_with_our_own_pid_1_is_refused() {
    let fixture = Fixture::free().with("tinyforge.lock", "1\n");
    let (liveness, told) = Place::container().contend(fixture.path()).refused();
    assert_eq!(liveness, "Alive(OwnPid)", "{told}");
    assert!(
        told.contains("if no other container uses the directory: "),
        "{told}"
    );
    let (_, identity) = told.split_once("--owner=").expect("a way out");
    let identity = identity.split(' ').next().expect("an identity");
    let mut heir = Place::container().contend_assuming(fixture.path(), identity);
    assert_eq!(heir.acquired(), "[AssumedDead]");
}

/// The point at which a container that replaces a dead owner's lock is stopped.
struct Stop {
    /// After this system call, as an option `inject` of strace(1).
    after: &'static str,
    /// Whether the directory shows that point.
    has_come: fn(&Fixture) -> bool,
    /// Whether no process has the lock at that moment, so that a newcomer is faster.
    is_free: bool,
}

const STOPS: [Stop; 3] = [
    Stop {
        after: "linkat:signal=STOP:when=2",
        has_come: |fixture| is_there(fixture, "tinyforge.lock.reclaim"),
        is_free: false,
    },
    Stop {
        after: "unlinkat:signal=STOP:when=1",
        has_come: |fixture| {
            is_there(fixture, "tinyforge.lock.reclaim") && !is_there(fixture, "tinyforge.lock")
        },
        is_free: true,
    },
    Stop {
        after: "linkat:signal=STOP:when=3",
        has_come: |fixture| {
            is_there(fixture, "tinyforge.lock.reclaim")
                && fs::read_to_string(fixture.lock()).is_ok_and(|pid| pid == "1\n")
        },
        is_free: false,
    },
];

fn is_there(fixture: &Fixture, file: &str) -> bool {
    fixture.path().join(file).exists()
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn a_container_killed_during_a_reclaim_blocks_no_process() {
    for Stop {
        after,
        has_come,
        is_free,
    } in STOPS
    {
        let fixture = Fixture::free().with("tinyforge.lock", NO_PROCESS);
        let mut container = Place::container()
            .injected(&[after])
            .contend(fixture.path());
        while !has_come(&fixture) {
            thread::yield_now();
        }
        for rival in [Place::host(), Place::container()] {
            let mut rival = rival.contend(fixture.path());
            if is_free {
                assert_eq!(rival.acquired(), "[]", "{after}");
                rival.release();
            } else {
                let (liveness, told) = rival.refused();
                assert_eq!(liveness, "Alive(Evidence)", "{after}: {told}");
            }
        }
        let mut heir = Place::container().wait_to_contend(fixture.path());
        container.kill();
        heir.go();
        heir.acquired();
        let (liveness, told) = Place::host().contend(fixture.path()).refused();
        assert_eq!(liveness, "Alive(Evidence)", "{after}: {told}");
        assert!(heir.still_holds());
        // A process that replaces its lock sweeps.
        heir.kill();
        let mut next = Place::container().contend(fixture.path());
        next.acquired();
        next.release();
        assert!(
            fixture.files().is_empty(),
            "{after} left {:?}",
            fixture.files()
        );
    }
}
