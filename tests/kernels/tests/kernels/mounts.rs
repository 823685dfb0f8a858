//! What depends on how a share is exported and mounted.

use lockhost_kernel_tests::site::{MOUNTED, Share, Site, with};

use crate::scenario::{
    ELSEWHERE, directory, exported, left, respected_after_a_break, respected_and_replaced, swept,
};

/// The command of a FUSE file system that keeps a name for a minute, and the attributes of its file, and its content until it is
/// opened again.
pub(crate) const CACHED: &str = "mergerfs -o use_ino,cache.entry=60,cache.attr=60,cache.files=partial,inodecalc=passthrough,minfreespace=0";

/// The share is mounted read-only, by the client or by the server.
pub(crate) fn read_only(share: Share) {
    with(share, |site| {
        site.b.run("mkdir -p /media/readonly");
        site.b.run(&share.mount("export", "/media/readonly", ",ro"));
        let ended = site.b.attempt("/media/readonly");
        println!("{share:?}, mounted read-only: {:?}", ended.err);
        ended.failed("ead-only");
        site.b.run("umount /media/readonly");
    });
}

/// The server maps root to another user, to whom a directory of root is closed.
pub(crate) fn root_squash(share: Share) {
    with(share, |site| {
        site.server.run(
            "cd /media/disk/squashed
            rm -rf of-root of-the-user
            mkdir of-root of-the-user
            chown 65534:65534 of-the-user",
        );
        let at = "/media/squashed";
        mount_on_both(site, "squashed", at, "");
        let of_root = format!("{at}/of-root");
        let ended = site.a.attempt(&of_root);
        println!("{share:?}, a squashed root: {:?}", ended.err);
        ended.failed("ermission denied");
        respected_and_replaced(site, &format!("{at}/of-the-user"));
        unmount_on_both(site, at);
        let left = site.server.run("cd /media/disk/squashed; ls -A *");
        assert_eq!(left, "of-root:\n\nof-the-user:");
    });
}

/// The clients keep locks of flock(2) and fcntl(2) to themselves, with this mount option.
pub(crate) fn local_locks(option: &str) {
    with(Share::Nfs3, |site| {
        let name = site.directory();
        let at = "/media/local";
        mount_on_both(site, "export", at, &format!(",nosharecache,{option}"));
        let directory = format!("{at}/{name}");
        respected_and_replaced(site, &directory);
        unmount_on_both(site, at);
        swept(site, &directory);
    });
}

/// Each client has the share once more, by a server of FUSE of its own.
pub(crate) fn fuse_over(share: Share) {
    with(share, |site| {
        in_fuse(site, "bindfs", |site, at| {
            let directory = format!("{at}/{}", site.directory());
            respected_and_replaced(site, &directory);
            swept(site, &directory);
        });
    });
}

/// A FUSE file system answers from its cache, and the share below it does not.
pub(crate) fn cached(share: Share) {
    with(share, |site| {
        in_fuse(site, CACHED, |site, at| {
            let name = site.directory();
            let [below, above] = [MOUNTED, at].map(|it| format!("{it}/{name}/file"));
            site.a.run(&format!("echo > {below}; stat {above}"));
            site.b.run(&format!("ln {below} {MOUNTED}/{name}/further"));
            // A client of NFS asks the server when it opens a file.
            let counts = format!("cat {below}; stat -c %h {below} {above}");
            assert_eq!(site.a.run(&counts).trim(), "2\n1");
            // Linux asks the server of FUSE once a file was read, for who wants the time of access too.
            let count = format!("cat {above}; stat -c '%h names, read at %X' {above}");
            let count = site.a.run(&count);
            assert!(count.trim().starts_with("2 names"), "{count}");
            site.b.run(&format!("rm {MOUNTED}/{name}/*"));
            site.a.run(&format!(
                "if cat {below}; then exit 1; fi; [ ! -e {below} ]; [ -e {above} ]"
            ));
        });
    });
}

/// A FUSE file system answers from its cache, with a lock that another machine has broken.
pub(crate) fn broken_under_fuse(share: Share) {
    with(share, |site| {
        in_fuse(site, CACHED, |site, at| {
            let directory = format!("{at}/{}", site.directory());
            respected_after_a_break(site, &directory, || {});
        });
    });
}

