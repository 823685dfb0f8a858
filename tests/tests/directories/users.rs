//! Several users: what another one can do to a directory and its lock, and cannot. Each test stands in the tables of
//! `host/docs/users.md`.
//!
//! They need root, to become users who have no name: one and another of the same group, and a stranger.
//!
//! On Linux alone: users are numbers, directories have modes, and strace(1) stops programs.
#![cfg(target_os = "linux")]

mod fixtures;

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
    thread,
};

use lockhost_tests::{
    contender::{Answer, Barrier, Contender, owners},
    fixture::Fixture,
    identity::Identity,
    program::{ended, lockhost, text},
    strace::{SystemCall, system_calls},
};
use rustix::process::Signal;
use tempfile::NamedTempFile;

use self::fixtures::{ANOTHER, GROUPS_ALONE, ONE, STICKY, STRANGER, User, WRITABLE, shared};

const RECLAIM: &str = "tinyforge.lock.reclaim";

fn path(fixture: &Fixture, file: &str) -> String {
    text(&fixture.path().join(file)).to_owned()
}

// Who may not write the directory

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_stranger_gets_nowhere_and_changes_nothing() {
    let fixture = shared(WRITABLE);
    let (code, line) = STRANGER.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    assert!(line.contains("; the directory belongs to user 0"), "{line}");
    assert!(fixture.files().is_empty());
    // Beside an owner, and beside what it leaves.
    let mut owner = ONE.owns(&fixture);
    for (signal, refused) in [(None, 75), (Some(Signal::KILL), 1)] {
        signal.map(|signal| owner.end(signal));
        let before = fixture.files();
        let (code, line) = STRANGER.is_kept_out(&fixture);
        assert_eq!(code, Some(refused));
        assert!(line.contains("belongs to user 47101"), "{line}");
        assert_eq!(fixture.files(), before);
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn no_other_user_can_open_or_lock_a_lock_of_ours() {
    let fixture = shared(WRITABLE);
    ONE.crashes(&fixture);
    for user in [ANOTHER, STRANGER] {
        for file in fixture.files() {
            let file = file.into_string().unwrap();
            assert!(
                !user.does(&fixture, &format!("exec 3<\"$1/{file}\"")),
                "{file}"
            );
            assert!(
                !user.does(&fixture, &format!("exec 3>>\"$1/{file}\"")),
                "{file}"
            );
        }
    }
    // Nor can the shell not open anything.
    assert!(ONE.does(&fixture, "exec 3<\"$1/tinyforge.lock\""));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_lock_on_the_directory_itself_is_in_nobodys_way() {
    let fixture = shared(WRITABLE);
    let _keeper = STRANGER.keeps(&fixture, "exec 3<\"$1\" && flock --exclusive 3");
    ONE.crashes(&fixture);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_user_cannot_signal_the_owner() {
    let fixture = shared(WRITABLE);
    let mut owner = ONE.owns(&fixture);
    for user in [ANOTHER, STRANGER] {
        for signal in ["TERM", "KILL", "STOP", "HUP"] {
            assert!(!user.does(&fixture, &format!("kill -{signal} {}", owner.pid())));
        }
    }
    assert_eq!(owner.try_end(), None);
    assert!(ONE.does(&fixture, &format!("kill -TERM {}", owner.pid())));
    assert_eq!(owner.end_of_input().code(), Some(0));
}

/// Starts the program as this user, stopped once this system call of its is over.
fn stopped_after(user: User, fixture: &Fixture, call: &str, nth: usize) -> Contender {
    let log = NamedTempFile::with_prefix("lockhost-").unwrap();
    fs::set_permissions(log.path(), Permissions::from_mode(0o666)).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask 022 && exec strace -D -o \"$@\"", "sh"])
        .arg(log.path())
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=STOP:when={nth}")])
        .arg(fixture.for_all(&lockhost()))
        .arg("acquire")
        .arg(fixture.path());
    user.is_who_runs(&mut command);
    let mut owner = Contender::start(&mut command);
    let stopped = "--- stopped by SIGSTOP ---";
    while !fs::read_to_string(log.path()).unwrap().contains(stopped) {
        assert_eq!(owner.try_end(), None);
        thread::yield_now();
    }
    owner
}

#[test]
#[cfg_attr(any(not_root, no_strace), ignore = "needs root and strace(1)")]
fn a_claim_is_private_from_the_moment_that_it_is_made() {
    let fixture = shared(WRITABLE);
    // The second time that the type of a file system is asked for, it is the claim's, which has just been made.
    let mut owner = stopped_after(ONE, &fixture, "fstatfs", 2);
    let claim = fixture.files().remove(0).into_string().unwrap();
    let mode = fs::metadata(fixture.path().join(&claim)).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(!STRANGER.does(&fixture, &format!("exec 3<\"$1/{claim}\"")));
    owner.signal(Signal::CONT);
    assert_eq!(owner.answer(), Answer::Owns);
    assert!(fixture.files().contains(&claim.into()));
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_stale_lock_that_all_may_read_is_held_by_who_locks_it() {
    // Ours are private; other programs' often are not.
    let fixture = shared(WRITABLE);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let keeper = STRANGER.keeps(&fixture, "exec 3<\"$1/tinyforge.lock\" && flock --shared 3");
    // A shared lock is what anybody takes who only asks.
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
    drop(keeper);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let keeper = STRANGER.keeps(
        &fixture,
        "exec 3<\"$1/tinyforge.lock\" && flock --exclusive 3",
    );
    let (code, line) = ONE.is_kept_out(&fixture);
    assert_eq!(code, Some(75));
    assert!(line.contains("lslocks shows for whom"), "{line}");
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
    drop(keeper);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

// Who may write the directory, and remove its own files there

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn in_a_sticky_directory_nobody_else_removes_or_replaces_a_lock() {
    let fixture = shared(STICKY);
    let mut owner = ONE.owns(&fixture);
    let before = fixture.files();
    for script in [
        "rm -f \"$1\"/tinyforge.lock*",
        "mv \"$1/tinyforge.lock\" \"$1/away\"",
        "echo 1 > \"$1/mine\" && mv -f \"$1/mine\" \"$1/tinyforge.lock\"",
        "echo 1 > \"$1/tinyforge.lock\"",
    ] {
        assert!(!ANOTHER.does(&fixture, script), "{script}");
    }
    assert!(ANOTHER.does(&fixture, "rm -f \"$1/mine\""));
    assert_eq!(fixture.files(), before);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    assert_eq!(owner.complaints(), "");
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_stale_lock_that_only_its_user_may_remove_is_named() {
    let fixture = shared(STICKY);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let (code, line) = ANOTHER.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    let told = format!(
        "cannot remove {}: operation not permitted; the file belongs to user 47101: only that user, the directory's, \
         or root may remove it",
        fixture.lock().display()
    );
    assert!(line.contains(&told), "{line}");
    // Neither a claim nor a reclaim lock.
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_lock_of_ours_is_judged_by_its_user_and_root_alone() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        let mut owner = ONE.owns(&fixture);
        let before = fixture.files();
        let pid = owner.pid();
        let (code, line) = ANOTHER.is_kept_out(&fixture);
        assert_eq!(code, Some(75));
        let told = format!(
            "{} is locked by another process (pid {pid}), since",
            fixture.lock().display()
        );
        assert!(line.contains(&told), "{line}");
        let told = "; the file may not be read, and belongs to user 47101; try again once the process has released it";
        assert!(line.contains(told), "{line}");
        assert_eq!(fixture.files(), before);
        owner.end(Signal::KILL);
        let (code, line) = ANOTHER.is_kept_out(&fixture);
        assert_eq!(code, Some(1));
        let told = format!(
            "cannot open {}: permission denied; the file belongs to user 47101: the process that made it has ended, \
             and only that user, or root, can take it over",
            fixture.lock().display()
        );
        assert!(line.contains(&told), "{line}");
        assert_eq!(fixture.files(), before);
        let told = ONE.gets_in(&fixture);
        assert!(told.contains("stale lockfile"), "{told}");
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn root_takes_over_from_every_user() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        ONE.crashes(&fixture);
        let lock = lockhost::acquire(fixture.path()).unwrap();
        assert_eq!(lock.replaced().len(), 1);
        lock.release().unwrap();
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn after_a_release_the_directory_is_anybodys() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        for user in [ONE, ANOTHER, ONE] {
            assert_eq!(user.gets_in(&fixture), "");
            assert!(fixture.files().is_empty());
        }
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn claims_that_another_user_has_left_stay_for_that_user() {
    let fixture = shared(STICKY);
    ONE.crashes(&fixture);
    fs::remove_file(fixture.lock()).unwrap();
    let left = fixture.files();
    // It has replaced something, so it sweeps.
    assert!(ANOTHER.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let told = ANOTHER.gets_in(&fixture);
    assert!(!told.contains("warning"), "{told}");
    assert_eq!(fixture.files(), left);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    ONE.gets_in(&fixture);
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn of_two_users_who_start_at_once_exactly_one_process_gets_in() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        let at_barrier = fixture.for_all(Path::new(env!("CARGO_BIN_EXE_at-barrier")));
        let program = fixture.for_all(&lockhost());
        let barrier = Barrier::new();
        let text = |path: &Path| path.to_str().expect("it is text").to_owned();
        let mut contenders: Vec<_> = (0..8)
            .map(|number| {
                let User(user, group) = if number % 2 == 0 { ONE } else { ANOTHER };
                let arguments = [
                    format!("--regid={group}"),
                    "--clear-groups".into(),
                    text(&at_barrier),
                    text(&program),
                    "acquire".into(),
                    text(fixture.path()),
                ];
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let user = format!("--reuid={user}");
                barrier.line_up("setpriv", Path::new(&user), &arguments)
            })
            .collect();
        barrier.open();
        let (count, answers) = owners(&mut contenders);
        assert_eq!(count, 1, "{answers:#?}");
        let kept_out = |answer: &&Answer| matches!(answer, Answer::Ended(Some(75), _));
        assert_eq!(answers.iter().filter(kept_out).count(), 7, "{answers:#?}");
        for (contender, answer) in contenders.iter_mut().zip(answers) {
            if answer == Answer::Owns {
                assert_eq!(contender.end(Signal::TERM).code(), Some(0));
            }
        }
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

// Who shares a private directory of a group

/// The program as this user, with these arguments before the directory, and a umask.
fn acquire_with(user: User, fixture: &Fixture, umask: &str, arguments: &[&str]) -> Command {
    let program = fixture.for_all(&lockhost());
    let mut command = user.script(
        fixture,
        &format!("umask {umask}; dir=$1; shift; exec \"$@\" \"$dir\""),
    );
    command.arg(program).arg("acquire").args(arguments);
    command
}

fn owns_with(user: User, fixture: &Fixture, umask: &str, arguments: &[&str]) -> Contender {
    let mut owner = Contender::start(&mut acquire_with(user, fixture, umask, arguments));
    assert_eq!(owner.answer(), Answer::Owns, "{}", owner.complaints());
    owner
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_second_user_is_refused_as_its_options_say() {
    let fixture = shared(GROUPS_ALONE);
    let mut owner = owns_with(ONE, &fixture, "077", &[]);
    let before = fixture.files();
    for (arguments, refused, quiet) in [
        (&[][..], 75, false),
        (&["-E", "9"], 9, false),
        (&["-q", "-E", "0"], 0, true),
        (&["--wait=10ms"], 75, false),
    ] {
        let mut command = acquire_with(ANOTHER, &fixture, "077", arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(refused), "{output:?}");
        assert_eq!(output.stderr.is_empty(), quiet, "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    assert_eq!(fixture.files(), before);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    assert_eq!(owner.complaints(), "");
}

/// A second user that waits for a first one.
fn waits_for(fixture: &Fixture) -> (Contender, Contender) {
    let owner = owns_with(ONE, fixture, "077", &[]);
    let mut waiting = acquire_with(ANOTHER, fixture, "077", &["--json", "--wait"]);
    let mut waiting = Contender::start(&mut waiting);
    let line = waiting.line();
    assert!(line.contains("\"waiting\""), "{line}");
    (owner, waiting)
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_second_user_waits_and_gets_in_after_the_release() {
    let fixture = shared(GROUPS_ALONE);
    let (mut owner, mut waiting) = waits_for(&fixture);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    let line = waiting.line();
    assert!(line.contains("\"acquired\""), "{line}");
    assert_eq!(waiting.end(Signal::TERM).code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_second_user_that_waits_is_told_whose_a_dead_lock_is() {
    let fixture = shared(GROUPS_ALONE);
    let (mut owner, mut waiting) = waits_for(&fixture);
    let before = fixture.files();
    owner.end(Signal::KILL);
    let line = waiting.line();
    let told = "belongs to user 47101: the process that made it has ended, and only that user, or root, can take it over";
    assert!(line.contains(told), "{line}");
    assert_eq!(waiting.end_of_input().code(), Some(1));
    assert_eq!(fixture.files(), before);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_status_names_the_owner_of_a_lock_that_may_not_be_read() {
    let fixture = shared(GROUPS_ALONE);
    let mut owner = owns_with(ONE, &fixture, "077", &[]);
    let status = || {
        let mut command = Command::new(fixture.for_all(&lockhost()));
        ANOTHER.is_who_runs(command.arg("status").arg(fixture.path()));
        let output = command.output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(told).unwrap())
    };
    let (code, told) = status();
    assert_eq!(code, Some(0), "{told}");
    let line = format!(
        "pid {}, alive: the process is running; the file may not be read, and belongs to user 47101",
        owner.pid()
    );
    assert!(told.contains(&line), "{told}");
    assert!(told.contains("wait until it ends\n"), "{told}");
    // Nothing names it then.
    assert!(ANOTHER.does(&fixture, "rm -f \"$1\"/tinyforge.lock.1-*"));
    let (code, told) = status();
    assert_eq!(code, Some(4), "{told}");
    assert!(
        told.contains("ask user 47101, or root: only they may read the file"),
        "{told}"
    );
    owner.end(Signal::KILL);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_person_cannot_break_a_lock_that_may_not_be_read() {
    let fixture = shared(GROUPS_ALONE);
    let mut owner = owns_with(ONE, &fixture, "077", &[]);
    let before = fixture.files();
    let claim = before
        .iter()
        .find_map(|it| it.to_str()?.strip_prefix("tinyforge.lock."));
    for signal in [None, Some(Signal::KILL)] {
        signal.map(|signal| owner.end(signal));
        let mut command = Command::new(fixture.for_all(&lockhost()));
        command
            .args(["break", "--owner", claim.unwrap()])
            .arg(fixture.path());
        ANOTHER.is_who_runs(&mut command);
        let (code, line) = ended(command.output().unwrap());
        assert_ne!(code, Some(0));
        assert!(line.contains("belongs to user 47101"), "{line}");
        assert_eq!(fixture.files(), before);
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_group_judges_and_takes_over_a_lock_that_it_may_read() {
    let fixture = shared(GROUPS_ALONE);
    for mode in ["0640", "0660"] {
        let mut owner = owns_with(ONE, &fixture, "077", &["--mode", mode]);
        for file in fixture.files() {
            let seen = fs::metadata(fixture.path().join(file)).unwrap().mode();
            assert_eq!(format!("{:04o}", seen & 0o7777), mode);
        }
        let (code, line) = ANOTHER.is_kept_out(&fixture);
        assert_eq!(code, Some(75));
        assert!(!line.contains("belongs to"), "{line}");
        owner.end(Signal::KILL);
        let told = ANOTHER.gets_in(&fixture);
        assert!(told.contains("stale lockfile"), "{told}");
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_sticky_directory_keeps_a_dead_lock_for_its_user() {
    let fixture = shared(STICKY);
    let mut owner = owns_with(ONE, &fixture, "077", &["--mode=640"]);
    assert_eq!(ANOTHER.is_kept_out(&fixture).0, Some(75));
    owner.end(Signal::KILL);
    let before = fixture.files();
    let (code, line) = ANOTHER.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("may remove it from a directory with the sticky bit"),
        "{line}"
    );
    assert_eq!(fixture.files(), before);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_lock_has_exactly_its_mode_whatever_the_umask_is() {
    for umask in ["000", "022", "077", "777"] {
        for mode in [0o600, 0o620, 0o640, 0o660, 0o666] {
            let fixture = shared(GROUPS_ALONE);
            let text = format!("{mode:o}");
            let mut command = acquire_with(ONE, &fixture, umask, &[]);
            let mut owner = Contender::start(command.env("LOCKHOST_MODE", &text));
            assert_eq!(owner.answer(), Answer::Owns, "{}", owner.complaints());
            let seen = fs::metadata(fixture.lock()).unwrap().mode();
            assert_eq!(seen & 0o7777, mode, "{umask}");
            assert_eq!(owner.end(Signal::TERM).code(), Some(0));
        }
    }
}

#[test]
fn a_mode_that_no_lock_can_have_is_refused_at_once() {
    let fixture = Fixture::free();
    let missing = fixture.path().join("missing");
    for mode in [
        "0700", "0400", "0060", "4600", "2660", "1600", "0", "rw", "0o600",
    ] {
        let mut command = Command::new(lockhost());
        command
            .args(["acquire", "--mkdir", "--mode", mode])
            .arg(&missing);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{mode}");
        assert!(!missing.exists());
    }
}

// Who may write the directory, and puts something in the way

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn what_another_user_puts_in_the_locks_place_is_named() {
    for (script, refused, why) in [
        ("mkfifo \"$1/tinyforge.lock\"", 1, "is a special file"),
        ("mkdir \"$1/tinyforge.lock\"", 1, "is a directory"),
        (
            "ln -s /etc/passwd \"$1/tinyforge.lock\"",
            1,
            "is a symbolic link",
        ),
        (
            "ln -s tinyforge.lock \"$1/tinyforge.lock\"",
            1,
            "is a symbolic link",
        ),
        (
            "truncate -s 1T \"$1/tinyforge.lock\"",
            1,
            "is longer than any pid file",
        ),
        (
            "umask 077; echo 1 > \"$1/tinyforge.lock\"",
            75,
            "the file may not be read, and belongs to user 47102",
        ),
    ] {
        let fixture = shared(STICKY);
        assert!(ANOTHER.does(&fixture, script), "{script}");
        let (code, line) = ONE.is_kept_out(&fixture);
        assert_eq!(code, Some(refused), "{line}");
        assert!(line.contains(why), "{line}");
        assert_eq!(fixture.files(), ["tinyforge.lock"]);
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_writer_can_say_that_a_living_process_has_the_lock() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        assert!(ANOTHER.does(&fixture, "umask 022; echo 1 > \"$1/tinyforge.lock\""));
        let (code, line) = ONE.is_kept_out(&fixture);
        assert_eq!(code, Some(75));
        assert!(line.contains("lockhost break --owner=1@"), "{line}");
        // A person's word does not make a sticky directory another one.
        let (_, way_out) = line.split_once("--owner=").unwrap();
        let (identity, _) = way_out.split_once(' ').unwrap();
        let mut command = Command::new(fixture.for_all(&lockhost()));
        command
            .args(["break", "--owner", identity])
            .arg(fixture.path());
        ONE.is_who_runs(&mut command);
        let code = if mode == STICKY { 1 } else { 0 };
        assert_eq!(command.output().unwrap().status.code(), Some(code));
        assert_eq!(fixture.files().len(), code as usize);
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_users_reclaim_lock_delays_a_start_or_is_named() {
    let fixture = shared(STICKY);
    assert!(ANOTHER.does(&fixture, &format!("umask 077; echo 1 > \"$1/{RECLAIM}\"")));
    assert!(ONE.gets_in(&fixture).contains("warning: a reclaim lock"));
    assert!(ONE.does(
        &fixture,
        "umask 077; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let (code, line) = ONE.is_kept_out(&fixture);
    assert_eq!(code, Some(75));
    assert!(line.contains(&path(&fixture, RECLAIM)), "{line}");
    assert!(line.contains("and belongs to user 47102"), "{line}");
    assert_eq!(fixture.files(), ["tinyforge.lock", RECLAIM]);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn reclaim_locks_at_all_levels_end_in_an_error() {
    let fixture = shared(STICKY);
    let script = "umask 022; file=\"$1/tinyforge.lock\"; \
                  for level in 0 1 2 3 4 5 6 7 8; do echo 999999999 > \"$file\"; file=\"$file.reclaim\"; done";
    assert!(ANOTHER.does(&fixture, script));
    let before = fixture.files();
    let (code, line) = ONE.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("remove them when nobody is starting"),
        "{line}"
    );
    assert_eq!(fixture.files(), before);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn claims_under_our_names_cost_another_name_each() {
    let fixture = shared(STICKY);
    let mine = Identity::mine(Fixture::free().path());
    let at_barrier = fixture.for_all(Path::new(env!("CARGO_BIN_EXE_at-barrier")));
    for (last, gets_in) in [(3, true), (4096, false)] {
        // Its number and start stay when it becomes the program.
        let barrier = Barrier::new();
        let User(user, group) = ONE;
        let arguments = [
            format!("--regid={group}"),
            "--clear-groups".into(),
            at_barrier.to_str().unwrap().to_owned(),
            fixture.for_all(&lockhost()).to_str().unwrap().to_owned(),
            "acquire".into(),
            fixture.path().to_str().unwrap().to_owned(),
        ];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut contender =
            barrier.line_up("setpriv", Path::new(&format!("--reuid={user}")), &arguments);
        let claim = format!("tinyforge.lock.{}", mine.clone().of(contender.pid()).text());
        let script = format!(
            "cd \"$1\" && touch {claim} && for number in $(seq {last}); do : > {claim}-a$number; done"
        );
        assert!(ANOTHER.does(&fixture, &script));
        let before = fixture.files();
        barrier.open();
        match contender.answer() {
            Answer::Owns => {
                assert!(gets_in);
                assert_eq!(contender.end(Signal::TERM).code(), Some(0));
            }
            Answer::Ended(code, line) => {
                assert!(!gets_in, "{line}");
                assert_eq!(code, Some(1));
                assert!(
                    line.contains("cannot create") && line.contains("file exists"),
                    "{line}"
                );
            }
        }
        assert_eq!(fixture.files(), before);
        assert!(ANOTHER.does(&fixture, "rm -f \"$1\"/*"));
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_claim_of_somebody_dead_on_a_living_lock_makes_nobody_dead() {
    // Only its user, and root, can give a private file another name, where fs.protected_hardlinks is on.
    let fixture = shared(STICKY);
    let mut owner = ONE.owns(&fixture);
    let dead = Identity::mine(Fixture::free().path()).with('p', "999999999");
    let forged = path(&fixture, &format!("tinyforge.lock.{}", dead.text()));
    for file in fixture.files() {
        if file != "tinyforge.lock" {
            fs::rename(fixture.path().join(file), &forged).unwrap();
        }
    }
    let (code, line) = ONE.is_kept_out(&fixture);
    assert_eq!(code, Some(75));
    assert!(
        line.contains("the kernel keeps the file locked for pid"),
        "{line}"
    );
    owner.end(Signal::KILL);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed")]
fn whatever_is_created_is_created_exclusively() {
    // `fs.protected_regular` and `fs.protected_fifos` are about files that exist already and are opened with O_CREAT;
    // `fs.protected_hardlinks` about other users' files.
    let fixture = Fixture::stale();
    let calls = system_calls(&[], fixture.path());
    let creating =
        |call: &&SystemCall| call.touches(fixture.path()) && call.text.contains("O_CREAT");
    let creations: Vec<_> = calls.iter().filter(creating).collect();
    assert!(!creations.is_empty());
    for call in creations {
        assert!(call.text.contains("O_EXCL"), "{}", call.text);
    }
    let mut links = calls.iter().filter(|call| call.name == "linkat");
    assert!(
        links.all(|call| call.text.contains("\"tinyforge.lock.1-")),
        "its own claim"
    );
}

#[test]
#[cfg_attr(any(not_root, no_strace), ignore = "needs root and strace(1)")]
fn a_pipe_exchanged_in_at_the_last_moment_hangs_no_start() {
    let fixture = shared(WRITABLE).with("tinyforge.lock", "999999999\n");
    let calls = system_calls(&[], fixture.path());
    let looks = |call: &&SystemCall| call.name == "statx" && call.text.contains("tinyforge.lock\"");
    let look = calls.iter().find(looks).expect("it looks").nth;
    // That run took the lock over.
    let fixture = fixture.with("tinyforge.lock", "999999999\n");
    let mut starting = stopped_after(ONE, &fixture, "statx", look);
    assert!(ANOTHER.does(
        &fixture,
        "mkfifo -m 666 \"$1/pipe\" && mv -f \"$1/pipe\" \"$1/tinyforge.lock\""
    ));
    starting.signal(Signal::CONT);
    let Answer::Ended(Some(1), line) = starting.answer() else {
        panic!("a pipe is no lock");
    };
    assert!(
        line.contains("a named pipe, a socket or a device"),
        "{line}"
    );
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_lease_on_a_lock_delays_a_start_for_less_than_a_second() {
    let fixture = shared(WRITABLE);
    assert!(ANOTHER.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    // F_SETLEASE, F_WRLCK. The kernel asks for it back by SIGIO, in vain.
    let lease = "$SIG{IO} = \"IGNORE\"; open($file, \"+<\", $ARGV[0]) or die; \
                 fcntl($file, 1024, 1) or die; $| = 1; print \"ready\\n\"; <STDIN>";
    let keeper = ANOTHER.keeps(
        &fixture,
        &format!("exec perl -e '{lease}' \"$1/tinyforge.lock\""),
    );
    let (code, line) = ONE.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    assert!(line.contains("another process has a lease on it"), "{line}");
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
    let mut waiting = Contender::start(ONE.acquire(&fixture).args(["--json", "--wait"]));
    let line = waiting.line();
    assert!(line.contains("\"waiting\""), "{line}");
    drop(keeper);
    let line = waiting.line();
    assert!(line.contains("\"reclaimed\""), "{line}");
    let line = waiting.line();
    assert!(line.contains("\"acquired\""), "{line}");
    assert_eq!(waiting.end(Signal::TERM).code(), Some(0));
}

// Who may write the directory, and remove everybody's files

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_user_takes_over_a_stale_lock_that_all_may_remove() {
    let fixture = shared(WRITABLE);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    assert!(ANOTHER.gets_in(&fixture).contains("stale lockfile"));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn who_may_remove_a_living_owners_lock_gets_in_and_it_notices() {
    let fixture = shared(WRITABLE);
    let mut owner = ONE.owns(&fixture);
    // Or it may put its file back before the second one comes.
    owner.signal(Signal::STOP);
    assert!(ANOTHER.does(&fixture, "rm -f \"$1/tinyforge.lock\""));
    let mut second = ANOTHER.owns(&fixture);
    owner.signal(Signal::CONT);
    assert_eq!(owner.end(Signal::TERM).code(), Some(1));
    assert!(owner.complaints().contains("is lost"));
    assert_eq!(second.end(Signal::TERM).code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn who_removes_the_claim_of_a_living_owner_frees_nothing() {
    let fixture = shared(WRITABLE);
    let mut owner = ONE.owns(&fixture);
    assert!(ANOTHER.does(&fixture, "rm -f \"$1\"/tinyforge.lock.1-*"));
    assert_eq!(ANOTHER.is_kept_out(&fixture).0, Some(75));
    assert_eq!(ONE.is_kept_out(&fixture).0, Some(75));
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
}

#[test]
fn the_page_names_each_of_these_tests_and_no_other() {
    let page = include_str!("../../../host/docs/users.md");
    let words = page.split('`').skip(1).step_by(2);
    let named: BTreeSet<&str> = words
        .filter(|word| word.matches('_').count() > 3 && !word.contains(['(', ' ', '.']))
        .collect();
    let tests = include_str!("users.rs").lines();
    let tests: BTreeSet<&str> = tests
        .filter_map(|line| line.strip_prefix("fn ")?.split_once("()"))
        .map(|(test, _)| test)
        .filter(|test| !test.starts_with("the_page_"))
        .collect();
    assert_eq!(named, tests);
}
