//! There is one engine in a process, and one component in it, whatever the process does with how many threads.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::{fs, process::Command};

use lockhost_tests::scene::Scene;
use tempfile::NamedTempFile;

const CROWD: &str = env!("CARGO_BIN_EXE_crowd");

fn told(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("plain text")
}

#[test]
fn of_threads_that_come_first_at_once_all_have_the_same_one() {
    let scene = Scene::free();
    let told = told(Command::new(CROWD).arg(scene.path()));
    assert_eq!(told, "32 held, 1 pieces of code\n");
}

/// Whatever is loaded is made executable by mprotect(2), and nothing else is.
#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may trace nobody")]
fn once_it_is_there_none_is_made_for_a_lock_an_attempt_or_an_inspection() {
    let scene = Scene::free();
    let log = NamedTempFile::new().expect("a temporary file");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "trace=mprotect", "-o"]);
    command
        .arg(log.path())
        .arg(CROWD)
        .arg(scene.path())
        .arg("warm");
    assert_eq!(told(&mut command), "32 held, 1 pieces of code\n");
    let log = fs::read_to_string(log.path()).expect("strace wrote it");
    let made = log.lines().filter(|line| line.contains("PROT_EXEC"));
    assert_eq!(made.count(), 1, "{log}");
}
