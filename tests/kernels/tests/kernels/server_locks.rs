//! The server's own locks, of flock(2), as sessions of owners: `docs/filesystems.md` says why they are not offered as that.

use lockhost_kernel_tests::{
    machine::{Machine, Task},
    programs::{share_lock, text},
    site::{MOUNTED, Share, Site, with},
};
use rustix::process::Signal;

/// How long a lock is tried for that another machine has, in seconds: three times the server's lease.
const PATIENCE: &str = "30";

/// Returns whether the server frees a lock once its client has not renewed its lease. Then a confirm of that client fails.
fn frees(share: Share) -> bool {
    matches!(share, Share::Nfs42 | Share::Nfs40)
}

fn lock(machine: &Machine, file: &str, patience: &str) -> Task {
    machine.spawn(&[text(&share_lock()), file, patience])
}

/// Returns the path of a new file in the share.
fn file(site: &mut Site) -> String {
    format!("{MOUNTED}/{}/session", site.directory())
}

/// The machine with the lock is killed.
pub(crate) fn machine_killed(share: Share) {
    with(share, |site| {
        let file = file(site);
        let _ = lock(&site.a, &file, "0").says("locked");
        let beside = lock(&site.b, &file, "0").ended();
        site.a.kill();
        let after = lock(&site.b, &file, PATIENCE);
        let got = after.says("locked");
        println!("{share:?}: beside it {:?}, killed: {got}", beside.out);
        let refused = beside
            .out
            .last()
            .is_some_and(|it| it.starts_with("not locked"));
        assert!(refused, "{beside:?}");
        assert_eq!(got.starts_with("locked"), frees(share), "{got}");
        after.close();
    });
}

/// The machine with the lock is paused, or cut off, until the other one has it or gives up.
pub(crate) fn machine_away(share: Share) {
    with(share, |site| {
        for paused in [true, false] {
            let file = file(site);
            let holder = lock(&site.a, &file, "0");
            let _ = holder.says("locked");
            match paused {
                true => site.a.signal(Signal::STOP),
                false => site.bed.cut(site.a.number()),
            }
            let other = lock(&site.b, &file, PATIENCE);
            let got = other.says("locked");
            match paused {
                true => site.a.signal(Signal::CONT),
                false => site.bed.mend(),
            }
            holder.close();
            let confirmed = holder.ended().out.split_off(1).concat();
            println!(
                "{share:?}, paused {paused}: the other one {got}; once it is back: {confirmed}"
            );
            other.close();
            assert_eq!(got.starts_with("locked"), frees(share), "{got}");
            assert_eq!(confirmed.starts_with("lost"), frees(share), "{confirmed}");
        }
    });
}
