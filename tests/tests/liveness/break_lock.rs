//! Breaking the lock of one owner, through the program and the API.

// A file that is kept locked keeps nobody from reading it there, and there are shells.
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
    identity::Identity,
    program::{lockhost, run, text},
    running::lock_of_somebody,
    scene::{NOBODY, Scene},
};

const RECLAIM: &str = "tinyforge.lock.reclaim";

/// The code, and what it printed, on standard output or standard error.
fn breaks(directory: &Path, owner: &str) -> (Option<i32>, String) {
    let output = run(&["break", "--owner", owner, text(directory)]);
    let lines = [output.stdout, output.stderr].concat();
    let lines = String::from_utf8(lines).expect("it speaks text");
    assert_eq!(lines.lines().count(), 1, "{lines}");
    (output.status.code(), lines)
}

/// Somebody of another PID namespace, who left no evidence: nobody can tell whether it lives.
fn unknown(number: &str) -> Identity {
    let mine = Identity::mine(Scene::free().path());
    mine.with('p', number).with('n', "1").without('e')
}

/// A lock of which its pid is all that is known, and that is this process'.
fn bare() -> (Scene, String) {
    let scene = Scene::free().with("tinyforge.lock", &format!("{}\n", process::id()));
    let error = acquire(scene.path()).expect_err("it looks held");
    let identity = error.holder().and_then(|holder| holder.identity());
    let identity = identity.expect("it has a pid and a time").to_owned();
    (scene, identity)
}

#[test]
fn the_lock_of_an_owner_that_nobody_can_judge_is_removed_and_the_directory_is_free() {
    let scene = Scene::free();
    let owner = unknown("7");
    owner.leave(&scene);
    assert_eq!(
        acquire(scene.path()).unwrap_err().kind(),
        ErrorKind::Held,
        "or there is nothing to break"
    );
    let (code, line) = breaks(scene.path(), &owner.text());
    assert_eq!(code, Some(0), "{line}");
    let lock = text(&scene.lock()).to_owned();
    assert!(line.contains(&lock), "{line}");
    assert!(
        line.contains("of pid 7, assumed to be dead as told"),
        "{line}"
    );
    // Its claim is in nobody's way: on a person's word it may be used again.
    assert_eq!(
        scene.files(),
        [format!("tinyforge.lock.{}", owner.text()).as_str()]
    );
    acquire(scene.path()).unwrap().release().unwrap();
}

#[test]
fn a_bare_pid_is_broken_by_its_pid_and_time() {
    let (scene, owner) = bare();
    let (code, line) = breaks(scene.path(), &owner);
    assert_eq!(code, Some(0), "{line}");
    assert!(scene.files().is_empty());
}

#[test]
fn a_certainly_dead_owner_is_broken_as_well() {
    let scene = Scene::stale();
    let status = lockhost::inspect(scene.path(), lockhost::DEFAULT_NAME).unwrap();
    let owner = status.holder().unwrap().identity().unwrap();
    let removed = break_lock(scene.path(), owner).unwrap();
    assert_eq!(removed[0].path(), scene.lock());
    assert!(matches!(removed[0].reason(), ReplacedReason::Dead(_)));
    assert!(scene.files().is_empty());
}

#[test]
fn an_owner_that_is_known_to_live_is_refused_and_nothing_is_changed() {
    let scene = Scene::free();
    let mut owner = Contender::owner(scene.path());
    let status = lockhost::inspect(scene.path(), lockhost::DEFAULT_NAME).unwrap();
    let identity = status.holder().unwrap().identity().unwrap();
    let before = scene.files();
    let (code, line) = breaks(scene.path(), identity);
    assert_eq!(code, Some(75), "{line}");
    assert!(line.contains(&format!("pid {}", owner.pid())), "{line}");
    assert_eq!(scene.files(), before);
    assert_eq!(owner.stop().code(), Some(0), "it lost nothing");
}

