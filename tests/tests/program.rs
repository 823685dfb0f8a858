//! The program `lockhost acquire`: what it says, what it leaves, and how it ends.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use lockhost_tests::{
    contender::{Answer, Contender},
    program::{lockhost, run, text},
    scene::{NOBODY, Scene},
};
use rustix::process::Signal;

/// An owner started with these orders about signals, whatever the tests themselves were started with.
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

/// Runs it where it is expected to end by itself: the code, and the one line on standard error.
fn ends(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments);
    assert!(output.stdout.is_empty(), "{output:?}");
    let line = String::from_utf8(output.stderr).expect("it speaks text");
    assert_eq!(line.lines().count(), 1, "{line}");
    (output.status.code().expect("it ends by itself"), line)
}

#[test]
fn it_says_that_it_has_the_lock_once_it_has_it() {
    let scene = Scene::free();
    let mut owner = Contender::acquire(scene.path());
    let line = format!("acquired {} (pid {})", scene.lock().display(), owner.pid());
    assert_eq!(owner.line(), line);
    assert!(scene.lock().exists());
}

#[test]
fn the_lock_file_is_private_and_holds_the_pid_and_a_newline() {
    let scene = Scene::free();
    let owner = Contender::owner(scene.path());
    assert_eq!(
        fs::read_to_string(scene.lock()).unwrap(),
        format!("{}\n", owner.pid())
    );
    let lock = fs::metadata(scene.lock()).unwrap();
    assert_eq!(lock.permissions().mode() & 0o7777, 0o600);
    // The lock, and the claim that is the same file under a second name; no more.
    assert_eq!(lock.nlink(), 2);
    assert_eq!(scene.files().len(), 2);
    for file in scene.files() {
        assert_eq!(
            fs::metadata(scene.path().join(file)).unwrap().ino(),
            lock.ino()
        );
    }
}

#[test]
fn a_second_process_is_refused_with_the_holders_pid_and_the_path_and_changes_nothing() {
    let scene = Scene::free();
    let owner = Contender::owner(scene.path());
    let before = scene.files();
    let (code, line) = ends(&["acquire", text(scene.path())]);
    assert_eq!(code, 75);
    assert!(line.contains("locked by another process"), "{line}");
    assert!(line.contains(&format!("pid {}", owner.pid())), "{line}");
    assert!(line.contains(text(&scene.lock())), "{line}");
    assert_eq!(scene.files(), before);
}

#[test]
fn each_of_three_signals_releases_and_exits_with_0() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let scene = Scene::free();
        let mut owner = owner_with("--default-signal", scene.path());
        assert_eq!(owner.end(signal).code(), Some(0), "{signal:?}");
        assert_eq!(owner.complaints(), "");
        assert!(scene.files().is_empty(), "{:?}", scene.files());
    }
}

#[test]
fn a_killed_owner_does_not_block_a_restart() {
    let scene = Scene::free();
    let mut killed = Contender::owner(scene.path());
    let pid = killed.pid();
    killed.end(Signal::KILL);
    let mut restarted = Contender::owner(scene.path());
    assert_eq!(restarted.end(Signal::TERM).code(), Some(0));
    let told = restarted.complaints();
    assert!(
        told.contains(&format!("stale lockfile (dead pid {pid})")),
        "{told}"
    );
    assert!(told.contains(text(&scene.lock())), "{told}");
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}

#[test]
fn a_stale_lock_of_another_program_is_replaced_whatever_white_space_is_around_its_pid() {
    for content in [
        NOBODY,
        "999999999",
        "  +0999999999\t\r\n",
        "\u{a0}999999999\u{2003}",
    ] {
        let scene = Scene::free().with("tinyforge.lock", content);
        let mut owner = Contender::owner(scene.path());
        owner.end(Signal::TERM);
        let told = owner.complaints();
        assert!(
            told.contains("stale lockfile (dead pid 999999999)"),
            "{content:?}: {told}"
        );
    }
}

#[test]
fn a_malformed_lock_is_replaced_at_once_if_it_is_old() {
    for content in ["", "\n", "0\n", "-1\n", "4294967297\n", "not a pid\n"] {
        let scene = Scene::free().with_old("tinyforge.lock", content);
        let mut owner = Contender::owner(scene.path());
        owner.end(Signal::TERM);
        let told = owner.complaints();
        assert!(
            told.contains("malformed existing lockfile"),
            "{content:?}: {told}"
        );
        assert!(scene.files().is_empty(), "{:?}", scene.files());
    }
}

