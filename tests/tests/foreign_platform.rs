//! Programs that are built for other systems than Linux, as far as they can run here: `LOCKHOST_PLATFORM` in
//! `host/build.rs`. `.ci/foreign-platform` makes them, and names the first, without Linux's own features, in
//! `LOCKHOST_PROGRAM`. Beside its folder lies `unknown`, with one that cannot inspect processes either. The library in these tests is
//! that of Linux.
//!
//! On Linux alone: the programs are built for it.
#![cfg(target_os = "linux")]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use lockhost::{
    DEFAULT_NAME, Liveness, Options, State, UnknownReason, acquire, inspect, process::Identity,
};
use lockhost_tests::{
    contender::{Answer, Contender, send},
    fixture::Fixture,
    program::{ended, lockhost},
    under_lock::{passes_on, ready, told, under_lock, until},
};
use rustix::process::Signal;

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

/// Returns the program to which all processes are unknown.
fn unknown() -> PathBuf {
    let posix = lockhost();
    let programs = posix
        .ancestors()
        .nth(2)
        .expect("it lies in a folder of its own");
    programs.join("unknown/lockhost")
}

/// Returns the command, by the program to which all processes are unknown.
fn by_unknown(command: &Command) -> Command {
    let mut unknown = Command::new(unknown());
    unknown.args(command.get_args());
    unknown
}

