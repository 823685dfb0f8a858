//! Breaking the lock of one owner, through the program and the API.

// On Unix every process can read a file that is kept locked, and there are shells.
#[cfg(unix)]
mod unix;

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{self, Command, Stdio},
};

use lockhost::{ErrorKind, Options, ReplacedReason, acquire, break_lock};
use lockhost_tests::{
    contender::Contender,
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    program::{is_one_message, lockhost, run, text},
    running::lock_of_another_process,
};

const RECLAIM: &str = "tinyforge.lock.reclaim";

/// Returns the code, and the output on standard output or standard error.
fn breaks(directory: &Path, owner: &str) -> (Option<i32>, String) {
    let output = run(&["break", "--owner", owner, text(directory)]);
    let lines = [output.stdout, output.stderr].concat();
    let lines = String::from_utf8(lines).expect("it speaks text");
    assert!(is_one_message(&lines), "{lines}");
    (output.status.code(), lines)
}

/// Returns an owner in another PID namespace, which left no evidence: the host cannot know whether it lives.
fn unknown(number: &str) -> Identity {
    let mine = Identity::mine(Fixture::free().path());
    mine.with('p', number).with('n', "1").without('e')
}

/// Returns a lock of which only the pid is known, and that is this process's.
fn bare() -> (Fixture, String) {
    let fixture = Fixture::free().with("tinyforge.lock", &format!("{}\n", process::id()));
    let error = acquire(fixture.path()).expect_err("it looks held");
    let identity = error.holder().and_then(|holder| holder.identity());
    let identity = identity.expect("it has a pid and a time").to_owned();
    (fixture, identity)
}

#[test]
fn the_lock_of_an_owner_that_cannot_be_judged_is_removed() {
    let fixture = Fixture::free();
    let owner = unknown("7");
    owner.leave(&fixture);
    assert_eq!(
        acquire(fixture.path()).unwrap_err().kind(),
        ErrorKind::Held,
        "or there is nothing to break"
    );
    let (code, line) = breaks(fixture.path(), &owner.text());
    assert_eq!(code, Some(0), "{line}");
    let lock = text(&fixture.lock()).to_owned();
    assert!(line.contains(&lock), "{line}");
    assert!(line.contains("of pid 7, assumed dead by request"), "{line}");
    // Its claim blocks no process: a user's word does not keep its maker from using it again.
    assert_eq!(
        fixture.files(),
        [format!("tinyforge.lock.{}", owner.text()).as_str()]
    );
    acquire(fixture.path()).unwrap().release().unwrap();
}

#[test]
fn a_bare_pid_is_broken_by_its_pid_and_time() {
    let (fixture, owner) = bare();
    let (code, line) = breaks(fixture.path(), &owner);
    assert_eq!(code, Some(0), "{line}");
    assert!(fixture.files().is_empty());
}

#[test]
fn a_certainly_dead_owner_is_broken_as_well() {
    let fixture = Fixture::stale();
    let status = lockhost::inspect(fixture.path(), lockhost::DEFAULT_NAME).unwrap();
    let owner = status.holder().unwrap().identity().unwrap();
    let removed = break_lock(fixture.path(), owner).unwrap();
    assert_eq!(removed[0].path(), fixture.lock());
    assert!(matches!(removed[0].reason(), ReplacedReason::Dead(_)));
    assert!(fixture.files().is_empty());
}

#[test]
fn a_break_of_a_living_owners_lock_changes_nothing() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let status = lockhost::inspect(fixture.path(), lockhost::DEFAULT_NAME).unwrap();
    let identity = status.holder().unwrap().identity().unwrap();
    let before = fixture.files();
    let (code, line) = breaks(fixture.path(), identity);
    assert_eq!(code, Some(75), "{line}");
    assert!(line.contains(&format!("pid {}", owner.pid())), "{line}");
    assert_eq!(fixture.files(), before);
    assert_eq!(owner.stop().code(), Some(0), "it lost nothing");
}

