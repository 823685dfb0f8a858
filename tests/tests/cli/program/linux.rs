//! Signals, modes, shells and proc(5).

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::Fixture,
    program::{lockhost, text},
};
use rustix::process::Signal;

use super::ends;

#[test]
fn the_lock_file_is_private() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let lock = fs::metadata(fixture.lock()).unwrap();
    assert_eq!(lock.permissions().mode() & 0o7777, 0o600);
}

/// Starts an owner with these dispositions of signals, whatever those of the tests.
fn owner_with(signals: &str, directory: &Path) -> Contender {
    let mut command = Command::new("env");
    command
        .args(["--default-signal=HUP,INT,TERM", signals])
        .arg(lockhost())
        .arg("acquire")
        .arg(directory);
    let mut owner = Contender::start(&mut command);
    assert_eq!(owner.answer(), Answer::Owns);
    owner
}

#[test]
fn each_signal_that_would_end_it_releases_and_exits_with_0() {
    for signal in [
        Signal::INT,
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::USR1,
        Signal::ALARM,
        Signal::XCPU,
    ] {
        let fixture = Fixture::free();
        let mut owner = owner_with("--default-signal", fixture.path());
        assert_eq!(owner.end(signal).code(), Some(0), "{signal:?}");
        assert_eq!(owner.complaints(), "");
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn a_signal_while_a_lock_settles_leaves_nothing_of_ours() {
    let fixture = Fixture::free().with("tinyforge.lock", "");
    let mut waiting = Contender::acquire(fixture.path());
    // Its claim shows that it has begun, and that it catches signals.
    while fixture.files().len() < 2 && waiting.try_end().is_none() {
        thread::yield_now();
    }
    assert_eq!(waiting.stop().code(), Some(128 + 15));
    assert_eq!(waiting.complaints(), "");
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
}

#[test]
fn a_closed_standard_output_is_a_failure_and_releases() {
    let fixture = Fixture::free();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(lockhost())
        .arg("acquire")
        .arg(fixture.path())
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains("cannot write to standard output"), "{line}");
    assert!(fixture.files().is_empty());
}

/// Returns a field of `/proc/PID/status`.
fn status(pid: u32, field: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.expect("the field is there")
        .trim_start_matches(':')
        .trim()
        .to_owned()
}

#[test]
fn a_holder_has_one_thread() {
    let fixture = Fixture::free();
    assert_eq!(
        status(Contender::owner(fixture.path()).pid(), "Threads"),
        "1"
    );
}

#[test]
fn the_program_installs_no_signal_handlers() {
    let fixture = Fixture::free();
    let owner = owner_with("--default-signal", fixture.path());
    // The standard library would add SIGBUS and SIGSEGV to detect a stack overflow, and an engine SIGILL and SIGFPE.
    assert_eq!(signals(&owner, "SigCgt"), 0);
    // The signals that end it are read from a descriptor.
    let blocked = signals(&owner, "SigBlk");
    let [ending, others] = [
        &[
            Signal::HUP,
            Signal::INT,
            Signal::TERM,
            Signal::QUIT,
            Signal::CHILD,
        ][..],
        &[
            Signal::TSTP,
            Signal::CONT,
            Signal::PIPE,
            Signal::SEGV,
            Signal::BUS,
        ],
    ]
    .map(set);
    assert_eq!(
        (blocked & ending, blocked & others),
        (ending, 0),
        "{blocked:#x}"
    );
}

/// Signals, the first in the lowest bit.
fn set(signals: &[Signal]) -> u64 {
    let bits = signals.iter().map(|signal| 1 << (signal.as_raw() - 1));
    bits.sum()
}

/// Returns a set of signals of a process.
fn signals(process: &Contender, field: &str) -> u64 {
    u64::from_str_radix(&status(process.pid(), field), 16).unwrap()
}

#[test]
fn a_signal_that_is_ignored_already_stays_so() {
    let fixture = Fixture::free();
    let mut owner = owner_with("--ignore-signal=HUP", fixture.path());
    assert_ne!(signals(&owner, "SigIgn") & set(&[Signal::HUP]), 0);
    owner.signal(Signal::HUP);
    assert_eq!(owner.stop().code(), Some(0));
}

#[test]
fn a_line_stays_a_line_whatever_a_name_holds() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("two\nlines");
    fs::create_dir(&directory).unwrap();
    fs::create_dir(directory.join("tinyforge.lock")).unwrap();
    let (code, line) = ends(&["acquire", text(&directory)]);
    assert_eq!(code, 1);
    assert!(
        line.contains(r"two\nlines/tinyforge.lock is a directory"),
        "{line}"
    );
}

#[test]
fn the_engine_sets_no_address_space_aside() {
    let fixture = Fixture::free();
    // Half of this is the program itself, which a debug build makes large.
    let limit = format!("ulimit -v {} && exec \"$0\" acquire \"$1\"", 64 * 1024);
    let mut command = Command::new("sh");
    command
        .args(["-c", &limit])
        .arg(lockhost())
        .arg(fixture.path());
    let mut owner = Contender::start(&mut command);
    assert_eq!(owner.answer(), Answer::Owns);
}

#[test]
fn the_way_out_that_a_refusal_prints_works_as_it_stands() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("it's data");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("app.pid"), "1\n").unwrap();
    let (code, line) = ends(&["acquire", "--name", "app.pid", text(&directory)]);
    assert_eq!(code, 75);
    let (_, hint) = line.split_once("\n  hint: ").expect("a way out");
    let (_, command) = hint.split_once(": lockhost ").expect("a command");
    let script = format!("exec \"$0\" {command}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(lockhost())
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    let removed = String::from_utf8(output.stdout).unwrap();
    assert!(
        removed.contains("lockfile of pid 1, assumed dead by request"),
        "{removed}"
    );
    let mut owner = Contender::start(
        Command::new(lockhost())
            .args(["acquire", "--name=app.pid"])
            .arg(&directory),
    );
    assert_eq!(owner.answer(), Answer::Owns);
    owner.stop();
}

#[test]
#[cfg_attr(not_root, ignore = "only root can take a mount away")]
fn an_owner_that_loses_sight_of_proc_still_releases() {
    let fixture = Fixture::free();
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--"])
        .arg(lockhost())
        .arg("acquire")
        .arg(fixture.path());
    let mut owner = Contender::start(&mut command);
    assert_eq!(owner.answer(), Answer::Owns);
    let target = owner.pid().to_string();
    let umount = ["--target", &target, "--mount", "umount", "--lazy", "/proc"];
    assert!(
        Command::new("nsenter")
            .args(umount)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(owner.stop().code(), Some(0));
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn why_a_directory_is_none_is_said_as_the_system_says_it() {
    let fixture = Fixture::free().with("file", "");
    for (name, why) in [("missing", "No such file"), ("file", "Not a directory")] {
        let (_, line) = ends(&["acquire", text(&fixture.path().join(name))]);
        assert!(line.contains(why), "{line}");
    }
}
