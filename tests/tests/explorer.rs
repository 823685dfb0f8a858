//! Every interleaving of two processes' operations on a small directory, with a crash at every point: the guest's own
//! machine, stepped one operation at a time.

#[allow(missing_docs, unreachable_pub)]
mod model;

use model::{Directory, World};

const DEAD: &[u8] = b"999999\n";

/// Explores, prints what was covered, and tells the steps that lead to a violation.
fn explore(what: &str, directory: Directory, crashes: u8) {
    explore_with(what, directory, 2, 0, crashes);
}

fn explore_with(what: &str, directory: Directory, processes: u8, successors: u8, crashes: u8) {
    match World::new(directory, processes, successors, crashes).explore() {
        Ok(explored) => {
            assert!(
                explored.ends > 0 && explored.states > 1000,
                "{what}: {explored:?}"
            );
            println!(
                "{what}: {processes} processes, {successors} more, {crashes} crashes: {explored:?}"
            );
        }
        Err(violation) => panic!("{what}: {}\n{}", violation.what, violation.trace.join("\n")),
    }
}

#[test]
fn on_a_free_directory_never_two_owners_never_a_wedge() {
    explore("free", Directory::empty(), 1);
}

#[test]
fn on_a_stale_lock_never_two_owners_never_a_wedge() {
    explore("stale", Directory::empty().with(0, DEAD, false), 1);
}

#[test]
fn on_a_crashed_owners_lock_never_two_owners_never_a_wedge() {
    explore("crashed owner", Directory::empty().with_claim(80, &[0]), 1);
}

#[test]
fn on_an_empty_lock_never_two_owners_never_a_wedge() {
    explore("empty, fresh", Directory::empty().with(0, b"", false), 1);
    explore("empty, old", Directory::empty().with(0, b"", true), 1);
}

#[test]
fn on_a_garbage_lock_never_two_owners_never_a_wedge() {
    explore("garbage", Directory::empty().with(0, b"garbage", false), 1);
}

#[test]
fn on_a_stale_reclaim_never_two_owners_never_a_wedge() {
    let directory = Directory::empty().with(0, DEAD, false).with(1, DEAD, false);
    explore("stale reclaim", directory, 1);
    let directory = Directory::empty().with(0, DEAD, false).with_claim(80, &[1]);
    explore("crashed reclaim", directory, 1);
}

#[test]
fn on_a_reclaim_that_crashed_half_way_never_two_owners_never_a_wedge() {
    explore(
        "linked, not dropped",
        Directory::empty().with_claim(80, &[0, 1]),
        1,
    );
    explore(
        "unlinked, not linked",
        Directory::empty().with_claim(80, &[1]),
        1,
    );
}

#[test]
fn on_a_lock_stale_two_deep_never_two_owners_never_a_wedge() {
    let directory = Directory::empty()
        .with(0, DEAD, false)
        .with(1, DEAD, false)
        .with(2, DEAD, false);
    explore("stale two deep", directory, 1);
    let directory = Directory::empty()
        .with(0, DEAD, false)
        .with_claim(80, &[1])
        .with_claim(81, &[2]);
    explore("crashed two deep", directory, 0);
}

#[test]
fn the_explorer_sees_an_owner_robbed_where_links_are_not_exclusive() {
    let violation = World::new(Directory::careless(), 2, 0, 0)
        .explore()
        .expect_err("links are not exclusive");
    assert_eq!(
        violation.what,
        "a living owner's file was removed by another"
    );
    assert!(violation.trace.len() > 10, "{violation:?}");
}

#[test]
fn three_processes_are_never_two_owners() {
    explore_with("free", Directory::empty(), 3, 0, 0);
}

#[test]
fn a_process_that_comes_when_another_has_gone_is_not_taken_for_it() {
    explore_with("free", Directory::empty(), 2, 1, 0);
    explore_with("free", Directory::empty(), 2, 2, 0);
    explore_with("stale", Directory::empty().with(0, DEAD, false), 2, 1, 0);
}

#[test]
fn without_links_never_two_owners_never_a_wedge() {
    let free = Directory::without_links();
    explore("no links, free", free.clone(), 1);
    explore("no links, stale", free.with(0, DEAD, false), 0);
}
