//! Processes of two machines start at once.

use lockhost_kernel_tests::{
    machine::Task,
    rounds::{racers, rounds},
    site::{MOUNTED, Share, Site, with},
};

use crate::{
    mounts::{CACHED, in_fuse},
    scenario::swept,
};

/// On a share.
pub(crate) fn on(share: Share) {
    with(share, |site| race(site, share, MOUNTED));
}

/// The same, with a server of FUSE on each client.
pub(crate) fn in_fuse_over(share: Share) {
    with(share, |site| {
        in_fuse(site, CACHED, |site, at| race(site, share, at));
    });
}

/// Several processes on each machine start at once, in turn on a free directory and on one whose owner was killed.
fn race(site: &mut Site, share: Share, at: &str) {
    let from = site.bed.log.len();
    let (mut owners, mut takeovers, mut refusals, mut failures) = (0, 0, 0, 0);
    for round in 0..rounds() {
        let directory = format!("{at}/{}", site.directory());
        let stale = round % 2 == 1;
        if stale {
            site.a.hold(&directory, &site.bed.log).kill(&site.bed.log);
        }
        let attempts: Vec<Task> = (0..racers())
            .flat_map(|_| [&site.a, &site.b])
            .map(|machine| machine.attempt_with(&[], &directory))
            .collect();
        let mut got_in = 0;
        for attempt in attempts {
            let ended = attempt.ended();
            match ended.code {
                Some(0) => got_in += 1,
                Some(75) => refusals += 1,
                Some(1) if ended.err.iter().any(|it| is_of_a_file_that_is_gone(it)) => {
                    failures += 1;
                }
                _ => panic!("{ended:?}"),
            }
        }
        if got_in == 0 {
            // Each of them may be refused as contended where a takeover starts anew, and one that waits gets in.
            let may_be = matches!(share, Share::Cifs | Share::NineP);
            assert!(may_be, "no process gets in, in round {round}");
            site.a.gets_in(&directory);
            got_in = 1;
        }
        owners += got_in;
        takeovers += usize::from(stale);
        swept(site, &directory);
    }
    let verdict = site.bed.log.judge(from);
    println!(
        "{share:?}, {at}: {} rounds of {} processes on each of two machines: {owners} owners, {takeovers} after a killed one, {refusals} refusals, {failures} failures, {} owners beside another",
        rounds(),
        racers(),
        verdict.beside
    );
    assert_eq!(verdict.beside, 0);
    assert!(verdict.owners >= owners + takeovers, "{verdict:?}");
}

/// Returns whether a failure is that of a file which another machine has removed between two operations of this one. On a
/// file system of one machine that file stays as long as it is open.
fn is_of_a_file_that_is_gone(line: &str) -> bool {
    let gone = ["Stale file handle", "no such file or directory"];
    line.contains("tinyforge.lock") && gone.iter().any(|it| line.contains(it))
}
