//! Machines that are frozen, with all that runs there.

use std::{thread, time::Duration};

use lockhost_etcd_tests::bed::Intervals;

use crate::scene::Scene;

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_machine_thawed_after_its_deadline_acts_no_more() {
    let mut scene = Scene::new();
    let mut owner = scene.owner(Intervals::SHORT);
    let mut asker = scene.asker();
    scene.first.freeze();
    asker.acts();
    scene.first.thaw();
    owner.ends();
    thread::sleep(Duration::from_millis(500));
    asker.stop();
    scene.bed.acted(&["first", "second"]);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_machine_thawed_before_its_deadline_goes_on() {
    let mut scene = Scene::new();
    let mut owner = scene.owner(Intervals::USUAL);
    let asker = scene.asker();
    scene.first.freeze();
    thread::sleep(Duration::from_secs(2));
    scene.first.thaw();
    scene.acts_for(12.0);
    assert!(owner.runs());
    owner.stop();
    scene.second_acts_after_first(asker);
}
