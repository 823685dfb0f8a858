//! The example in `host/examples/node`: the committed component under Node.js, beside the native program.
//!
//! `LOCKHOST_ROUNDS` sets how many rounds the races get: a quarter of that each (2 by default), since Node.js is slow
//! to start.

#![cfg(target_os = "linux")]

mod example;

use std::{fs::File, process::Command};

use lockhost_tests::{
    contender::{Answer, Barrier, Contender, owners, rounds},
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    jitter::Jitter,
    pair::{ends, exclude_each_other, gets_in, is_refused, native, take_over_from_each_other},
    program::lockhost,
};

/// A pid beyond Linux's largest.
const DEAD: u32 = 999_999_999;

fn node(fixture: &Fixture) -> Contender {
    let main = example::built().join("main.js");
    Contender::start(Command::new("node").arg(main).arg(fixture.path()))
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn node_and_the_program_exclude_each_other() {
    exclude_each_other([node, native]);
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn each_takes_over_what_the_other_left() {
    take_over_from_each_other([node, native]);
}

/// Asserts Node.js's message about an owner, which refuses it as this one does.
fn node_is_told(fixture: &Fixture, liveness: &str) {
    let why = is_refused(node(fixture));
    assert!(why.contains(liveness), "{why}");
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn an_owner_that_may_live_is_not_dead_to_node() {
    let me = Identity::mine(Fixture::free().path());
    for (identity, liveness) in [
        (me.clone(), "alive: running"),
        (me.clone().with('t', "1"), "alive: exists"),
        (me.clone().without('s'), "alive: exists"),
        (me.clone().with('b', &"0".repeat(32)), "unknown: other-boot"),
        (me.clone().with('n', "1"), "unknown: other-namespace"),
        (me.clone().without('n'), "unknown: unreadable"),
        (me.clone().with('e', "x"), "unknown: unreadable"),
    ] {
        let fixture = Fixture::free();
        identity.leave(&fixture);
        node_is_told(&fixture, liveness);
    }
    let me = format!("{}\n", std::process::id());
    node_is_told(
        &Fixture::free().with("tinyforge.lock", &me),
        "alive: exists",
    );
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn who_is_certainly_dead_is_so_to_node() {
    let me = Identity::mine(Fixture::free().path());
    for (identity, reason) in [
        (me.clone().with('p', &DEAD.to_string()), "no-process"),
        (me.with('s', "1"), "reused"),
    ] {
        let fixture = Fixture::free();
        identity.leave(&fixture);
        let complaints = ends(gets_in(node(&fixture)), &fixture);
        assert!(complaints.contains(reason), "{complaints}");
    }
    for (content, reason) in [(NO_PROCESS, "no-process"), ("", "malformed")] {
        let fixture = Fixture::free().with_old("tinyforge.lock", content);
        let complaints = ends(gets_in(node(&fixture)), &fixture);
        assert!(complaints.contains(reason), "{complaints}");
    }
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn whose_file_the_kernel_keeps_locked_is_not_dead_to_node() {
    let fixture = Fixture::free();
    let me = Identity::mine(Fixture::free().path());
    me.with('p', &DEAD.to_string()).leave(&fixture);
    let file = File::open(fixture.lock()).expect("a lock file");
    file.lock().expect("no process keeps it locked");
    node_is_told(&fixture, "alive: evidence");
    // Another process that only reads the lock blocks no process.
    file.lock_shared().expect("it is ours to share");
    ends(gets_in(node(&fixture)), &fixture);
}

/// Starts eight of each at once.
fn race(what: &str, fixture: impl Fn() -> Fixture) {
    const EACH: usize = 8;
    let rounds = rounds().div_ceil(4);
    let mut nodes = 0;
    for round in 0..rounds {
        let fixture = fixture();
        // Node.js changes the mode of its standard input, which affects each process that shares a pipe with it.
        let barriers = [Barrier::new(), Barrier::new()];
        let mut contenders = line_up(&barriers, &fixture, EACH);
        let [node, native] = barriers;
        node.open();
        // The native programs are far faster.
        Jitter::new(round as u64).pause(18);
        native.open();
        let (count, answers) = owners(&mut contenders);
        assert_eq!(count, 1, "owners among {answers:#?}");
        let refused = answers.iter().filter(|answer| answer.is_refusal()).count();
        assert_eq!(refused, 2 * EACH - 1, "refusals among {answers:#?}");
        let owner = answers.iter().position(|it| *it == Answer::Owns);
        let owner = owner.expect("it was counted");
        nodes += usize::from(owner < EACH);
        ends(contenders.swap_remove(owner), &fixture);
    }
    println!(
        "{what}: {rounds} rounds of {EACH} and {EACH}, one owner each, Node.js in {nodes} of them"
    );
}

/// Lines up all contenders, those of Node.js first.
fn line_up([nodes, natives]: &[Barrier; 2], fixture: &Fixture, each: usize) -> Vec<Contender> {
    let main = example::built().join("main.js");
    let main = main.to_str().expect("its path is text");
    let directory = fixture.path().to_str().expect("its path is text");
    let waiting = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/component/node/at-barrier.js"
    );
    let native = env!("CARGO_BIN_EXE_at-barrier");
    let nodes = (0..each).map(|_| nodes.line_up("node", waiting.as_ref(), &[main, directory]));
    let natives = (0..each).map(|_| natives.line_up(native, &lockhost(), &["acquire", directory]));
    nodes.chain(natives).collect()
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn of_eight_and_eight_on_a_free_directory_exactly_one_gets_in() {
    race("free", Fixture::free);
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn of_eight_and_eight_on_a_stale_lock_exactly_one_gets_in() {
    race("stale", Fixture::stale);
}

#[test]
#[cfg_attr(
    no_node,
    ignore = "there is no Node.js, or no npm (Debian: nodejs, npm)"
)]
fn of_eight_and_eight_on_a_crashed_reclaim_exactly_one_gets_in() {
    race("crashed reclaim", || {
        let reclaimed = ["tinyforge.lock.reclaim"];
        Fixture::free()
            .crashed(DEAD, &["tinyforge.lock"])
            .crashed(DEAD - 1, &reclaimed)
    });
}