#[test]
fn the_lock_of_another_owner_is_not_broken() {
    let (fixture, other) = bare();
    let before = fixture.files();
    let (code, line) = breaks(fixture.path(), "1-p7");
    assert_eq!(code, Some(1), "{line}");
    assert!(
        line.contains("cannot break the lock of 1-p7: ") && line.contains(&other),
        "{line}"
    );
    assert_eq!(fixture.files(), before);
    let error = break_lock(fixture.path(), "1-p7").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotTheOwner);
    assert_eq!(error.path(), fixture.lock());
    assert_eq!(error.holder().unwrap().pid(), Some(process::id()));
    assert!(!error.is_refusal());
}

#[test]
fn an_identity_is_useless_once_another_owner_came() {
    let (fixture, owner) = bare();
    let time = fs::metadata(fixture.lock()).unwrap().modified().unwrap();
    let later = time + std::time::Duration::from_nanos(1_000_000_000);
    let lock = File::options().write(true).open(fixture.lock()).unwrap();
    lock.set_modified(later).unwrap();
    assert_eq!(breaks(fixture.path(), &owner).0, Some(1));
    assert!(fixture.lock().exists());
}

#[test]
fn a_lock_without_an_owner_is_not_broken() {
    for fixture in [Fixture::free(), Fixture::free().with("tinyforge.lock", "")] {
        let before = fixture.files();
        let error = break_lock(fixture.path(), "1-p7").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotTheOwner, "{error}");
        assert!(error.holder().is_none());
        assert_eq!(breaks(fixture.path(), "1-p7").0, Some(1));
        assert_eq!(fixture.files(), before);
    }
}

#[test]
fn what_is_no_lock_file_is_not_broken() {
    let fixture = Fixture::free();
    fs::create_dir(fixture.lock()).unwrap();
    let (code, line) = breaks(fixture.path(), "1-p7");
    assert_eq!(code, Some(1));
    assert!(line.contains("a directory"), "{line}");
    assert!(fixture.lock().is_dir());
}

#[test]
fn a_reclaim_lock_is_broken_with_the_dead_lock_it_replaces() {
    let fixture = Fixture::stale();
    let owner = unknown("7");
    owner.leave_at(&fixture, &[RECLAIM]);
    let refused = acquire(fixture.path()).unwrap_err();
    assert_eq!(refused.path(), fixture.path().join(RECLAIM), "{refused}");
    let removed = break_lock(fixture.path(), &owner.text()).unwrap();
    assert_eq!(removed.len(), 2);
    assert_eq!(removed[0].reason(), ReplacedReason::AssumedDead);
    assert!(matches!(removed[1].reason(), ReplacedReason::Dead(_)));
    assert_eq!(fixture.files().len(), 1, "{:?}", fixture.files());
    acquire(fixture.path()).unwrap().release().unwrap();
}

#[test]
fn one_claim_under_two_names_is_one_owner() {
    // As a crash leaves it between linking the lock and dropping the reclaim lock.
    let fixture = Fixture::free();
    let owner = unknown("7");
    owner.leave_at(&fixture, &["tinyforge.lock", RECLAIM]);
    let removed = break_lock(fixture.path(), &owner.text()).unwrap();
    assert_eq!(removed.len(), 2);
    assert_eq!(fixture.files().len(), 1, "{:?}", fixture.files());
}

#[test]
fn another_programs_reclaim_lock_beside_a_free_lock_is_broken() {
    let fixture = Fixture::free().with(RECLAIM, &lock_of_another_process());
    let status = lockhost::inspect(fixture.path(), lockhost::DEFAULT_NAME).unwrap();
    let owner = status.reclaims()[0].identity().unwrap();
    let removed = break_lock(fixture.path(), owner).unwrap();
    assert_eq!(removed[0].path(), fixture.path().join(RECLAIM));
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn a_reclaim_lock_beside_a_free_lock_needs_no_break() {
    let fixture = Fixture::free();
    let owner = unknown("7");
    owner.leave_at(&fixture, &[RECLAIM]);
    // One in 64 checks for leftovers, and removes it then.
    match break_lock(fixture.path(), &owner.text()) {
        Ok(removed) => assert_eq!(removed[0].path(), fixture.path().join(RECLAIM)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotTheOwner);
            assert!(error.to_string().contains("blocks no process"), "{error}");
            acquire(fixture.path()).unwrap().release().unwrap();
            // It is broken once it does.
            fs::write(fixture.lock(), NO_PROCESS).unwrap();
            assert_eq!(break_lock(fixture.path(), &owner.text()).unwrap().len(), 2);
        }
    }
    assert_eq!(fixture.files().len(), 1, "{:?}", fixture.files());
}

