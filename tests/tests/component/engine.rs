//! One engine in a process, and one component in it, whatever the process does with however many threads.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::process::Command;

use lockhost_tests::{fixture::Fixture, strace::log_of};

const CROWD: &str = env!("CARGO_BIN_EXE_crowd");

fn told(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("plain text")
}

#[test]
fn of_threads_that_come_first_at_once_none_copies_it() {
    let fixture = Fixture::free();
    let told = told(Command::new(CROWD).arg(fixture.path()));
    assert_eq!(told, "32 held, 0 pieces of code\n");
}

/// Neither mprotect(2) nor mmap(2) makes memory executable: the component's code is the program's own.
#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn no_memory_is_made_executable() {
    let fixture = Fixture::free();
    let options = ["-f", "-e", "trace=mprotect,mmap"];
    let (told, log) = log_of(&options, Command::new(CROWD).arg(fixture.path()));
    assert_eq!(told, "32 held, 0 pieces of code\n");
    // The loader only maps code of the program and of its libraries from files.
    let is_made = |line: &&str| line.contains("PROT_EXEC") && !line.contains("MAP_DENYWRITE");
    assert_eq!(log.lines().find(is_made), None);
}

#[test]
#[cfg_attr(
    no_mdwe,
    ignore = "this kernel is older than PR_SET_MDWE, which is of Linux 6.3"
)]
fn locks_are_taken_where_no_memory_may_become_executable() {
    let fixture = Fixture::free();
    let told = told(Command::new(CROWD).arg(fixture.path()).arg("denied"));
    assert_eq!(told, "32 held, 0 pieces of code\n");
}
