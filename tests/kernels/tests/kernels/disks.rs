//! File systems on a block device of one kernel, which is killed at random moments. Then the volume moves to another machine.

use std::{collections::BTreeMap, hash::BuildHasher, thread, time::Duration};

use lockhost_kernel_tests::{
    bed::{Bed, FOLDER},
    machine::{Disk, Machine},
    programs::lockhost,
    rounds::crashes,
};

/// Makes the test of a file system.
macro_rules! on {
    ($module:ident, $make:literal, $missing:ident, $why:literal) => {
        mod $module {
            #[test]
            #[cfg_attr($missing, ignore = $why)]
            fn after_each_power_loss_the_lock_is_taken_over() {
                super::power_losses(stringify!($module), $make);
            }
        }
    };
}

on!(
    ext4,
    "mkfs.ext4 -q",
    no_kernels,
    "needs root and user-mode-linux"
);
on!(
    xfs,
    "mkfs.xfs -q",
    no_kernels_or_xfs,
    "needs root, user-mode-linux and xfsprogs"
);
on!(
    btrfs,
    "mkfs.btrfs -q",
    no_kernels_or_btrfs,
    "needs root, user-mode-linux and btrfs-progs"
);
on!(
    f2fs,
    "mkfs.f2fs -q",
    no_kernels_or_f2fs,
    "needs root, user-mode-linux and f2fs-tools"
);

const DIRECTORY: &str = "/media/disk/data";

/// Processes that acquire and release, or are killed as owners so that others reclaim, and one that has the file system write
/// its journal all the time.
const CHURN: &str = r#"
    while :; do "$0" acquire --quiet --wait "$1" -- sh -c 'echo owned'; done &
    for worker in 1 2; do
        while :; do "$0" acquire --quiet --wait "$1" -- sh -c 'echo killed; kill -9 $LOCKHOST_PID'; done &
    done
    while :; do sync; echo synced; done"#;

/// What the directory looks like after the crash, without numbers.
const LEFT: &str = r#"
    cd "$0"
    for file in $(ls -A); do
        size=full
        [ -s "$file" ] || size=empty
        case $file in
            tinyforge.lock | *.reclaim) name=$file ;;
            *) name=claim ;;
        esac
        echo "$name ($size)"
    done | sort | uniq -c | sed 's/^ *//' | tr '\n' ','"#;

/// Has each file look as if it were older than a minute, and a dead owner in the way, so that the next one sweeps.
const GROW_OLD: &str = r#"
    cd "$0"
    for file in $(ls -A); do touch -d '1 hour ago' "$file"; done
    echo 999999999 > tinyforge.lock"#;

fn power_losses(kind: &str, make: &str) {
    let bed = Bed::new();
    bed.run(&format!(
        "truncate --size 320M {FOLDER}/disk; {make} {FOLDER}/disk"
    ));
    let machine = |name, number| Machine::new(&bed, name, number, Disk::Own("disk"));
    let mut machines = [machine("one", 1), machine("other", 2)];
    let mut seen = BTreeMap::<String, usize>::new();
    let mut replaced = 0;
    for crash in 0..=crashes() {
        let machine = &mut machines[crash % 2];
        let from = bed.log.len();
        machine.start(&bed);
        machine.wait_until_ready(&bed, from);
        let mount = format!("mount -t {kind} /dev/ubda /media/disk");
        let mounted = machine.script(&format!("modprobe -q -d /media/kernel {kind}; {mount}"));
        assert_eq!(
            mounted.code,
            Some(0),
            "{mounted:?} {}",
            machine.console(&bed)
        );
        if crash > 0 {
            replaced += usize::from(recovers(machine, &mut seen));
        } else {
            machine.run(&format!("mkdir {DIRECTORY}; sync"));
        }
        if crash == 0 {
            // All of it is on the disk: an owner with its claim.
            let _owner = machine.hold(DIRECTORY, &bed.log);
            machine.run("sync");
        } else if crash < crashes() {
            churn(machine, &bed);
        }
        machine.kill();
    }
    println!(
        "{kind}: {} power losses, each on another machine than the one before, {replaced} owners replaced, none by a person, left {seen:?}",
        crashes()
    );
    assert!(replaced > 0, "the first one was on the disk");
}

/// Lets processes acquire, reclaim and release the lock until a random moment.
fn churn(machine: &Machine, bed: &Bed) {
    let program = lockhost().to_str().expect("a text");
    let from = bed.log.len();
    let _churn = machine.spawn(&["sh", "-c", CHURN, program, DIRECTORY]);
    let mut since = from;
    for _ in 0..3 + random(8) {
        bed.log.wait(since, "churn", |line| {
            let events = [" owned", " killed", " synced"];
            events.iter().any(|it| line.ends_with(it)).then_some(())
        });
        since = bed.log.len();
    }
    thread::sleep(Duration::from_micros(random(200_000)));
}

/// Checks that a process acquires the lock, and that the next sweep leaves nothing. Returns whether an owner was replaced.
fn recovers(machine: &Machine, seen: &mut BTreeMap<String, usize>) -> bool {
    let left = machine
        .spawn(&["sh", "-c", LEFT, DIRECTORY])
        .ended()
        .out
        .concat();
    *seen.entry(left.clone()).or_default() += 1;
    // A file that names no owner may be one that another program writes, for a minute.
    let first = machine.attempt_with(&["--wait=5m"], DIRECTORY).ended();
    assert_eq!(first.code, Some(0), "after {left}: {first:?}");
    let aged = machine.spawn(&["sh", "-ec", GROW_OLD, DIRECTORY]).ended();
    assert_eq!(aged.code, Some(0), "{aged:?}");
    machine.attempt(DIRECTORY).acquired();
    let litter = machine.run(&format!("ls -A {DIRECTORY}"));
    assert_eq!(litter, "", "after {left}");
    first.err.iter().any(|it| it.contains("replaced"))
}

fn random(below: u64) -> u64 {
    std::hash::RandomState::new().hash_one(below) % below
}
