//! Hard links that a policy denies to a process, on a file system that has them: such a process makes its lock in
//! place, and the kernel keeps evidence on it.

use std::{
    fs::{self, File, TryLockError},
    process::Command,
};

use lockhost::{AliveReason, Liveness, Options, acquire};
use lockhost_tests::{
    contender::{ACQUIRE, Answer, Barrier, Contender, owners, rounds, send},
    fixture::{Fixture, NO_PROCESS},
    program::{lockhost, run},
    seccomp::deny_links,
    strace,
};
use rustix::process::Signal;

use super::{LOCK, RECLAIM};

/// The errors of policies: seccomp returns that of its filter, security modules EACCES.
const ANSWERS: [i32; 3] = [libc::EPERM, libc::EACCES, libc::ENOSYS];

fn acquire_denied(fixture: &Fixture, errno: i32) -> Contender {
    let mut command = Command::new(lockhost());
    command.args(ACQUIRE).arg(fixture.path());
    deny_links(&mut command, errno);
    Contender::start(&mut command)
}

fn owner_denied(fixture: &Fixture) -> Contender {
    let mut owner = acquire_denied(fixture, libc::EPERM);
    assert_eq!(owner.answer(), Answer::Owns);
    owner
}

/// Asserts that the lock is a pid file that the kernel keeps locked, and that there is no claim.
fn is_in_place(fixture: &Fixture, owner: &Contender) {
    assert_eq!(fixture.files(), [LOCK]);
    let content = fs::read_to_string(fixture.lock()).unwrap();
    assert_eq!(content, format!("{}\n", owner.pid()));
    let file = File::open(fixture.lock()).unwrap();
    assert!(matches!(
        file.try_lock_shared(),
        Err(TryLockError::WouldBlock)
    ));
}

fn is_refused(mut contender: Contender, owner: u32) {
    let Answer::Ended(Some(75), told) = contender.answer() else {
        panic!("two owners");
    };
    assert!(told.contains(&format!("pid {owner}")), "{told}");
}

