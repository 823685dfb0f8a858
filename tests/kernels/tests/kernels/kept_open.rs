//! A process of a machine keeps the lock file open while it is removed. If another machine removes it and makes another one,
//! a client may show the number of the first file for the name, and the server may give that number to another file.

use lockhost_kernel_tests::{
    machine::{Machine, Task},
    rounds::rounds,
    site::{Share, with},
};

use crate::scenario::{ELSEWHERE, directory, exported, left, respected_after_a_break, swept};

/// A claim gets the number that the name seems to have.
pub(crate) fn then_raced(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let from = site.bed.log.len();
        let first = site.b.hold(&directory, &site.bed.log);
        let reads_first = reader(&site.a, &directory);
        first.release();
        let second = site.b.hold(&directory, &site.bed.log);
        let reads_second = reader(&site.a, &directory);
        // The first file is gone for good, and its number is free.
        end(&reads_first);
        site.a.attempt(&directory).refused("is held by");
        second.release();
        for _ in 0..rounds() {
            let attempts = [&site.a, &site.b].map(|it| it.attempt_with(&[], &directory));
            for attempt in attempts {
                let ended = attempt.ended();
                assert!(matches!(ended.code, Some(0 | 75)), "{ended:?}");
            }
        }
        let verdict = site.bed.log.judge(from);
        println!("{share:?}, raced beside a file that is open: {verdict:?}");
        assert_eq!(verdict.beside, 0);
        end(&reads_second);
        site.a.gets_in(&directory);
        swept(site, &directory);
    });
}

/// The claim of a dead owner has the number that the name seems to have.
pub(crate) fn then_broken(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let reads = respected_after_a_break(site, &directory, || reader(&site.a, &directory));
        end(&reads);
    });
}

/// A process of the owner's machine has the lock file open, so a client of NFS does not remove the file, and renames it to `.nfs`
/// and a number.
pub(crate) fn then_renamed(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        for killed in [false, true] {
            let owner = site.a.hold(&directory, &site.bed.log);
            let reads = reader(&site.a, &directory);
            if killed {
                owner.kill(&site.bed.log);
                site.b.attempt(&directory).refused(ELSEWHERE);
            } else {
                owner.release();
            }
            site.a.gets_in(&directory);
            let renamed = left(site, &directory);
            println!("{share:?}, owner killed {killed}: {renamed}");
            assert!(
                renamed.starts_with(".nfs") && renamed.lines().count() == 1,
                "{renamed}"
            );
            let beside = site.b.hold(&directory, &site.bed.log);
            site.a.attempt(&directory).refused(ELSEWHERE);
            beside.release();
            site.a.gets_in(&directory);
            end(&reads);
            site.server.run(&format!(
                "until [ -z \"$(ls -A {})\" ]; do :; done",
                exported(&directory)
            ));
        }
    });
}

/// Starts a process that has the lock file open.
fn reader(machine: &Machine, directory: &str) -> Task {
    let script = format!("exec 3< {directory}/tinyforge.lock; echo open; read -r line || true");
    let reader = machine.spawn(&["sh", "-ec", &script]);
    let _ = reader.says("open");
    reader
}

fn end(reader: &Task) {
    reader.close();
    assert_eq!(reader.code(), Some(0));
}
