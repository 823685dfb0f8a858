//! Machines that lose their power, and the processes that take over from them.

use std::{fs, io::Write, process::Stdio, thread, time::Duration};

use lockhost_etcd_tests::{bed::Intervals, programs::example};

use crate::scene::Scene;

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_machine_that_lost_its_power_is_taken_over() {
    let mut scene = Scene::new();
    let _owner = scene.owner(Intervals::SHORT);
    let asker = scene.asker();
    scene.first.kill();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_start_without_wait_outlasts_the_watch() {
    let mut scene = Scene::new();
    let _owner = scene.owner(Intervals::SHORT);
    scene.first.kill();
    scene.wait_for_no_session();
    scene.second_acts_after_first(scene.impatient());
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_start_without_wait_is_refused_by_a_living_owner() {
    let scene = Scene::new();
    let mut owner = scene.owner(Intervals::USUAL);
    scene.impatient().is_refused();
    assert!(owner.runs());
    owner.stop();
    scene.second_acts_after_first(scene.impatient());
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn of_two_waiting_machines_one_takes_over() {
    let mut scene = Scene::new();
    let _owner = scene.owner(Intervals::SHORT);
    let third = scene.bed.machine("third");
    let url = scene.url();
    let mut askers = [
        scene.asker(),
        third.acquire("third", &url, Intervals::USUAL),
    ];
    scene.first.kill();
    let first = loop {
        match askers.iter_mut().position(|it| it.has_begun()) {
            Some(nth) => break nth,
            None => thread::sleep(Duration::from_millis(50)),
        }
    };
    scene.acts_for(1.0);
    askers[first].stop();
    askers[1 - first].acts();
    askers[1 - first].stop();
    let names = ["second", "third"];
    scene.bed.acted(&["first", names[first], names[1 - first]]);
    assert_eq!(scene.bed.names(), [""; 0]);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_process_without_a_coordinator_is_refused() {
    let mut scene = Scene::new();
    let _owner = scene.owner(Intervals::SHORT);
    let is_refused = |scene: &Scene| {
        let second = &scene.second;
        let mut process = second.acquire_with("second", "", Intervals::USUAL, &[], &[]);
        process.is_refused();
    };
    is_refused(&scene);
    scene.first.kill();
    scene.wait_for_no_session();
    is_refused(&scene);
    scene.second_acts_after_first(scene.asker());
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_late_remove_lets_no_second_owner_in() {
    let mut scene = Scene::new();
    let mut owner = scene.owner(Intervals::USUAL);
    // So that the owner does not notice it.
    scene.first.freeze();
    let names = scene.bed.names();
    let lock = names.iter().find(|name| name.ends_with(".lock"));
    let lock = lock.expect("a lock file");
    fs::remove_file(scene.bed.source().join(lock)).expect("it is removed");
    scene.impatient().is_refused();
    scene.first.thaw();
    let asker = scene.asker();
    owner.ends();
    scene.second_acts_after_first(asker);
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_writer_refuses_the_token_of_an_earlier_owner() {
    let mut scene = Scene::new();
    let log = scene.bed.source().with_file_name("log");
    let _owner = scene.owner(Intervals::SHORT);
    let asker = scene.asker();
    let append = |scene: &Scene, nth: usize| {
        let turns = scene.bed.turns();
        let (epoch, token) = &turns[nth].fence;
        let mut writer = scene.second.command(&example("fenced_writer_beside_etcd"));
        let writer = writer.arg(&log).stdin(Stdio::piped());
        let writer = writer.env("LOCKHOST_FENCE_EPOCH", epoch);
        let mut writer = writer
            .env("LOCKHOST_FENCE", token)
            .spawn()
            .expect("it starts");
        let input = writer.stdin.take().expect("a pipe");
        // One that refuses the first line reads no second one.
        let _ = (&input).write_all(format!("{nth}\n").as_bytes());
        drop(input);
        writer.wait().expect("it ends").success()
    };
    assert!(append(&scene, 0));
    scene.first.kill();
    scene.second_acts_after_first(asker);
    assert!(append(&scene, 1));
    assert!(!append(&scene, 0));
    assert_eq!(fs::read_to_string(&log).expect("a file"), "0\n1\n");
}