/// Does something where each client has the share once more, by a FUSE file system that this command starts.
pub(crate) fn in_fuse(site: &mut Site, command: &str, act: impl FnOnce(&mut Site, &str)) {
    let at = "/media/fuse";
    for machine in [&site.a, &site.b] {
        machine.run(&format!(
            "/media/modprobe fuse; mkdir -p {at}; mountpoint -q {at} || {command} {MOUNTED} {at}"
        ));
    }
    act(site, at);
    unmount_on_both(site, at);
}

/// The server executes a removal twice: its answer was lost, and it has started again before the machine asks once more. By
/// then another machine has the lock, and puts it back as soon as its cache lets it see that.
pub(crate) fn removed_twice(share: Share) {
    with(share, |site| {
        let directory = directory(site);
        let file = format!("{}/tinyforge.lock", exported(&directory));
        let first = site.a.hold(&directory, &site.bed.log);
        // Its answers take so long that the machine is cut off before it gets this one.
        site.server
            .run("/media/modprobe sch_netem; tc qdisc add dev vec0 root netem delay 2s");
        first.task().close();
        site.server.run(&format!("while [ -e {file} ]; do :; done"));
        site.bed.cut(site.a.number());
        site.server.run("tc qdisc del dev vec0 root");
        let second = site.b.hold(&directory, &site.bed.log);
        site.server.run(&format!("sync; ls {file}"));
        site.server.kill();
        site.bed.mend();
        site.restore();
        let code = first.task().code();
        println!("{share:?}, a removal that is sent twice: {code:?}");
        // It may be back already.
        let back = second.task().says("was removed, and is back");
        println!("{share:?}, {back}");
        site.a.attempt(&directory).refused(ELSEWHERE);
        second.release();
        site.a.gets_in(&directory);
        swept(site, &directory);
    });
}

fn mount_on_both(site: &Site, folder: &str, at: &str, options: &str) {
    let mount = site.share().mount(folder, at, options);
    for machine in [&site.a, &site.b] {
        machine.run(&format!("mkdir -p {at}"));
        machine.run(&mount);
    }
}

fn unmount_on_both(site: &Site, at: &str) {
    for machine in [&site.a, &site.b] {
        machine.run(&format!("umount {at}"));
    }
}

/// With leases, a client opens no second name of a file that it has open: the server refuses the lease of the first name for
/// it. Linux 6.1 does not ask again without. So an owner is judged there by the name of its claim.
pub(crate) fn leases() {
    with(Share::Cifs, |site| {
        let name = site.directory();
        let at = "/media/leases";
        let mount = Share::Cifs.mount("export", at, ",nosharesock");
        let mount = mount.replace(",nolease", "");
        for machine in [&site.a, &site.b] {
            machine.run(&format!("mkdir -p {at}"));
            machine.run(&mount);
        }
        let directory = format!("{at}/{name}");
        respected_and_replaced(site, &directory);
        let owner = site.a.hold(&directory, &site.bed.log);
        site.b
            .attempt(&format!("{MOUNTED}/{name}"))
            .refused(ELSEWHERE);
        owner.release();
        site.a.gets_in(&directory);
        unmount_on_both(site, at);
        swept(site, &directory);
    });
}

/// The server does not answer a soft mount.
pub(crate) fn soft_mount(share: Share) {
    with(share, |site| {
        let name = site.directory();
        let at = "/media/soft";
        site.b.run(&format!("mkdir -p {at}"));
        let options = ",soft,timeo=5,retrans=1";
        site.b.run(&share.mount("export", at, options));
        let directory = format!("{at}/{name}");
        site.b.gets_in(&directory);
        site.bed.cut(site.server.number());
        let ended = site.b.attempt(&directory);
        println!("{share:?}, a dead soft mount: {ended:?}");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        site.bed.mend();
        let owner = site.a.hold(&format!("{MOUNTED}/{name}"), &site.bed.log);
        // The client connects again some moments later, and calls fail until then.
        site.b
            .run(&format!("until ls {directory}; do sleep 0.1; done"));
        site.b.attempt(&directory).refused(ELSEWHERE);
        owner.release();
        site.b.gets_in(&directory);
        site.b.run(&format!("umount {at}"));
        assert_eq!(left(site, &directory), "");
    });
}
