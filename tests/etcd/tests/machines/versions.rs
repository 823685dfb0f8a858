//! An earlier version, which knows no sessions, beside this one: each refuses the owner of the other.

use std::path::Path;

use lockhost_etcd_tests::bed::Intervals;
use rustix::process::Signal;

use crate::scene::{Scene, owner_in};

/// The variable with the earlier version's program.
const BEFORE: &str = "LOCKHOST_BEFORE";

#[test]
#[cfg_attr(
    any(no_machines, no_earlier_version),
    ignore = "needs root, namespaces, bindfs, etcd and LOCKHOST_BEFORE"
)]
fn an_owner_with_a_session_is_not_robbed_by_an_earlier_version() {
    let scene = Scene::new();
    let mut owner = scene.owner(Intervals::SHORT);
    earlier_is_refused(&scene);
    assert!(owner.runs());
    // A dead owner neither, on its own machine: the earlier version would judge it by its process alone.
    owner.signal_renewer(Signal::KILL);
    owner.ends();
    scene.wait_for_no_session();
    earlier_is_refused(&scene);
    scene.second_acts_after_first(scene.asker());
}

#[test]
#[cfg_attr(
    any(no_machines, no_earlier_version),
    ignore = "needs root, namespaces, bindfs, etcd and LOCKHOST_BEFORE"
)]
fn an_owner_of_an_earlier_version_is_not_robbed() {
    let mut scene = Scene::new();
    let before = std::env::var_os(BEFORE).expect(BEFORE);
    let mut owner = scene.first.acquire_by(Path::new(&before), "first");
    owner.acts();
    let on_its_machine = scene
        .first
        .acquire_with("first", &scene.url(), Intervals::USUAL, &[], &[])
        .is_refused();
    assert!(
        on_its_machine.contains("is held by pid"),
        "{on_its_machine}"
    );
    let elsewhere = scene.impatient().is_refused();
    assert!(elsewhere.contains("other boot/machine"), "{elsewhere}");
    // Its death is not seen from the other machine either.
    drop(owner);
    scene.first.kill();
    let why = scene.impatient().is_refused();
    scene.breaks(owner_in(&why));
    let mut second = scene.asker();
    second.acts();
    second.stop();
    scene.bed.acted(&["first", "second"]);
}

/// Checks that the earlier version gets no lock, neither on the owner's machine nor on the other one.
fn earlier_is_refused(scene: &Scene) {
    let before = std::env::var_os(BEFORE).expect(BEFORE);
    for machine in [&scene.first, &scene.second] {
        let why = machine
            .acquire_by(Path::new(&before), "earlier")
            .is_refused();
        assert!(why.contains("identity cannot be read"), "{why}");
    }
}