#[test]
fn a_living_process_of_another_program_holds_its_lock() {
    let scene = Scene::free();
    let pid = std::process::id();
    fs::write(scene.lock(), format!(" {pid} ")).unwrap();
    let (code, line) = ends(&["acquire", text(scene.path())]);
    assert_eq!(code, 75);
    assert!(line.contains(&format!("pid {pid}")), "{line}");
    assert_eq!(
        fs::read_to_string(scene.lock()).unwrap(),
        format!(" {pid} ")
    );
}

#[test]
fn a_living_reclaim_refuses() {
    let scene = Scene::stale().with(
        "tinyforge.lock.reclaim",
        &format!("{}\n", std::process::id()),
    );
    let before = scene.files();
    let (code, line) = ends(&["acquire", text(scene.path())]);
    assert_eq!(code, 75);
    assert!(
        line.contains("a reclaim of a dead lock is in progress"),
        "{line}"
    );
    assert!(line.contains("tinyforge.lock.reclaim"), "{line}");
    assert_eq!(scene.files(), before);
}

#[test]
fn another_programs_leftover_reclaim_beside_a_free_lock_costs_two_seconds_and_a_warning() {
    let scene = Scene::free().with(
        "tinyforge.lock.reclaim",
        &format!("{}\n", std::process::id()),
    );
    let mut owner = Contender::owner(scene.path());
    owner.end(Signal::TERM);
    let told = owner.complaints();
    assert!(told.contains("warning: a reclaim lock"), "{told}");
    assert_eq!(
        scene.files(),
        ["tinyforge.lock.reclaim"],
        "it is not ours to remove"
    );
}

#[test]
fn a_signal_while_a_lock_settles_leaves_nothing_of_ours() {
    let scene = Scene::free().with("tinyforge.lock", "");
    let mut waiting = Contender::acquire(scene.path());
    // Its claim shows that it has begun, and that it catches signals.
    while scene.files().len() < 2 && waiting.try_end().is_none() {
        thread::yield_now();
    }
    assert_eq!(waiting.end(Signal::TERM).code(), Some(128 + 15));
    assert_eq!(waiting.complaints(), "");
    assert_eq!(scene.files(), ["tinyforge.lock"]);
}

#[test]
fn another_name_is_another_lock() {
    let scene = Scene::free();
    let mut first = Contender::owner(scene.path());
    let mut command = Command::new(lockhost());
    command
        .args(["acquire", "--name", "other.pid"])
        .arg(scene.path());
    let mut second = Contender::start(&mut command);
    assert_eq!(second.answer(), Answer::Owns);
    assert!(scene.path().join("other.pid").exists());
    for owner in [&mut first, &mut second] {
        assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    }
    assert!(scene.files().is_empty());
}

