//! A program that takes the lock itself: the library's example of a stand-by.

use std::{
    fs,
    io::Write,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use lockhost_etcd_tests::{bed::Machine, programs::example};

use crate::scene::Scene;

/// The example on a machine. It ends with the value.
struct StandBy(Child);

impl StandBy {
    /// Starts it, and lets it write this name again and again while it is the owner.
    fn start(scene: &Scene, machine: &Machine, name: &'static str) -> Self {
        let mut command = machine.command(&example("stand_by_beside_etcd"));
        let command = command.args([&scene.url(), "volume"]);
        let command = command.arg(scene.bed.volume()).arg(log(scene));
        let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
        let mut input = child.stdin.take().expect("a pipe");
        // It ends with the process, which reads no more then.
        thread::spawn(move || while writeln!(input, "{name}").is_ok() {});
        Self(child)
    }

    fn fails(&mut self) {
        assert!(!self.0.wait().expect("it ends").success());
    }
}

impl Drop for StandBy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn log(scene: &Scene) -> std::path::PathBuf {
    scene.bed.source().with_file_name("log")
}

/// Waits until this owner has written. Returns the owners in their order, each with its token.
fn owners_with(scene: &Scene, name: &str) -> Vec<(u64, String)> {
    loop {
        let text = fs::read_to_string(log(scene)).unwrap_or_default();
        let lines = text.lines().map(|line| {
            let (token, name) = line.split_once(' ').expect("a token");
            (token.parse().expect("a number"), name.to_owned())
        });
        let mut owners: Vec<(u64, String)> = lines.collect();
        owners.dedup();
        if owners.iter().any(|owner| owner.1 == name) {
            return owners;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
#[cfg_attr(no_machines, ignore = "needs root, namespaces, bindfs and etcd")]
fn a_stand_by_takes_over_from_an_owner_that_is_cut_off() {
    let scene = Scene::new();
    let mut first = StandBy::start(&scene, &scene.first, "first");
    owners_with(&scene, "first");
    let _second = StandBy::start(&scene, &scene.second, "second");
    scene.first.cut_off();
    first.fails();
    let owners = owners_with(&scene, "second");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(owners, owners_with(&scene, "second"), "two owners write");
    let [(before, first), (after, second)] = &owners[..] else {
        panic!("{owners:?}")
    };
    assert_eq!((&**first, &**second), ("first", "second"));
    assert!(before < after, "{owners:?}");
}
