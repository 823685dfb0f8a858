//! Machines that are cut off, and sessions that are revoked.

use lockhost_etcd_tests::bed::Intervals;

use crate::scene::{STUBBORN, Scene};

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn an_owner_that_is_cut_off_ends_before_another_acts() {
    let scene = Scene::new();
    let mut owner = scene.owner(Intervals::SHORT);
    let asker = scene.asker();
    scene.first.cut_off();
    owner.fails();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn an_owner_cut_off_and_revoked_is_waited_out() {
    let scene = Scene::new();
    let mut owner = scene.owner_with(Intervals::SHORT, &STUBBORN);
    scene.first.cut_off();
    scene.revoke();
    let asker = scene.asker();
    owner.ends();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_revoked_owner_ends_before_another_acts() {
    let scene = Scene::new();
    let mut owner = scene.owner_with(Intervals::SHORT, &STUBBORN);
    scene.revoke();
    let asker = scene.asker();
    owner.fails();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn an_owner_that_is_cut_off_for_a_moment_goes_on() {
    let scene = Scene::new();
    let mut owner = scene.owner(Intervals::USUAL);
    scene.first.cut_off();
    scene.acts_for(3.0);
    scene.first.connect();
    let asker = scene.asker();
    scene.acts_for(12.0);
    assert!(owner.runs());
    owner.stop();
    scene.second_acts_after_first(asker);
}
