//! Users who may write the directory, and put something in the way.

use std::{fs, path::Path, process::Command};

use lockhost_tests::{
    contender::{Answer, Barrier, Contender},
    fixture::Fixture,
    identity::Identity,
    program::{lockhost, text},
    strace::{SystemCall, system_calls},
};
use rustix::process::Signal;

use super::fixtures::{ANOTHER, ONE, STICKY, User, WRITABLE, shared, stopped_after};

const RECLAIM: &str = "tinyforge.lock.reclaim";

fn path(fixture: &Fixture, file: &str) -> String {
    text(&fixture.path().join(file)).to_owned()
}

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
            "no claim; liveness unknown\n  hint: ask user 47102 or root",
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
        // The user's word does not change a sticky directory.
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
    assert!(
        ONE.gets_in(&fixture)
            .contains("warning: ignored a reclaim lock")
    );
    assert!(ONE.does(
        &fixture,
        "umask 077; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let (code, line) = ONE.is_kept_out(&fixture);
    assert_eq!(code, Some(75));
    assert!(line.contains(&path(&fixture, RECLAIM)), "{line}");
    assert!(line.contains("  hint: ask user 47102 or root"), "{line}");
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
        line.contains("  hint: remove these reclaim locks while no process starts"),
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
        // Its pid and start stay when it becomes the program.
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
fn a_dead_owners_claim_on_a_living_lock_makes_no_owner_dead() {
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
    assert!(line.contains(": kept by pid "), "{line}");
    owner.end(Signal::KILL);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed")]
fn whatever_is_created_is_created_exclusively() {
    // `fs.protected_regular` and `fs.protected_fifos` concern files that exist already and are opened with O_CREAT;
    // `fs.protected_hardlinks` concerns other users' files.
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
#[cfg_attr(not_root_or_no_strace, ignore = "needs root and strace(1)")]
fn a_pipe_exchanged_in_at_the_last_moment_hangs_no_start() {
    let fixture = shared(WRITABLE).with("tinyforge.lock", "999999999\n");
    let calls = system_calls(&[], fixture.path());
    // Each backend looks by a call of its own.
    let looks = |call: &&SystemCall| {
        ["statx", "newfstatat"].contains(&&*call.name) && call.text.contains("tinyforge.lock\"")
    };
    let look = calls.iter().find(looks).expect("it looks");
    // That run took the lock over.
    let fixture = fixture.with("tinyforge.lock", "999999999\n");
    let mut starting = stopped_after(ONE, &fixture, &look.name, look.nth);
    assert!(ANOTHER.does(
        &fixture,
        "mkfifo -m 666 \"$1/pipe\" && mv -f \"$1/pipe\" \"$1/tinyforge.lock\""
    ));
    starting.signal(Signal::CONT);
    let Answer::Ended(Some(1), line) = starting.answer() else {
        panic!("a pipe is no lock");
    };
    assert!(line.contains("a named pipe, socket or device"), "{line}");
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
    // F_SETLEASE, F_WRLCK. The kernel asks for the lease back by SIGIO, in vain.
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
