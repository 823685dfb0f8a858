//! Volumes that hang: each call on them waits until their server answers again.

use lockhost_etcd_tests::bed::Intervals;
use rustix::process::Signal;

use crate::scene::{ORPHANED, STUBBORN, Scene};

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_in_time_when_its_volume_hangs_too() {
    for words in [&[][..], &STUBBORN, &ORPHANED] {
        let scene = Scene::with_a_mount_of_the_first();
        let mut owner = scene.owner_with(Intervals::SHORT, words);
        let asker = scene.asker();
        scene.first.hang_volume();
        scene.first.cut_off();
        scene.second_acts_after_first(asker);
        scene.first.answer_for_volume();
        owner.fails();
        assert_eq!(scene.bed.names(), [""; 0]);
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_with_lockhost_when_its_volume_hangs() {
    for words in [&[][..], &STUBBORN, &ORPHANED] {
        let scene = Scene::with_a_mount_of_the_first();
        let mut owner = scene.owner_with(Intervals::SHORT, words);
        let asker = scene.asker();
        scene.first.hang_volume();
        // It has begun to wait for the volume.
        scene.acts_for(2.0);
        owner.signal_renewer(Signal::KILL);
        owner.ends();
        scene.second_acts_after_first(asker);
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn an_owner_whose_volume_hangs_confirms_and_stays_the_owner() {
    let scene = Scene::with_a_mount_of_the_first();
    let mut owner = scene.owner(Intervals::SHORT);
    let mut asker = scene.asker();
    scene.first.hang_volume();
    // Longer than its lease and W.
    scene.acts_for(12.0);
    assert!(owner.runs() && !asker.has_begun());
    scene.first.answer_for_volume();
    owner.stop();
    scene.second_acts_after_first(asker);
}