#[test]
fn somebody_elses_lock_is_not_broken() {
    let (scene, other) = bare();
    let before = scene.files();
    let (code, line) = breaks(scene.path(), "1-p7");
    assert_eq!(code, Some(1), "{line}");
    assert!(
        line.contains("is not 1-p7's") && line.contains(&other),
        "{line}"
    );
    assert_eq!(scene.files(), before);
    let error = break_lock(scene.path(), "1-p7").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotTheOwner);
    assert_eq!(error.path(), scene.lock());
    assert_eq!(error.holder().unwrap().pid(), Some(process::id()));
    assert!(!error.is_refusal());
}

#[test]
fn an_identity_is_useless_once_somebody_else_has_come() {
    let (scene, owner) = bare();
    let time = fs::metadata(scene.lock()).unwrap().modified().unwrap();
    let later = time + std::time::Duration::from_nanos(1_000_000_000);
    let lock = File::options().write(true).open(scene.lock()).unwrap();
    lock.set_modified(later).unwrap();
    assert_eq!(breaks(scene.path(), &owner).0, Some(1));
    assert!(scene.lock().exists());
}

#[test]
fn nobodys_lock_is_not_broken() {
    for scene in [Scene::free(), Scene::free().with("tinyforge.lock", "")] {
        let before = scene.files();
        let error = break_lock(scene.path(), "1-p7").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotTheOwner, "{error}");
        assert!(error.holder().is_none());
        assert_eq!(breaks(scene.path(), "1-p7").0, Some(1));
        assert_eq!(scene.files(), before);
    }
}

#[test]
fn what_is_no_lock_file_is_not_broken() {
    let scene = Scene::free();
    fs::create_dir(scene.lock()).unwrap();
    let (code, line) = breaks(scene.path(), "1-p7");
    assert_eq!(code, Some(1));
    assert!(line.contains("a directory"), "{line}");
    assert!(scene.lock().is_dir());
}

#[test]
fn a_reclaim_lock_of_the_owner_is_broken_with_the_dead_lock_that_it_was_replacing() {
    let scene = Scene::stale();
    let owner = unknown("7");
    owner.leave_at(&scene, &[RECLAIM]);
    let refused = acquire(scene.path()).unwrap_err();
    assert_eq!(refused.path(), scene.path().join(RECLAIM), "{refused}");
    let removed = break_lock(scene.path(), &owner.text()).unwrap();
    assert_eq!(removed.len(), 2);
    assert_eq!(removed[0].reason(), ReplacedReason::AssumedDead);
    assert!(matches!(removed[1].reason(), ReplacedReason::Dead(_)));
    assert_eq!(scene.files().len(), 1, "{:?}", scene.files());
    acquire(scene.path()).unwrap().release().unwrap();
}

#[test]
fn one_claim_under_two_names_is_one_owner() {
    // As a crash leaves it between linking the lock and dropping the reclaim lock.
    let scene = Scene::free();
    let owner = unknown("7");
    owner.leave_at(&scene, &["tinyforge.lock", RECLAIM]);
    let removed = break_lock(scene.path(), &owner.text()).unwrap();
    assert_eq!(removed.len(), 2);
    assert_eq!(scene.files().len(), 1, "{:?}", scene.files());
}

#[test]
fn another_programs_reclaim_lock_beside_a_free_lock_is_broken() {
    let scene = Scene::free().with(RECLAIM, &lock_of_somebody());
    let status = lockhost::inspect(scene.path(), lockhost::DEFAULT_NAME).unwrap();
    let owner = status.reclaims()[0].identity().unwrap();
    let removed = break_lock(scene.path(), owner).unwrap();
    assert_eq!(removed[0].path(), scene.path().join(RECLAIM));
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}

