//! Reboots, other machines, and clocks of every kind: a fact from another boot proves nothing here.
//!
//! On Linux alone: namespaces make boots, machines and clocks.
#![cfg(target_os = "linux")]

use std::{
    fs::{File, FileTimes},
    path::Path,
    time::{Duration, SystemTime},
};

use lockhost::{
    AliveReason, DeadReason, ErrorKind, Liveness, ReplacedReason, UnknownReason, acquire,
};
use lockhost_tests::{
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    namespaces::{Place, judged_by_evidence, seen_alive_then_dead},
};

const OTHER_BOOT: &str = "0123456789abcdef0123456789abcdef";

/// Returns a place in the tests' own PID namespace with another boot id.
fn overmounted(place: Place) -> Place {
    place.mounted(
        "mount -t tmpfs none /mnt
        echo 01234567-89ab-cdef-0123-456789abcdef > /mnt/boot_id
        mount --bind /mnt/boot_id /proc/sys/kernel/random/boot_id",
    )
}

/// Returns a place in the tests' own PID namespace, where the machine has been up for this many seconds more.
fn later(seconds: &str) -> Place {
    Place::host().unshared(&["--time", "--boottime", seconds, "--monotonic", seconds])
}

/// Returns a place where the clock shows another time.
fn faked(shift: &str) -> Place {
    Place::host().with(&["faketime", "-f", shift])
}

#[test]
fn after_a_reboot_an_owner_is_dead_though_its_pid_is_used() {
    let neighbour = Place::host().idle();
    let fixture = Fixture::free();
    let old = Identity::mine(fixture.path()).of(neighbour.pid());
    let old = old.with('b', OTHER_BOOT);
    old.leave(&fixture);
    let lock = acquire(fixture.path()).unwrap();
    let dead = ReplacedReason::Dead(DeadReason::EvidenceGone);
    assert_eq!(lock.replaced()[0].reason(), dead);
}

#[test]
fn after_a_reboot_an_owner_without_evidence_is_unknown() {
    let neighbour = Place::host().idle();
    for pid in [neighbour.pid(), 999_999_999] {
        let fixture = Fixture::free();
        let old = Identity::mine(fixture.path()).of(neighbour.pid());
        let old = old.with('p', &pid.to_string()).with('b', OTHER_BOOT);
        old.without('e').leave(&fixture);
        let error = acquire(fixture.path()).unwrap_err();
        let liveness = error.holder().unwrap().liveness();
        assert_eq!(liveness, Liveness::Unknown(UnknownReason::OtherBoot));
        let told = error.to_string();
        assert!(
            told.ends_with(": other boot/machine; liveness unknown"),
            "{told}"
        );
        let hint = error.hint().unwrap();
        assert!(hint.contains("lockhost break --owner=1-p"), "{hint}");
    }
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn where_the_boot_id_is_overmounted_a_neighbour_is_judged() {
    let fixture = Fixture::free();
    let (host, other) = (Place::host(), overmounted(Place::host()));
    judged_by_evidence(&other, &host, fixture.path());
    judged_by_evidence(&host, &other, fixture.path());
    // Two processes with the same boot id are neighbours again.
    seen_alive_then_dead(
        &other,
        &other,
        fixture.path(),
        "Alive(Running)",
        "NoProcess",
    );
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn containers_with_boot_ids_of_their_own_judge_each_other() {
    let fixture = Fixture::free();
    let (other, container) = (overmounted(Place::container()), Place::container());
    for (owner, asker) in [(&other, &other), (&other, &container), (&container, &other)] {
        judged_by_evidence(owner, asker, fixture.path());
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn without_evidence_an_owner_of_another_boot_id_is_unknown() {
    let fixture = Fixture::free();
    let mut owner = overmounted(Place::host())
        .without_evidence()
        .contend(fixture.path());
    owner.acquired();
    let other = Place::host().without_evidence();
    assert_eq!(
        other.contend(fixture.path()).refused().0,
        "Unknown(OtherBoot)"
    );
    assert!(owner.still_holds());
    owner.kill();
    assert_eq!(
        other.contend(fixture.path()).refused().0,
        "Unknown(OtherBoot)"
    );
}

#[test]
#[cfg_attr(
    no_time_namespaces,
    ignore = "needs root, unshare, nsenter and time namespaces"
)]
fn in_another_time_namespace_an_owner_is_seen_alive_and_dead() {
    let fixture = Fixture::free();
    let places = [Place::host(), later("1000000"), later("-100")];
    for (one, owner) in places.iter().enumerate() {
        for (_, asker) in places.iter().enumerate().filter(|(other, _)| *other != one) {
            seen_alive_then_dead(owner, asker, fixture.path(), "Alive(Evidence)", "NoProcess");
        }
    }
}

#[test]
#[cfg_attr(
    no_time_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter, strace and time namespaces"
)]
fn in_another_time_namespace_an_owner_is_judged() {
    let fixture = Fixture::free();
    let (host, later) = (
        Place::host().without_evidence(),
        later("1000000").without_evidence(),
    );
    for (owner, asker) in [(&host, &later), (&later, &host)] {
        seen_alive_then_dead(owner, asker, fixture.path(), "Alive(Exists)", "NoProcess");
    }
}

