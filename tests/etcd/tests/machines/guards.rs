//! Owners whose processes are killed or stopped, in each order.

use lockhost_etcd_tests::bed::Intervals;
use rustix::process::Signal;

use crate::scene::{ORPHANED, STUBBORN, Scene};

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_with_lockhost() {
    for words in [&[][..], &STUBBORN, &ORPHANED] {
        let scene = Scene::new();
        let mut owner = scene.owner_with(Intervals::SHORT, words);
        let asker = scene.asker();
        owner.signal_renewer(Signal::KILL);
        owner.ends();
        scene.second_acts_after_first(asker);
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_in_time_when_lockhost_is_stopped() {
    for words in [&[][..], &STUBBORN, &ORPHANED] {
        let scene = Scene::new();
        let owner = scene.owner_with(Intervals::SHORT, words);
        let asker = scene.asker();
        owner.signal_renewer(Signal::STOP);
        scene.second_acts_after_first(asker);
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_with_its_deadman() {
    for words in [&[][..], &STUBBORN, &ORPHANED] {
        let scene = Scene::new();
        let mut owner = scene.owner_with(Intervals::SHORT, words);
        let asker = scene.asker();
        owner.signal_deadman(Signal::KILL);
        owner.fails();
        scene.second_acts_after_first(asker);
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_in_time_when_its_deadman_is_stopped() {
    for words in [&STUBBORN, &ORPHANED] {
        let scene = Scene::new();
        let owner = scene.owner_with(Intervals::SHORT, words);
        owner.signal_deadman(Signal::STOP);
        scene.first.cut_off();
        scene.second_acts_after_first(scene.asker());
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_stopped_deadman_dies_with_lockhost() {
    let scene = Scene::new();
    let mut owner = scene.owner_with(Intervals::SHORT, &STUBBORN);
    let asker = scene.asker();
    owner.signal_deadman(Signal::STOP);
    owner.signal_renewer(Signal::KILL);
    owner.ends();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_in_time_when_both_guards_are_stopped() {
    for words in [&STUBBORN, &ORPHANED] {
        let scene = Scene::new();
        let owner = scene.owner_with(Intervals::SHORT, words);
        let asker = scene.asker();
        owner.signal_deadman(Signal::STOP);
        owner.signal_renewer(Signal::STOP);
        scene.second_acts_after_first(asker);
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_command_ends_when_both_guards_are_killed() {
    for deadman_first in [true, false] {
        let scene = Scene::new();
        let owner = scene.owner_with(Intervals::SHORT, &STUBBORN);
        let asker = scene.asker();
        owner.kill_both(deadman_first);
        scene.second_acts_after_first(asker);
    }
}

#[test]
#[ignore = "a limit: in a cgroup, descendants of the command outlive both guards"]
fn descendants_end_when_both_guards_are_killed() {
    let scene = Scene::new();
    let owner = scene.owner_with(Intervals::SHORT, &ORPHANED);
    let asker = scene.asker();
    owner.kill_both(true);
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_killed_command_releases_the_lock() {
    let scene = Scene::new();
    let mut owner = scene.owner(Intervals::SHORT);
    let asker = scene.asker();
    owner.signal_command(Signal::KILL);
    owner.fails();
    scene.second_acts_after_first(asker);
}