#[test]
fn denied_links_make_a_lock_in_place_with_evidence() {
    for errno in ANSWERS {
        let fixture = Fixture::free();
        let mut owner = acquire_denied(&fixture, errno);
        assert_eq!(owner.answer(), Answer::Owns, "{errno}");
        is_in_place(&fixture, &owner);
        assert_eq!(owner.end(Signal::TERM).code(), Some(0));
        assert!(owner.complaints().contains("hard links are denied"));
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn links_denied_by_name_make_a_lock_in_place() {
    for error in ["EPERM", "EACCES", "ENOSYS"] {
        let fixture = Fixture::free();
        let inject = format!("linkat:error={error}");
        let mut owner = strace::acquire_with(&[&inject], fixture.path());
        assert_eq!(owner.answer(), Answer::Owns, "{error}");
        is_in_place(&fixture, &owner);
        assert_eq!(owner.end(Signal::TERM).code(), Some(0));
        assert!(fixture.files().is_empty());
    }
}

#[test]
fn a_lock_in_place_and_a_linked_one_exclude_each_other() {
    let fixture = Fixture::free();
    let mut owner = owner_denied(&fixture);
    is_refused(Contender::acquire(fixture.path()), owner.pid());
    is_refused(acquire_denied(&fixture, libc::EACCES), owner.pid());
    is_in_place(&fixture, &owner);
    owner.end(Signal::TERM);
    let mut owner = Contender::owner(fixture.path());
    is_refused(acquire_denied(&fixture, libc::EPERM), owner.pid());
    assert_eq!(fixture.files().len(), 2, "the lock and its claim");
    owner.end(Signal::TERM);
    assert!(fixture.files().is_empty());
}

#[test]
fn a_killed_owner_in_place_is_taken_over() {
    let fixture = Fixture::free();
    owner_denied(&fixture).kill();
    let lock = acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced().len(), 1);
    assert!(lock.is_claimed() && lock.has_evidence());
    lock.release().unwrap();
    Contender::owner(fixture.path()).kill();
    let mut owner = owner_denied(&fixture);
    is_in_place(&fixture, &owner);
    owner.end(Signal::TERM);
    assert!(fixture.files().is_empty());
}

#[test]
fn an_owner_in_place_that_swept_hands_its_evidence_over() {
    // The owner acquires the reclaim lock that was left, only to drop it, and guards that file after its lock.
    let fixture = Fixture::free().with(RECLAIM, NO_PROCESS);
    let mut command = Command::new(lockhost());
    command.args(ACQUIRE).arg(fixture.path());
    // The kernel reports the owner's end to the command by SIGTERM.
    command.args(["--", "sh", "-c", "trap '' TERM; echo $$; exec sleep 600"]);
    deny_links(&mut command, libc::EPERM);
    let mut owner = Contender::start(&mut command);
    let command: u32 = owner.line().parse().expect("the command's pid");
    assert_eq!(fixture.files(), [LOCK]);
    owner.kill();
    let refused = acquire(fixture.path()).unwrap_err();
    send(command, Signal::KILL).unwrap();
    let liveness = refused.holder().unwrap().liveness();
    assert_eq!(liveness, Liveness::Alive(AliveReason::Evidence));
}

#[test]
#[cfg_attr(no_namespaces, ignore = "there are no PID namespaces to be had")]
fn an_owner_in_place_is_respected_from_another_pid_namespace() {
    let fixture = Fixture::free();
    let mut owner = owner_denied(&fixture);
    let elsewhere = || {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.arg(lockhost()).args(ACQUIRE).arg(fixture.path());
        Contender::start(&mut command)
    };
    let Answer::Ended(Some(75), told) = elsewhere().answer() else {
        panic!("two owners");
    };
    assert!(told.contains(": the kernel keeps it locked\n"), "{told}");
    owner.kill();
    assert_eq!(elsewhere().answer(), Answer::Owns);
}

#[test]
fn of_eight_with_links_and_eight_without_exactly_one_gets_in() {
    let fixtures: [fn() -> Fixture; 4] = [
        Fixture::free,
        Fixture::stale,
        || Fixture::stale().with(RECLAIM, NO_PROCESS),
        || Fixture::free().with_old(LOCK, ""),
    ];
    for _ in 0..rounds() {
        for fixture in fixtures {
            race(&fixture());
        }
    }
    println!("links denied to half of 16: 4 times {} rounds", rounds());
}

fn race(fixture: &Fixture) {
    let barrier = Barrier::new();
    let mut contenders: Vec<_> = (0..16)
        .map(|number| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_at-barrier"));
            command.arg(lockhost()).args(ACQUIRE).arg(fixture.path());
            if number % 2 == 0 {
                deny_links(&mut command, libc::EPERM);
            }
            barrier.line_up_as(command)
        })
        .collect();
    barrier.open();
    let (count, answers) = owners(&mut contenders);
    assert_eq!(count, 1, "owners among {answers:#?}");
    let refused = answers.iter().filter(|answer| answer.is_refusal()).count();
    assert_eq!(refused, 15, "refusals among {answers:#?}");
    for (contender, answer) in contenders.iter_mut().zip(answers) {
        if answer == Answer::Owns {
            assert_eq!(contender.end(Signal::TERM).code(), Some(0));
        }
    }
    let lock = Options::new().acquire(fixture.path()).unwrap();
    lock.release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn doctor_says_that_links_are_denied_to_this_process() {
    let fixture = Fixture::free();
    let path = fixture.path().to_str().expect("its path is text");
    let mut command = Command::new(lockhost());
    command.args(["doctor", path]);
    deny_links(&mut command, libc::EPERM);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let verdict = told.lines().last().unwrap_or_default();
    assert!(
        verdict.starts_with("verdict: hard links are denied to this process"),
        "{told}"
    );
    let allowed = run(&["doctor", path]);
    assert!(!String::from_utf8_lossy(&allowed.stdout).contains("denied"));
}