#[test]
#[cfg_attr(
    no_time_namespaces,
    ignore = "needs root, unshare, nsenter and time namespaces"
)]
fn in_one_time_namespace_start_times_are_the_same() {
    let fixture = Fixture::free();
    let place = later("1000000").idle();
    let inside = Place::entered(&place, &["--time"]);
    seen_alive_then_dead(
        &inside,
        &inside,
        fixture.path(),
        "Alive(Running)",
        "NoProcess",
    );
}

/// Returns times before the epoch, at it, and as far ahead as most file systems can count.
fn times() -> [SystemTime; 4] {
    let year = Duration::from_secs(365 * 24 * 3600);
    let epoch = SystemTime::UNIX_EPOCH;
    [
        epoch - 20 * year,
        epoch,
        SystemTime::now() - 10 * year,
        SystemTime::now() + 10 * year,
    ]
}

fn set_time(fixture: &Fixture, time: SystemTime) {
    let times = FileTimes::new().set_accessed(time).set_modified(time);
    let lock = File::options().write(true).open(fixture.lock()).unwrap();
    lock.set_times(times).unwrap();
}

#[test]
fn the_files_times_decide_about_no_owner() {
    for time in times() {
        let fixture = Fixture::free();
        let mut owner = Place::host().contend(fixture.path());
        owner.acquired();
        set_time(&fixture, time);
        let (liveness, told) = Place::host().contend(fixture.path()).refused();
        assert_eq!(liveness, "Alive(Running)", "{told}");
        assert!(owner.still_holds());
        owner.kill();
        let mut heir = Place::host().contend(fixture.path());
        assert_eq!(heir.acquired(), "[Dead(NoProcess)]");
        heir.release();
        assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    }
}

#[test]
fn the_files_times_change_nothing_for_a_pid_without_a_claim() {
    for time in times() {
        let neighbour = Place::host().idle();
        let fixture = Fixture::free().with("tinyforge.lock", &format!("{}\n", neighbour.pid()));
        set_time(&fixture, time);
        let error = acquire(fixture.path()).unwrap_err();
        let liveness = error.holder().unwrap().liveness();
        assert_eq!(liveness, Liveness::Alive(AliveReason::Exists));
        let fixture = Fixture::free().with("tinyforge.lock", NO_PROCESS);
        set_time(&fixture, time);
        assert!(acquire(fixture.path()).is_ok());
    }
}

#[test]
fn a_file_that_names_no_owner_and_is_of_the_future_is_not_old() {
    let ahead = SystemTime::now() + Duration::from_secs(10 * 365 * 24 * 3600);
    let fixture = Fixture::free().with("tinyforge.lock", "");
    set_time(&fixture, ahead);
    let error = lockhost::Options::new().wait(false).acquire(fixture.path());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unsettled);
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_file_time_that_no_calendar_has_changes_nothing() {
    // Of the file systems here, only those in memory keep such times.
    let machine = Place::host().mounted("mount -t tmpfs none /mnt").idle();
    let inside = Place::entered(&machine, &["--mount"]);
    let directory = Path::new("/mnt");
    let mut owner = inside.contend(directory);
    owner.acquired();
    let touched = inside
        .clone()
        .after("touch -d @300000000000 /mnt/tinyforge.lock");
    let (liveness, told) = touched.contend(directory).refused();
    assert_eq!(liveness, "Alive(Running)", "{told}");
    assert!(
        told.contains("is held by pid ") && !told.contains("since"),
        "{told}"
    );
    assert!(owner.still_holds());
    owner.kill();
    assert_eq!(inside.contend(directory).acquired(), "[Dead(NoProcess)]");
}

#[test]
#[cfg_attr(no_faketime, ignore = "needs faketime")]
fn a_clock_that_steps_by_years_changes_no_verdict() {
    let fixture = Fixture::free();
    let clocks = [Place::host(), faked("+10y"), faked("-10y")];
    for (one, owner) in clocks.iter().enumerate() {
        for (_, asker) in clocks.iter().enumerate().filter(|(other, _)| *other != one) {
            seen_alive_then_dead(owner, asker, fixture.path(), "Alive(Running)", "NoProcess");
        }
    }
}

#[test]
#[cfg_attr(no_faketime, ignore = "needs faketime")]
fn a_faked_clock_is_one() {
    let mut shown = faked("@2001-01-01 00:00:00").start(&["date", "-u", "+%Y"]);
    shown.says("2001");
    shown.release();
}