#[test]
fn a_name_that_is_none_for_a_lock_is_wrong_usage() {
    let scene = Scene::free();
    for name in [
        "",
        "lock",
        ".lock",
        "../x.lock",
        "a/b.lock",
        "/etc/x.lock",
        "x.lock/",
    ] {
        let (code, line) = ends(&["acquire", "--name", name, text(scene.path())]);
        assert_eq!(code, 2, "{line}");
    }
    assert!(scene.files().is_empty());
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &[][..],
        &["acquire"],
        &["acquire", "--", "true"],
        &["acquire", ".", "--"],
        &["release"],
        &["acquire", "--force", "."],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for arguments in [&["--help"][..], &["--version"], &["acquire", "--help"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn a_directory_that_is_missing_or_none_is_a_failure_that_names_it() {
    let scene = Scene::free().with("file", "");
    for (name, why) in [("missing", "No such file"), ("file", "Not a directory")] {
        let path = scene.path().join(name);
        let (code, line) = ends(&["acquire", text(&path)]);
        assert_eq!(code, 1);
        assert!(line.contains(text(&path)) && line.contains(why), "{line}");
    }
}

#[test]
fn a_closed_standard_output_is_a_failure_and_releases() {
    let scene = Scene::free();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(lockhost())
        .arg("acquire")
        .arg(scene.path())
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains("cannot write to standard output"), "{line}");
    assert!(scene.files().is_empty());
}

/// A field of `/proc/PID/status`.
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
    let scene = Scene::free();
    assert_eq!(status(Contender::owner(scene.path()).pid(), "Threads"), "1");
}

#[test]
fn the_program_installs_no_signal_handlers() {
    let scene = Scene::free();
    let owner = owner_with("--default-signal", scene.path());
    // SIGBUS and SIGSEGV, which every Rust program has to tell a stack overflow. An engine would add SIGILL and SIGFPE.
    let handled = signals(&owner, "SigCgt");
    assert_eq!(handled, set(&[Signal::BUS, Signal::SEGV]), "{handled:#x}");
    // What ends it is read from a descriptor.
    let blocked = signals(&owner, "SigBlk");
    let ending = set(&[Signal::HUP, Signal::INT, Signal::TERM]);
    assert_eq!(blocked, ending, "{blocked:#x}");
}

/// Signals, the first in the lowest bit.
fn set(signals: &[Signal]) -> u64 {
    let bits = signals.iter().map(|signal| 1 << (signal.as_raw() - 1));
    bits.sum()
}

/// A set of signals of a process.
fn signals(process: &Contender, field: &str) -> u64 {
    u64::from_str_radix(&status(process.pid(), field), 16).unwrap()
}

#[test]
fn a_signal_that_is_ignored_already_stays_so() {
    let scene = Scene::free();
    let mut owner = owner_with("--ignore-signal=HUP", scene.path());
    assert_eq!(signals(&owner, "SigBlk") & set(&[Signal::HUP]), 0);
    owner.signal(Signal::HUP);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
}

#[test]
fn a_line_stays_a_line_whatever_a_name_holds() {
    let scene = Scene::free();
    let directory = scene.path().join("two\nlines");
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
    let scene = Scene::free();
    // Half of this is the program itself, which a debug build makes large.
    let limit = format!("ulimit -v {} && exec \"$0\" acquire \"$1\"", 64 * 1024);
    let mut command = Command::new("sh");
    command
        .args(["-c", &limit])
        .arg(lockhost())
        .arg(scene.path());
    let mut owner = Contender::start(&mut command);
    assert_eq!(owner.answer(), Answer::Owns);
}

#[test]
fn the_way_out_that_a_refusal_prints_works_as_it_stands() {
    let scene = Scene::free();
    let directory = scene.path().join("it's data");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("app.pid"), "1\n").unwrap();
    let (code, line) = ends(&["acquire", "--name", "app.pid", text(&directory)]);
    assert_eq!(code, 75);
    let (_, way_out) = line
        .split_once("take over from it with: lockhost ")
        .expect("a way out");
    let script = format!("exec \"$0\" {way_out}");
    let mut owner = Contender::start(Command::new("sh").args(["-c", &script]).arg(lockhost()));
    assert_eq!(owner.answer(), Answer::Owns);
    owner.end(Signal::TERM);
    let told = owner.complaints();
    assert!(
        told.contains("lockfile of pid 1, assumed to be dead as told"),
        "{told}"
    );
}

#[test]
fn a_lock_that_was_lost_is_told_at_the_release_and_the_others_file_is_left_alone() {
    for replacement in [None, Some(NOBODY)] {
        let scene = Scene::free();
        let mut owner = Contender::owner(scene.path());
        fs::remove_file(scene.lock()).unwrap();
        let left: &[&str] = match replacement {
            Some(content) => {
                fs::write(scene.lock(), content).unwrap();
                &["tinyforge.lock"]
            }
            None => &[],
        };
        assert_eq!(owner.end(Signal::TERM).code(), Some(1));
        let told = owner.complaints();
        assert!(
            told.contains(text(&scene.lock())) && told.contains("is lost"),
            "{told}"
        );
        assert_eq!(scene.files(), left);
    }
}

#[test]
fn a_refused_attempt_touches_no_file() {
    let scene = Scene::free();
    let _owner = Contender::owner(scene.path());
    let times = || {
        let files = scene
            .files()
            .into_iter()
            .map(|file| scene.path().join(file));
        let paths = files.chain([scene.path().to_owned()]);
        let stats = paths.map(|path| fs::symlink_metadata(path).unwrap());
        stats
            .map(|stat| {
                (
                    stat.ino(),
                    stat.mtime_nsec(),
                    stat.ctime_nsec(),
                    stat.nlink(),
                )
            })
            .collect::<Vec<_>>()
    };
    let before = times();
    assert_eq!(ends(&["acquire", text(scene.path())]).0, 75);
    assert_eq!(times(), before);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can take a mount away")]
fn an_owner_that_loses_sight_of_proc_still_releases() {
    let scene = Scene::free();
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--"])
        .arg(lockhost())
        .arg("acquire")
        .arg(scene.path());
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
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}
