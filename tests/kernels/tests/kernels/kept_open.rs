//! A process of a machine keeps the lock file open, while another machine removes it and makes another one. A client may
//! then show the number of the first file for the name, and the server may give that number to another file.

use lockhost_kernel_tests::{
    machine::{Machine, Task},
    rounds::rounds,
    site::{Share, with},
};

use crate::scenario::{ELSEWHERE, directory, swept};

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
        let from = site.bed.log.len();
        let dead = site.a.hold(&directory, &site.bed.log);
        let reads = reader(&site.a, &directory);
        let refused = site.b.attempt(&directory);
        refused.refused(ELSEWHERE);
        dead.kill(&site.bed.log);
        let named = format!("--owner={}", refused.owner());
        let broken = site.b.lockhost(&["break", &named, &directory]);
        assert_eq!(broken.code, Some(0), "{broken:?}");
        let owner = site.b.hold(&directory, &site.bed.log);
        let ended = site.a.attempt(&directory);
        println!("{share:?}, beside a file that is open: {ended:?}");
        assert_eq!(site.bed.log.judge(from).beside, 0);
        assert_eq!(ended.code, Some(75), "{ended:?}");
        end(&reads);
        owner.release();
        site.b.gets_in(&directory);
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