fn refused(output: Output) -> String {
    let (code, line) = ended(output);
    assert_eq!(code, Some(75), "{line}");
    line
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn an_owner_is_refused_to_linux_and_the_other_way_round() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let refusal = acquire(fixture.path()).unwrap_err();
    assert_eq!(refusal.holder().unwrap().pid(), Some(owner.pid()));
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    let lock = acquire(fixture.path()).unwrap();
    refused(under_lock(&[], fixture.path(), &[]).output().unwrap());
    lock.release().unwrap();
    let mut owner = Contender::owner(fixture.path());
    owner.end(Signal::KILL);
    acquire(fixture.path()).unwrap().release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn where_processes_are_unknown_both_programs_exclude_each_other() {
    let fixture = Fixture::free();
    let mut owner = Contender::start(&mut by_unknown(&under_lock(&[], fixture.path(), &[])));
    assert_eq!(owner.answer(), Answer::Owns);
    let refusal = acquire(fixture.path()).unwrap_err();
    let holder = refusal.holder().unwrap();
    assert_eq!(holder.pid(), Some(owner.pid()));
    assert_eq!(
        holder.liveness(),
        Liveness::Unknown(UnknownReason::Unreadable)
    );
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    let lock = acquire(fixture.path()).unwrap();
    let line = refused(
        by_unknown(&under_lock(&[], fixture.path(), &[]))
            .output()
            .unwrap(),
    );
    assert!(
        line.contains("invisible process; liveness unknown"),
        "{line}"
    );
    lock.release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn where_processes_are_unknown_a_person_decides_on_a_killed_one() {
    let fixture = Fixture::free();
    let mut owner = Contender::start(&mut by_unknown(&under_lock(&[], fixture.path(), &[])));
    assert_eq!(owner.answer(), Answer::Owns);
    owner.end(Signal::KILL);
    let attempt = by_unknown(&under_lock(&[], fixture.path(), &[]));
    let attempt = || {
        Command::new(attempt.get_program())
            .args(attempt.get_args())
            .output()
            .unwrap()
    };
    refused(attempt());
    let status = inspect(fixture.path(), DEFAULT_NAME).unwrap();
    assert_eq!(status.state(), State::Unknown);
    let identity = status.holder().unwrap().identity().unwrap().to_owned();
    // It names no more facts than it knows.
    let known: Identity = identity.parse().unwrap();
    assert_eq!(identity, format!("1-p{}", owner.pid()));
    assert!(!known.promises_evidence());
    let assumed = format!("--assume-dead={identity}");
    let command = under_lock(&[&assumed], fixture.path(), &["true"]);
    let output = by_unknown(&command).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // The dead owner's claim stays: no sweeper can know whether its maker is dead.
    assert_eq!(
        fixture.files(),
        [format!("{DEFAULT_NAME}.{identity}").as_str()]
    );
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn who_waits_gets_in_without_a_notification() {
    for program in [lockhost(), unknown()] {
        let fixture = Fixture::free();
        let lock = acquire(fixture.path()).unwrap();
        let mut command = Command::new(&program);
        command.args(["acquire", "-v", "--wait", "--wait-for-ancestor"]);
        command.arg(fixture.path());
        let mut waiter = Contender::start(&mut told(&command));
        let line = waiter.line();
        assert!(line.starts_with("lockhost: waiting for "), "{line}");
        lock.release().unwrap();
        let mut line = waiter.line();
        // A warning about the guarantee where no file systems are known.
        while line.starts_with("lockhost: warning: ") {
            line = waiter.line();
        }
        assert!(line.starts_with("acquired "), "{line}");
        assert_eq!(waiter.end(Signal::INT).code(), Some(0));
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn a_signal_ends_the_wait_and_nothing_is_left() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let fixture = Fixture::free();
        let lock = acquire(fixture.path()).unwrap();
        let options = ["-v", "--wait", "--wait-for-ancestor"];
        let mut waiter = Contender::start(&mut told(&under_lock(&options, fixture.path(), &[])));
        assert!(waiter.line().starts_with("lockhost: waiting for "));
        assert_eq!(waiter.end(signal).code(), Some(code));
        lock.release().unwrap();
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn signals_that_no_key_sends_are_passed_on_once() {
    let fixture = Fixture::free();
    let mut command = under_lock(&[], fixture.path(), &[HEARING]);
    let mut owner = Contender::start(&mut command);
    ready(&mut owner);
    // The sender of a key's signal is not reported, and a key also signals the command.
    for signal in [Signal::INT, Signal::QUIT, Signal::TSTP, Signal::WINCH] {
        owner.signal(signal);
    }
    let signals = [
        (Signal::TERM, "SIGTERM"),
        (Signal::HUP, "SIGHUP"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::CONT, "SIGCONT"),
        (Signal::TERM, "SIGTERM"),
    ];
    passes_on(&mut owner, &signals);
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert_eq!(owner.line(), "");
    assert!(fixture.files().is_empty());
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn the_command_of_a_killed_owner_goes_on_and_keeps_its_lock() {
    let fixture = Fixture::free();
    let mut owner = Contender::start(&mut under_lock(&[], fixture.path(), &[HEARING]));
    let (command, lock) = ready(&mut owner);
    owner.end(Signal::KILL);
    let refusal = acquire(fixture.path()).unwrap_err();
    assert_eq!(refusal.holder().unwrap().pid(), Some(lock));
    send(command, Signal::USR1).expect("it is there");
    assert_eq!(owner.line(), "heard SIGUSR1", "and no SIGTERM");
    send(command, Signal::USR2).expect("it is there");
    until("it has ended", || acquire(fixture.path()).is_ok());
    assert!(fixture.files().is_empty());
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn with_close_a_command_that_goes_on_keeps_nothing() {
    let fixture = Fixture::free();
    let mut owner = Contender::start(&mut under_lock(&["--close"], fixture.path(), &[HEARING]));
    let (command, lock) = ready(&mut owner);
    owner.end(Signal::KILL);
    let taken = acquire(fixture.path()).unwrap();
    assert_eq!(taken.replaced()[0].pid(), Some(lock));
    send(command, Signal::USR2).expect("it is there");
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn waiting_for_descendants_is_refused_before_anything_runs() {
    let fixture = Fixture::free();
    let output = under_lock(&["--all"], fixture.path(), &["echo", "ran"])
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"");
    let (code, line) = ended(output);
    assert_eq!(code, Some(1), "{line}");
    assert!(line.contains("cannot wait for descendants"), "{line}");
    assert!(fixture.files().is_empty());
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn among_sixteen_of_three_kinds_exactly_one_gets_in() {
    let programs = [lockhost(), unknown()];
    for round in 0..4 {
        let fixture = Fixture::free();
        let mut contenders: Vec<_> = (0..16)
            .map(|nth| {
                let mut command = Command::new(&programs[(nth + round) % 2]);
                Contender::start(command.arg("acquire").arg(fixture.path()))
            })
            .collect();
        let own = Options::new().acquire(fixture.path());
        let answers: Vec<_> = contenders.iter_mut().map(Contender::answer).collect();
        let owners = answers.iter().filter(|it| **it == Answer::Owns).count();
        assert_eq!(owners + usize::from(own.is_ok()), 1, "{answers:?}, {own:?}");
        assert!(
            answers
                .iter()
                .all(|it| *it == Answer::Owns || it.is_refusal()),
            "{answers:?}"
        );
    }
}

#[test]
#[ignore = "for the programs that .ci/foreign-platform makes"]
fn a_coordinator_is_refused_and_nothing_is_made() {
    let fixture = Fixture::free();
    for command in [&[][..], &["true"]] {
        let options = ["--coordinator=memory://x?directory=data"];
        let output = under_lock(&options, fixture.path(), command).output();
        let (code, line) = ended(output.unwrap());
        assert_eq!(code, Some(1), "{line}");
        assert!(line.contains("works on Linux only"), "{line}");
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}
