//! Coordinators that fail, or lose their data.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use lockhost_etcd_tests::bed::Intervals;
use rustix::process::Signal;

use crate::scene::{Scene, owner_in};

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_coordinator_away_for_three_seconds_ends_no_owner() {
    let mut scene = Scene::new();
    let mut owner = scene.owner(Intervals::USUAL);
    scene.servers[0].stop();
    thread::sleep(Duration::from_secs(3));
    scene.servers[0].restart();
    let asker = scene.asker();
    // Longer than the deadline.
    scene.acts_for(12.0);
    assert!(owner.runs());
    owner.stop();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn without_a_coordinator_the_owner_ends_and_none_comes() {
    let mut scene = Scene::new();
    let mut owner = scene.owner(Intervals::SHORT);
    let host = scene.servers[0].host();
    scene.servers[0].stop();
    owner.fails();
    let (status, why) = scene.impatient().ends();
    assert!(!status.success() && why.contains(&host), "{why}");
    scene.bed.acted(&["first"]);
    scene.servers[0].restart();
    scene.second_acts_after_first(scene.asker());
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_dead_owner_is_unknown_without_a_coordinator() {
    let mut scene = Scene::new();
    let _owner = scene.owner(Intervals::SHORT);
    let mut asker = scene.asker();
    scene.first.kill();
    scene.wait_for_less_than_two_sessions();
    scene.servers[0].stop();
    // Longer than W.
    thread::sleep(Duration::from_secs(8));
    assert!(!asker.has_begun());
    scene.servers[0].restart();
    drop(asker);
    scene.second_acts_after_first(scene.asker());
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn wiped_data_ends_the_owner() {
    let mut scene = Scene::new();
    let mut owner = scene.owner(Intervals::SHORT);
    wipe(&mut scene);
    owner.fails();
    scene.bed.acted(&["first"]);
    scene.second_acts_after_first(scene.asker());
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn an_owner_before_the_wipe_is_unknown_for_ever() {
    let (scene, _) = wiped_under_a_dead_owner();
    let mut asker = scene.asker();
    // Longer than a lease and W.
    thread::sleep(Duration::from_secs(10));
    assert!(asker.runs() && !asker.has_begun());
    scene.bed.acted(&["first"]);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn an_owner_before_the_wipe_can_be_broken() {
    let (scene, refusal) = wiped_under_a_dead_owner();
    scene.breaks(owner_in(&refusal));
    scene.second_acts_after_first(scene.asker());
}

/// Returns a scene in which the machine of the owner lost its power before the data was wiped, and the refusal there.
fn wiped_under_a_dead_owner() -> (Scene, String) {
    let mut scene = Scene::new();
    let owner = scene.owner(Intervals::SHORT);
    scene.first.kill();
    drop(owner);
    wipe(&mut scene);
    let why = scene.impatient().is_refused();
    (scene, why)
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_dead_owner_that_a_snapshot_revives_dies_again() {
    let mut scene = Scene::new();
    let _owner = scene.owner(Intervals::SHORT);
    let saved = save(&scene);
    scene.first.kill();
    scene.wait_for_no_session();
    restore(&mut scene, &saved);
    scene.second_acts_after_first(scene.asker());
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_waiter_outlasts_an_absence_of_the_coordinator() {
    let mut scene = Scene::new();
    let _owner = scene.owner(Intervals::SHORT);
    let saved = save(&scene);
    scene.first.kill();
    scene.wait_for_no_session();
    let asker = scene.asker();
    // It watches, in a session that the snapshot does not have.
    thread::sleep(Duration::from_secs(1));
    restore(&mut scene, &saved);
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn restored_data_ends_the_owner() {
    let mut scene = Scene::new();
    let saved = save(&scene);
    let mut owner = scene.owner(Intervals::SHORT);
    restore(&mut scene, &saved);
    let asker = scene.asker();
    owner.fails();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_cluster_whose_leader_is_stopped_keeps_its_owner() {
    let scene = Scene::of(3);
    let mut owner = scene.owner(Intervals::USUAL);
    let leader = scene
        .servers
        .iter()
        .find(|it| it.leads())
        .expect("a leader");
    leader.signal(Signal::STOP);
    scene.acts_for(12.0);
    assert!(owner.runs());
    // By now another member leads.
    let asker = scene.asker();
    owner.stop();
    scene.second_acts_after_first(asker);
}

/// Starts the coordinator without its data, with the same flags.
fn wipe(scene: &mut Scene) {
    let server = &mut scene.servers[0];
    server.stop();
    fs::remove_dir_all(server.data()).expect("it is removed");
    server.restart();
}

/// Saves the coordinator's data. Returns the snapshot.
fn save(scene: &Scene) -> PathBuf {
    let server = &scene.servers[0];
    let saved = server.data().with_file_name("snapshot");
    // Something to save.
    server.ctl(&["put", "/test/other", "x"]);
    server.ctl(&["snapshot", "save", saved.to_str().expect("a text")]);
    saved
}

/// Starts the coordinator with the data of a snapshot.
fn restore(scene: &mut Scene, snapshot: &Path) {
    let server = &mut scene.servers[0];
    server.stop();
    fs::remove_dir_all(server.data()).expect("it is removed");
    server.restore(snapshot);
    server.restart();
}