#[test]
fn of_two_unknown_owners_the_refusal_says_what_to_do() {
    let fixture = Fixture::free();
    let (owner, reclaimer) = (unknown("7"), unknown("8"));
    owner.leave(&fixture);
    reclaimer.leave_at(&fixture, &[RECLAIM]);
    let before = fixture.files();
    let reclaim = fixture.path().join(RECLAIM);
    let way_out = format!("remove {} while no process starts", reclaim.display());
    for (named, other) in [(&owner, &reclaimer), (&reclaimer, &owner)] {
        let (code, line) = breaks(fixture.path(), &named.text());
        assert_eq!(code, Some(75), "{line}");
        let (named, other) = (named.text(), other.text());
        let hint = format!("  hint: if {other} and {named} are certainly dead: {way_out}\n");
        assert!(line.ends_with(&hint), "{line}");
    }
    let options = Options::new().assume_dead(owner.text());
    let refused = options.acquire(fixture.path()).unwrap_err();
    let hint = refused.hint().unwrap();
    assert!(hint.contains(&way_out), "{hint}");
    assert_eq!(fixture.files(), before);
    // And that works.
    fs::remove_file(reclaim).unwrap();
    break_lock(fixture.path(), &owner.text()).unwrap();
    acquire(fixture.path()).unwrap().release().unwrap();
}

#[test]
fn a_living_owner_is_safe_from_a_break_of_the_reclaim_lock() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let reclaimer = unknown("8");
    reclaimer.leave_at(&fixture, &[RECLAIM]);
    let (code, line) = breaks(fixture.path(), &reclaimer.text());
    assert_eq!(code, Some(75), "{line}");
    assert!(line.contains(&format!("pid {}", owner.pid())), "{line}");
    assert_eq!(owner.stop().code(), Some(0));
}

#[test]
fn of_many_breaks_at_once_one_removes_the_lock() {
    let (fixture, owner) = bare();
    let breakers: Vec<_> = (0..16)
        .map(|_| {
            Command::new(lockhost())
                .args(["break", "--owner", &owner])
                .arg(fixture.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it can be started")
        })
        .collect();
    let mut removals = 0;
    for breaker in breakers {
        let output = breaker.wait_with_output().unwrap();
        // Some run when it is over, and some while another has the reclaim lock.
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 75)),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = BufReader::new(&output.stdout[..]).lines();
        removals += lines
            .map_while(Result::ok)
            .filter(|line| line.contains("assumed dead"))
            .count();
    }
    assert_eq!(removals, 1, "one of them removed it");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn another_lock_name_is_another_lock() {
    let fixture = Fixture::free().with("app.pid", "1\n");
    let status = lockhost::inspect(fixture.path(), "app.pid").unwrap();
    let owner = status.holder().unwrap().identity().unwrap();
    assert_eq!(breaks(fixture.path(), owner).0, Some(1));
    let output = run(&[
        "break",
        "--name=app.pid",
        "--owner",
        owner,
        text(fixture.path()),
    ]);
    assert_eq!(output.status.code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
fn wrong_usage_exits_with_2_and_help_with_0() {
    for arguments in [
        &["break", "."][..],
        &["break", "--owner=1-p7"],
        &["break", "--owner=1-p7", "--name=x", "."],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(run(&["break", "--help"]).status.code(), Some(0));
}
