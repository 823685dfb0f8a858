//! What happens to two machines with one share.

use lockhost_kernel_tests::{
    machine::{Ended, Machine},
    owner::Owner,
    programs::lockhost,
    site::{EXPORTED, MOUNTED, Share, Site, with},
};
use rustix::process::Signal;

/// The reason for which an owner on another machine, or of another boot, is unknown.
pub(crate) const ELSEWHERE: &str = "other boot/machine; liveness unknown";

/// The owner's process is killed; its machine goes on.
pub(crate) fn owner_killed(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        respected_and_replaced(site, &directory);
        swept(site, &directory);
    });
}

/// The owner's machine is killed, and comes back.
pub(crate) fn machine_killed(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let _owner = site.a.hold(&directory, &site.bed.log);
        // On a cluster's disk, the owner's files are only written once another machine sees them.
        site.b.attempt(&directory).refused(ELSEWHERE);
        site.a.kill();
        let refused = site.b.attempt(&directory);
        refused.refused(ELSEWHERE);
        site.restore();
        site.a.attempt(&directory).refused(ELSEWHERE);
        site.b.attempt(&directory).refused(ELSEWHERE);
        let owner = format!("--owner={}", refused.owner());
        let broken = site.b.lockhost(&["break", &owner, &directory]);
        assert_eq!(broken.code, Some(0), "{broken:?}");
        site.b.gets_in(&directory);
        // The claim stays, and keeps its file alive. So the other machine may see that file at the name, and is refused, for as
        // long as it caches the directory.
        site.a.gets_in(&directory);
        // Only the claim, whose maker is dead by a person's word alone.
        assert_eq!(
            left(site, &directory),
            format!("tinyforge.lock.{}", refused.owner())
        );
    });
}

/// A machine has seen the lock of its own dead owner. Another machine has that lock broken by a person, and acquires it.
pub(crate) fn broken_elsewhere(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        respected_after_a_break(site, &directory, || {});
    });
}

/// Does the same, and something else as long as the first owner lives, which it returns. Both owners have the same pid, as those
/// of two machines may.
pub(crate) fn respected_after_a_break<T>(
    site: &Site,
    directory: &str,
    meanwhile: impl FnOnce() -> T,
) -> T {
    let from = site.bed.log.len();
    let owner = site.a.hold(directory, &site.bed.log);
    let refused = site.b.attempt(directory);
    refused.refused(ELSEWHERE);
    site.a.attempt(directory).refused("is held by pid");
    let returned = meanwhile();
    let lock = format!("{}/tinyforge.lock", exported(directory));
    site.server.run(&format!("cp {lock} /media/first"));
    owner.kill(&site.bed.log);
    let named = format!("--owner={}", refused.owner());
    let broken = site.b.lockhost(&["break", &named, directory]);
    assert_eq!(broken.code, Some(0), "{broken:?}");
    let owner = site.b.hold(directory, &site.bed.log);
    site.server.run(&format!("cat /media/first > {lock}"));
    let ended = site.a.attempt(directory);
    println!("beside the owner after a break: {ended:?}");
    let held = site.b.lockhost(&["status", directory]);
    println!("its state: {held:?}");
    let verdict = site.bed.log.judge(from);
    assert_eq!(verdict.beside, 0, "{verdict:?}");
    assert_eq!(ended.code, Some(75), "{ended:?}");
    owner.release();
    site.b.gets_in(directory);
    returned
}

/// The owner's machine is cut off, for longer than the lease of a server that has leases.
pub(crate) fn cut_off(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let from = site.bed.log.len();
        let owner = site.a.hold(&directory, &site.bed.log);
        site.bed.cut(site.a.number());
        site.b.attempt(&directory).refused(ELSEWHERE);
        wait_for_the_end_of_the_lease(site);
        site.b.attempt(&directory).refused(ELSEWHERE);
        site.bed.mend();
        owner.release();
        site.b.gets_in(&directory);
        assert_eq!(left(site, &directory), "");
        assert_eq!(site.bed.log.judge(from).beside, 0);
    });
}

/// The owner's machine is cut off from its cluster, which it sees, and so it ends.
pub(crate) fn fenced(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let from = site.bed.log.len();
        let _owner = site.a.hold(&directory, &site.bed.log);
        site.b.attempt(&directory).refused(ELSEWHERE);
        site.bed.cut(site.a.number());
        let attempt = site.b.attempt_with(&[], &directory);
        site.a.wait_for_its_panic(&site.bed);
        attempt.ended().refused(ELSEWHERE);
        site.restore();
        site.a.attempt(&directory).refused(ELSEWHERE);
        assert_eq!(site.bed.log.judge(from).beside, 0);
    });
}