#[test]
fn a_reclaim_lock_with_a_claim_beside_a_free_lock_hinders_nobody_and_that_is_told() {
    let scene = Scene::free();
    let owner = unknown("7");
    owner.leave_at(&scene, &[RECLAIM]);
    // One in 64 looks for what is left over, and removes it then.
    match break_lock(scene.path(), &owner.text()) {
        Ok(removed) => assert_eq!(removed[0].path(), scene.path().join(RECLAIM)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotTheOwner);
            assert!(error.to_string().contains("hinders nobody"), "{error}");
            acquire(scene.path()).unwrap().release().unwrap();
            // It is broken once it does.
            fs::write(scene.lock(), NOBODY).unwrap();
            assert_eq!(break_lock(scene.path(), &owner.text()).unwrap().len(), 2);
        }
    }
    assert_eq!(scene.files().len(), 1, "{:?}", scene.files());
}

#[test]
fn two_owners_that_nobody_can_judge_are_in_each_others_way_and_the_refusal_says_what_to_do() {
    let scene = Scene::free();
    let (owner, reclaimer) = (unknown("7"), unknown("8"));
    owner.leave(&scene);
    reclaimer.leave_at(&scene, &[RECLAIM]);
    let before = scene.files();
    let reclaim = scene.path().join(RECLAIM);
    let way_out = format!(
        "remove {} by hand while nobody is starting",
        reclaim.display()
    );
    for (named, other) in [(&owner, &reclaimer), (&reclaimer, &owner)] {
        let (code, line) = breaks(scene.path(), &named.text());
        assert_eq!(code, Some(75), "{line}");
        let about = format!("if {} is then in the way", named.text());
        assert!(line.contains(&about) && line.contains(&way_out), "{line}");
        assert!(
            line.contains(&format!("--owner={}", other.text())),
            "{line}"
        );
    }
    let options = Options::new().assume_dead(owner.text());
    let told = options.acquire(scene.path()).unwrap_err().to_string();
    assert!(told.contains(&way_out), "{told}");
    assert_eq!(scene.files(), before);
    // And that works.
    fs::remove_file(reclaim).unwrap();
    break_lock(scene.path(), &owner.text()).unwrap();
    acquire(scene.path()).unwrap().release().unwrap();
}

#[test]
fn a_living_owner_is_safe_from_whoever_breaks_the_reclaim_lock_beside_it() {
    let scene = Scene::free();
    let mut owner = Contender::owner(scene.path());
    let reclaimer = unknown("8");
    reclaimer.leave_at(&scene, &[RECLAIM]);
    let (code, line) = breaks(scene.path(), &reclaimer.text());
    assert_eq!(code, Some(75), "{line}");
    assert!(line.contains(&format!("pid {}", owner.pid())), "{line}");
    assert_eq!(owner.stop().code(), Some(0));
}

#[test]
fn of_many_who_break_the_same_lock_at_once_one_removes_it_and_nothing_is_left() {
    let (scene, owner) = bare();
    let breakers: Vec<_> = (0..16)
        .map(|_| {
            Command::new(lockhost())
                .args(["break", "--owner", &owner])
                .arg(scene.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it can be started")
        })
        .collect();
    let mut removals = 0;
    for breaker in breakers {
        let output = breaker.wait_with_output().unwrap();
        // Some come when it is over, and some while another has the reclaim lock.
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 75)),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = BufReader::new(&output.stdout[..]).lines();
        removals += lines
            .map_while(Result::ok)
            .filter(|line| line.contains("assumed to be dead"))
            .count();
    }
    assert_eq!(removals, 1, "one of them removed it");
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}

#[test]
fn another_lock_name_is_another_lock() {
    let scene = Scene::free().with("app.pid", "1\n");
    let status = lockhost::inspect(scene.path(), "app.pid").unwrap();
    let owner = status.holder().unwrap().identity().unwrap();
    assert_eq!(breaks(scene.path(), owner).0, Some(1));
    let output = run(&[
        "break",
        "--name=app.pid",
        "--owner",
        owner,
        text(scene.path()),
    ]);
    assert_eq!(output.status.code(), Some(0));
    assert!(scene.files().is_empty());
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
