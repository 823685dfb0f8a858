//! A command under the lock, on every system: how it is started, and how it ends.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use lockhost::acquire;
use lockhost_tests::{
    contender::Contender,
    program::{lockhost, text},
    scene::Scene,
    under_lock::{under_lock, until},
};

const SAYING: &str = env!("CARGO_BIN_EXE_saying");

/// Runs it to its end with nothing on standard input: the code, what was printed, and what lockhost has to say.
fn ends(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), out, err)
}

#[test]
fn the_exit_code_is_the_commands() {
    let scene = Scene::free();
    for code in [0, 1, 2, 75, 255] {
        let command = [SAYING, &code.to_string()];
        let (ended, _, told) = ends(&mut under_lock(&[], scene.path(), &command));
        assert_eq!((ended, told.as_str()), (Some(code), ""));
        assert!(scene.files().is_empty(), "{:?}", scene.files());
    }
}

#[test]
fn a_command_that_is_not_there_is_127() {
    let scene = Scene::free();
    let nowhere = scene.path().join("nowhere");
    for command in [text(&nowhere), "no-such-command-anywhere"] {
        let (ended, out, told) = ends(&mut under_lock(&[], scene.path(), &[command]));
        assert_eq!((ended, out.as_str()), (Some(127), ""), "{told}");
        assert!(told.contains(command), "{told}");
        assert!(scene.files().is_empty(), "{:?}", scene.files());
    }
}

#[test]
fn it_is_not_started_where_somebody_has_the_lock() {
    let scene = Scene::free();
    let owner = Contender::owner(scene.path());
    let (ended, out, told) = ends(&mut under_lock(&[], scene.path(), &[SAYING, "0"]));
    assert_eq!((ended, out.as_str()), (Some(75), ""), "{told}");
    assert!(told.contains(&format!("pid {}", owner.pid())), "{told}");
}

#[test]
fn it_sees_where_the_lock_is_and_whose() {
    let scene = Scene::free();
    let directory = scene.path().join("data");
    fs::create_dir(&directory).unwrap();
    let mut command = under_lock(&["--name=x.pid"], Path::new("data"), &[SAYING, "0"]);
    let child = command
        .current_dir(scene.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let owner = child.id().to_string();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let lines: Vec<_> = told.lines().collect();
    let lock = directory.join("x.pid");
    assert_eq!(lines, [text(&directory), text(&lock), &owner]);
}

#[test]
fn it_sees_all_directories_in_the_order_of_the_system() {
    let scenes = [Scene::free(), Scene::free()];
    let mut command = Command::new(lockhost());
    command
        .arg("acquire")
        .args(scenes.each_ref().map(Scene::path));
    let (ended, told, _) = ends(command.args(["--", SAYING, "0"]));
    assert_eq!(ended, Some(0));
    let seen: Vec<_> = env::split_paths(told.lines().next().unwrap()).collect();
    assert!(
        scenes.iter().all(|it| seen.contains(&it.path().to_owned())),
        "{told}"
    );
}

#[test]
fn standard_streams_are_its_own() {
    let scene = Scene::free();
    let input = scene.path().join("input");
    fs::write(&input, "through").unwrap();
    let output = under_lock(&[], scene.path(), &[SAYING, "0"])
        .stdin(fs::File::open(input).unwrap())
        .output()
        .unwrap();
    assert!(output.stdout.ends_with(b"\nthrough"), "{output:?}");
}

#[test]
fn the_directory_of_a_killed_owner_is_to_be_had_once_its_command_has_ended() {
    let scene = Scene::free();
    let mut command = under_lock(&[], scene.path(), &[SAYING, "0"]);
    let mut owner = Contender::start(command.stdin(Stdio::piped()));
    // The command runs.
    assert_eq!(owner.line(), text(scene.path()));
    owner.kill();
    owner.end_of_input();
    until("it has ended", || acquire(scene.path()).is_ok());
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}