/// The owner's machine is paused, for longer than the lease of a server that has leases.
pub(crate) fn paused(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let from = site.bed.log.len();
        let owner = site.a.hold(&directory, &site.bed.log);
        site.a.signal(Signal::STOP);
        wait_for_the_end_of_the_lease(site);
        site.b.attempt(&directory).refused(ELSEWHERE);
        site.a.signal(Signal::CONT);
        owner.release();
        site.b.gets_in(&directory);
        assert_eq!(left(site, &directory), "");
        assert_eq!(site.bed.log.judge(from).beside, 0);
    });
}

/// Kills the server while a process owns the lock and another one tries, and starts it again. Returns the owner, and how the
/// attempt ended.
fn beside_a_restart(site: &mut Site, directory: &str) -> (Owner, Ended) {
    let owner = site.a.hold(directory, &site.bed.log);
    site.server.run("sync");
    site.server.kill();
    let attempt = site.b.attempt_with(&[], directory);
    site.restore();
    (owner, attempt.ended())
}

/// The server is killed while a process owns the lock and another one tries, and comes back.
pub(crate) fn server_restarted(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let from = site.bed.log.len();
        let (owner, ended) = beside_a_restart(site, &directory);
        ended.refused(ELSEWHERE);
        site.b.attempt(&directory).refused(ELSEWHERE);
        owner.release();
        site.b.gets_in(&directory);
        assert_eq!(left(site, &directory), "");
        assert_eq!(site.bed.log.judge(from).beside, 0);
    });
}

/// The server is killed and comes back, and its clients do not reconnect to it: the share is mounted anew.
pub(crate) fn server_lost(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let from = site.bed.log.len();
        let (owner, ended) = beside_a_restart(site, &directory);
        println!("{share:?}, an attempt on a lost share: {ended:?}");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        owner.task().close();
        let ended = owner.task().ended();
        println!("{share:?}, an owner whose share is lost: {ended:?}");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for machine in [&site.a, &site.b] {
            machine.run(&format!("umount --lazy {MOUNTED}"));
            machine.run(&share.mount("export", MOUNTED, ""));
        }
        site.b.attempt(&directory).refused(ELSEWHERE);
        site.a.gets_in(&directory);
        site.b.gets_in(&directory);
        swept(site, &directory);
        assert_eq!(site.bed.log.judge(from).beside, 0);
    });
}

/// The directory is removed on the server, under an owner and under a process that stands in it.
pub(crate) fn directory_gone(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let owner = site.a.hold(&directory, &site.bed.log);
        let program = lockhost().display();
        let script = format!(
            "cd {directory}; echo there; read -r line || true; exec {program} acquire . -- true"
        );
        let inside = site.b.spawn(&["sh", "-ec", &script]);
        let _ = inside.says("there");
        site.server.run(&format!("rm -r {}", exported(&directory)));
        inside.close();
        let ended = inside.ended();
        println!("{share:?}, in a directory that is gone: {:?}", ended.err);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(!ended.err.is_empty(), "it names a reason");
        owner.task().close();
        let ended = owner.task().ended();
        println!("{share:?}, an owner whose directory is gone: {ended:?}");
        assert_eq!(ended.code, Some(1), "{ended:?}");
    });
}

/// The server does not answer: processes that want the lock wait in the kernel, and a signal ends each of them all the same. A
/// process that has a file of the share open may stay until the server answers, also after SIGKILL: the kernel writes an
/// owner's claim first, and a client of NFS 4 waits until the file is closed. So the waiter is stopped while it has none.
pub(crate) fn dead_mount(share: Share) {
    with(share, |site| {
        let [free, owned] = [(); 2].map(|()| directory(site));
        let owner = site.b.hold(&owned, &site.bed.log);
        let waiter = site.a.attempt_with(&["--wait", "--verbose"], &owned);
        let _ = waiter.says("waiting");
        site.a.run(STOP_WITHOUT_FILES);
        site.bed.cut(site.server.number());
        waiter.signal(Signal::CONT);
        let attempt = site.a.attempt_with(&[], &free);
        let killed = site.b.attempt_with(&[], &free);
        wait_for_waiting_threads(&site.a, 2);
        wait_for_waiting_threads(&site.b, 1);
        // At its start, it has caught no signal yet.
        attempt.signal(Signal::TERM);
        assert_eq!(attempt.code(), None);
        waiter.signal(Signal::TERM);
        assert_eq!(waiter.code(), Some(128 + 15));
        killed.signal(Signal::KILL);
        assert_eq!(killed.code(), None);
        site.bed.mend();
        owner.release();
        for directory in [free, owned] {
            site.a.gets_in(&directory);
            site.b.gets_in(&directory);
            assert_eq!(left(site, &directory), "");
        }
    });
}

/// Stops the only `lockhost` while it has no lock file open.
const STOP_WITHOUT_FILES: &str = "
    pid=$(pgrep -x lockhost)
    while
        kill -STOP $pid
        until grep -q ') T ' /proc/$pid/stat; do :; done
        ls -l /proc/$pid/fd | grep -q tinyforge
    do
        kill -CONT $pid
        sleep 0.1
    done";

