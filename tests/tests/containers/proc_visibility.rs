//! What the kernel shows of processes: proc(5) of another PID namespace, none, one that hides, and a user who may
//! signal no other process. A process that is not seen never counts as dead.
//!
//! On Linux alone: other systems have no proc(5).
#![cfg(target_os = "linux")]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

use lockhost::{AliveReason, Liveness};
use lockhost_tests::{
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    namespaces::{Place, Placed, judged_by_evidence, seen_alive_then_dead},
};
use rustix::process::Signal;

/// Returns a place in a PID namespace of its own, with the proc(5) of the outer one.
fn with_the_outer_proc() -> Place {
    Place::host().unshared(&["--pid"])
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn with_a_foreign_proc_an_owner_in_a_third_namespace_is_judged() {
    let fixture = Fixture::free();
    let outer = with_the_outer_proc();
    for other in [&Place::host(), &Place::container(), &outer] {
        judged_by_evidence(&outer, other, fixture.path());
        judged_by_evidence(other, &outer, fixture.path());
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn with_a_foreign_proc_a_neighbour_is_judged() {
    let fixture = Fixture::free();
    let namespace = with_the_outer_proc().idle();
    let inside = Place::entered(&namespace, &["--pid"]);
    seen_alive_then_dead(
        &inside,
        &inside,
        fixture.path(),
        "Alive(Evidence)",
        "NoProcess",
    );
    let inside = inside.without_evidence();
    seen_alive_then_dead(
        &inside,
        &inside,
        fixture.path(),
        "Alive(Exists)",
        "NoProcess",
    );
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn with_a_foreign_proc_a_bare_pid_is_one_of_its_own_namespace() {
    let namespace = with_the_outer_proc().idle();
    let inside = Place::entered(&namespace, &["--pid"]);
    // In the outer proc(5), pid 1 is another process; and inside, no process has the tests' own pid.
    let fixture = Fixture::free().with("tinyforge.lock", "1\n");
    assert_eq!(inside.contend(fixture.path()).refused().0, "Alive(Exists)");
    let fixture = Fixture::free().with("tinyforge.lock", &format!("{}\n", std::process::id()));
    assert_eq!(
        inside.contend(fixture.path()).acquired(),
        "[Dead(NoProcess)]"
    );
}

fn without_proc(place: Place) -> Place {
    place.mounted("mount -t tmpfs none /proc")
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn without_proc_an_owner_is_seen_alive_and_dead_by_evidence() {
    let fixture = Fixture::free();
    let (host, without) = (Place::host(), without_proc(Place::host()));
    let container = without_proc(Place::container());
    for (owner, asker) in [
        (&host, &without),
        (&without, &host),
        (&without, &without),
        (&container, &without),
        (&without, &container),
    ] {
        judged_by_evidence(owner, asker, fixture.path());
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn without_proc_and_evidence_an_owner_is_unknown_alive_or_dead() {
    let fixture = Fixture::free();
    let without = without_proc(Place::host().without_evidence());
    let mut owner = without.contend(fixture.path());
    owner.acquired();
    assert_eq!(
        without.contend(fixture.path()).refused().0,
        "Unknown(Unreadable)"
    );
    assert!(owner.still_holds());
    owner.kill();
    assert_eq!(
        without.contend(fixture.path()).refused().0,
        "Unknown(Unreadable)"
    );
    let mut heir = without.contend_assuming(fixture.path(), owner.identity());
    assert_eq!(heir.acquired(), "[AssumedDead]");
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn without_proc_a_bare_pid_is_what_kill_says() {
    let without = without_proc(Place::host());
    let neighbour = Place::host().idle();
    let fixture = Fixture::free().with("tinyforge.lock", &format!("{}\n", neighbour.pid()));
    assert_eq!(without.contend(fixture.path()).refused().0, "Alive(Exists)");
    let fixture = Fixture::free().with("tinyforge.lock", NO_PROCESS);
    assert_eq!(
        without.contend(fixture.path()).acquired(),
        "[Dead(NoProcess)]"
    );
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn without_proc_the_program_works() {
    let fixture = Fixture::free();
    let mut owner = without_proc(Place::host()).acquire(fixture.path());
    owner.acquired();
    owner.signal(Signal::TERM);
    owner.release();
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn where_proc_shows_processes_only_evidence_decides() {
    let fixture = Fixture::free();
    // No /proc/sys, and so no boot id.
    let subset = Place::host().mounted("mount -t proc -o subset=pid proc /proc");
    for (owner, asker) in [
        (&subset, &Place::host()),
        (&Place::host(), &subset),
        (&subset, &subset),
    ] {
        judged_by_evidence(owner, asker, fixture.path());
    }
}

/// Returns a place of the directory's owner, a user who may not see root's other processes.
fn where_processes_are_hidden(place: Place) -> Place {
    let place = place.mounted("mount -t proc -o hidepid=2 proc /proc");
    // proc(5) would show everything to group 0.
    place.as_user("0", "65534")
}

fn is_hidden(process: &Placed, place: &Place) {
    let look = format!(
        "test -e /proc/self/stat; test -e /proc/{} || echo hidden",
        process.pid()
    );
    place.start(&["sh", "-ec", &look]).says("hidden");
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn where_processes_are_hidden_an_owner_is_seen_alive_and_dead() {
    let fixture = Fixture::free();
    let (host, hidden) = (Place::host(), where_processes_are_hidden(Place::host()));
    is_hidden(&Place::host().idle(), &hidden);
    seen_alive_then_dead(
        &host,
        &hidden,
        fixture.path(),
        "Alive(Evidence)",
        "NoProcess",
    );
    seen_alive_then_dead(
        &hidden,
        &host,
        fixture.path(),
        "Alive(Running)",
        "NoProcess",
    );
    let host = host.without_evidence();
    let hidden = where_processes_are_hidden(host.clone());
    seen_alive_then_dead(&host, &hidden, fixture.path(), "Alive(Exists)", "NoProcess");
    seen_alive_then_dead(
        &hidden,
        &host,
        fixture.path(),
        "Alive(Running)",
        "NoProcess",
    );
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn where_processes_are_hidden_no_pid_is_taken_for_reused() {
    let neighbour = Place::host().idle();
    let hidden = Place::host()
        .mounted("mount -t proc -o hidepid=2 proc /proc")
        .as_user("65534", "65534");
    is_hidden(&neighbour, &hidden);
    let bare = Fixture::free().with("tinyforge.lock", &format!("{}\n", neighbour.pid()));
    let claimed = Fixture::free();
    let claim = Identity::mine(claimed.path()).of(neighbour.pid());
    claim.with('s', "1").without('e').leave(&claimed);
    for fixture in [bare, claimed] {
        fixture.open_to_all();
        assert_eq!(hidden.contend(fixture.path()).refused().0, "Alive(Exists)");
    }
}

/// Returns a place of another user than the owner, in a user namespace in which that user is root: it may signal no
/// process outside.
fn where_no_process_may_be_signalled() -> Place {
    Place::host()
        .as_user("65534", "65534")
        .with(&["unshare", "--user", "--map-root-user"])
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn in_a_user_namespace_without_signals_an_owner_is_judged() {
    let fixture = Fixture::free();
    fixture.open_to_all();
    let mut owner = Place::host().contend(fixture.path());
    owner.acquired();
    let other = where_no_process_may_be_signalled();
    let kill = format!("test $(id -u) = 0; kill -0 {} || echo refused", owner.pid());
    other.start(&["sh", "-ec", &kill]).says("refused");
    // The file is private, and its claim names its maker.
    let (liveness, told) = other.contend(fixture.path()).refused();
    assert_eq!(liveness, "Alive(Running)");
    assert!(told.contains(" may read the file"), "{told}");
    // If it can be read, it does not matter that the owner may not be signalled.
    fs::set_permissions(fixture.lock(), Permissions::from_mode(0o644)).unwrap();
    assert_eq!(other.contend(fixture.path()).refused().0, "Alive(Running)");
    assert!(owner.still_holds());
    owner.kill();
    let mut heir = other.contend(fixture.path());
    assert_eq!(heir.acquired(), "[Dead(NoProcess)]");
    heir.release();
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn in_a_user_namespace_without_signals_a_bare_pid_is_alive() {
    let neighbour = Place::host().idle();
    let fixture = Fixture::free().with("tinyforge.lock", &format!("{}\n", neighbour.pid()));
    fixture.open_to_all();
    let other = where_no_process_may_be_signalled();
    assert_eq!(other.contend(fixture.path()).refused().0, "Alive(Exists)");
    let error = lockhost::acquire(fixture.path()).unwrap_err();
    let liveness = error.holder().unwrap().liveness();
    assert_eq!(liveness, Liveness::Alive(AliveReason::Exists));
}