/// The server does not answer, and the kernel of its client waits for that whatever signal comes.
pub(crate) fn dead_for_all_signals(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        site.bed.cut(site.server.number());
        let attempt = site.a.attempt_with(&[], &directory);
        wait_for_waiting_threads(&site.a, 1);
        attempt.signal(Signal::KILL);
        // Once the kernel has begun to take its request back, which it waits for as well.
        site.a.run("sleep 3");
        wait_for_waiting_threads(&site.a, 1);
        site.bed.mend();
        assert_eq!(attempt.code(), None);
        site.b.gets_in(&directory);
        assert_eq!(left(site, &directory), "");
    });
}

/// Waits until as many threads of `lockhost` wait for the server: they are in state D.
fn wait_for_waiting_threads(machine: &Machine, threads: u32) {
    machine.run(&format!(
        "until [ $(cat /proc/[0-9]*/task/*/stat 2> /dev/null | grep -c '(lockhost) D ') -ge {threads} ]; do :; done"
    ));
}

/// A machine has looked the lock up just before another one acquires or releases it.
pub(crate) fn looked_up_before(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let from = site.bed.log.len();
        let look = format!(
            "cd {directory}; ls -A; [ ! -e tinyforge.lock ]; [ ! -e tinyforge.lock.reclaim ]"
        );
        site.b.run(&look);
        let owner = site.a.hold(&directory, &site.bed.log);
        let ended = site.b.attempt(&directory);
        println!("{share:?}, looked up before it was there: {:?}", ended.err);
        assert_eq!(ended.code, Some(75), "{ended:?}");
        owner.release();
        let owner = site.b.hold(&directory, &site.bed.log);
        let ended = site.a.attempt(&directory);
        println!(
            "{share:?}, looked up before another had it: {:?}",
            ended.err
        );
        assert_eq!(ended.code, Some(75), "{ended:?}");
        owner.release();
        assert_eq!(left(site, &directory), "");
        assert_eq!(site.bed.log.judge(from).beside, 0);
    });
}

/// Checks that an owner is respected by both machines, and that its own machine takes over once it was killed.
pub(crate) fn respected_and_replaced(site: &Site, directory: &str) {
    let owner = site.a.hold(directory, &site.bed.log);
    site.a.attempt(directory).refused("is held by");
    site.b.attempt(directory).refused(ELSEWHERE);
    owner.kill(&site.bed.log);
    site.b.attempt(directory).refused(ELSEWHERE);
    site.a.gets_in(directory);
    site.b.gets_in(directory);
}

/// Makes a directory in the share, and returns its path on a client.
pub(crate) fn directory(site: &mut Site) -> String {
    format!("{MOUNTED}/{}", site.directory())
}

/// Returns the path of a directory on the server.
pub(crate) fn exported(directory: &str) -> String {
    let name = directory.rsplit('/').next().expect("a name");
    format!("{EXPORTED}/{name}")
}

/// Lists the files that are left in a directory, as the server sees them.
pub(crate) fn left(site: &Site, directory: &str) -> String {
    site.server.run(&format!("ls -A {}", exported(directory)))
}

/// Checks that nothing but claims is left in a directory, and nothing once an owner has swept: the next one that takes over.
pub(crate) fn swept(site: &Site, directory: &str) {
    // A client of NFS removes a file that was open some moments after it is closed, and a server of FUSE closes it late.
    let folder = exported(directory);
    site.server.run(&format!(
        "while ls -A {folder} | grep -q '^.nfs'; do sleep 0.1; done"
    ));
    let litter = left(site, directory);
    if litter.is_empty() {
        return;
    }
    println!("{:?}, left for the next sweep: {litter}", site.share());
    let is_claim = |name: &str| name.starts_with("tinyforge.lock.1-p");
    assert!(litter.lines().all(is_claim), "{litter}");
    // There a takeover starts anew once it has removed the dead lock, and then finds nothing to sweep for. One acquisition
    // in 64 sweeps without a cause.
    if site.share() == Share::Cifs {
        return;
    }
    site.a
        .run(&format!("echo 999999999 > {directory}/tinyforge.lock"));
    site.a.gets_in(directory);
    assert_eq!(left(site, directory), "");
}

/// Waits until the server counts the client `a` as one that has not renewed its lease.
fn wait_for_the_end_of_the_lease(site: &Site) {
    if matches!(site.share(), Share::Nfs42 | Share::Nfs40) {
        let address = site.a.address();
        site.server.run(&format!(
            "until grep -l 'address: \"{address}:' /proc/fs/nfsd/clients/*/info | xargs grep -q 'status: courtesy'; do sleep 1; done"
        ));
    }
}
