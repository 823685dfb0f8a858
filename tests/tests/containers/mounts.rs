//! Volumes: each listed file system that can be mounted keeps evidence for every mount of it, and its evidence proves
//! nothing about another one.
//!
//! Everything is mounted in the mount namespace of a process, and is gone with it.
//!
//! On Linux alone: everything is mounted.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};

use lockhost_tests::{
    fixture::Fixture,
    namespaces::{Place, Placed, judged_by_evidence, seen_alive_then_dead},
    program::text,
};

/// Where a machine has its files, in memory. Never a directory that a process removes while it is mounted elsewhere:
/// the kernel then takes it apart in such a way that a loop device may stay for ever.
const WORK: &str = "/mnt";

/// A machine of its own, as far as files go.
struct Machine(Placed);

impl Machine {
    /// Returns one with a volume that a shell mounts at `data`.
    fn new(mount: &str) -> Self {
        let script = format!(
            "mount -t tmpfs none {WORK}; cd {WORK}; mkdir data; {mount}; mkdir -p data/dir; cd /"
        );
        Self(Place::host().mounted(&script).idle())
    }

    /// Returns a directory on the volume.
    fn directory(&self) -> PathBuf {
        Path::new(WORK).join("data/dir")
    }

    /// Returns a place without a container.
    fn inside(&self) -> Place {
        Place::entered(&self.0, &["--mount"])
    }

    /// Returns a place in a new container.
    fn container(&self) -> Place {
        self.inside().with_container()
    }

    /// Runs a shell script, and returns its last line.
    fn does(&self, script: &str) -> String {
        let script = format!("cd {WORK}; {script}");
        let mut shell = self.inside().start(&["sh", "-ec", &script]);
        let said = shell.line();
        shell.release();
        said
    }

    fn unmounts(&self) {
        assert_eq!(self.does("umount data"), "");
    }
}

/// Asserts that evidence is promised and kept for every process that has the volume, and that a lock has two names.
fn keeps_evidence(machine: &Machine, kind: &str) {
    let directory = machine.directory();
    let mut owner = machine.container().contend(&directory);
    owner.acquired();
    assert!(
        owner.identity().ends_with(&format!("-e{kind}")),
        "{}",
        owner.identity()
    );
    assert_eq!(machine.does("stat -c %h data/dir/tinyforge.lock"), "2");
    assert_eq!(machine.does("stat -f -c %t data/dir/tinyforge.lock"), kind);
    // Its descriptor is known by numbers that are the same in its mount namespace, though stat(2) may report others.
    let (_, told) = machine.inside().contend(&directory).refused();
    let keeper = format!(": kept by pid {} (", owner.pid());
    assert!(told.contains(&keeper), "{told}");
    owner.release();
    let (inside, container) = (machine.inside(), machine.container());
    for (owner, asker) in [
        (&container, &container),
        (&inside, &container),
        (&container, &inside),
    ] {
        judged_by_evidence(owner, asker, &directory);
    }
    seen_alive_then_dead(&inside, &inside, &directory, "Alive(Running)", "NoProcess");
}

const EXT4: &str = "truncate --size 64M image; mkfs.ext4 -q image; mount -o loop image data";
const XFS: &str = "truncate --size 512M image; mkfs.xfs -q image; mount -o loop image data";
const BTRFS: &str = "truncate --size 512M image; mkfs.btrfs -q image >&2; mount -o loop image data";
const OVERLAY: &str = "mkdir lower upper work
    mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none data";

/// A test for each file system: how it is mounted, and its number as `stat -f` prints it.
macro_rules! keep_evidence {
    ($(#[$needs:meta] fn $test:ident() { $mount:expr => $kind:literal })*) => {
        $(
            #[test]
            #[$needs]
            fn $test() {
                keeps_evidence(&Machine::new($mount), $kind);
            }
        )*
    };
}

keep_evidence! {
    #[cfg_attr(no_ext4, ignore = "needs root, unshare, nsenter and ext4")]
    fn on_ext4_containers_see_each_other_alive_and_dead() { EXT4 => "ef53" }

    #[cfg_attr(no_xfs, ignore = "needs root, unshare, nsenter and xfs")]
    fn on_xfs_containers_see_each_other_alive_and_dead() { XFS => "58465342" }

    #[cfg_attr(no_btrfs, ignore = "needs root, unshare, nsenter and btrfs")]
    fn on_btrfs_containers_see_each_other_alive_and_dead() { BTRFS => "9123683e" }

    #[cfg_attr(no_overlay, ignore = "needs root, unshare, nsenter and overlayfs")]
    fn on_one_overlay_containers_see_each_other_alive_and_dead() { OVERLAY => "794c7630" }

    #[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
    fn on_tmpfs_containers_see_each_other_alive_and_dead() { "mount -t tmpfs none data" => "1021994" }

    #[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
    fn on_ramfs_containers_see_each_other_alive_and_dead() { "mount -t ramfs none data" => "858458f6" }
}

#[test]
#[cfg_attr(no_btrfs, ignore = "needs root, unshare, nsenter and btrfs")]
fn a_keeper_in_another_subvolume_is_not_named() {
    let machine = Machine::new(BTRFS);
    let volumes = ["one", "two"].map(|volume| machine.directory().join(volume));
    for volume in &volumes {
        machine.does(&format!("btrfs -q subvolume create {}", text(volume)));
    }
    // The first file of each.
    let owners = volumes.each_ref().map(|volume| {
        let mut owner = machine.container().contend(volume);
        owner.acquired();
        owner
    });
    let inodes = machine.does("stat -c %i data/dir/*/tinyforge.lock | uniq | wc -l");
    assert_eq!(inodes, "1", "both have the same number");
    let pids = owners.each_ref().map(Placed::pid);
    for (nth, volume) in volumes.iter().enumerate() {
        let (_, told) = machine.inside().contend(volume).refused();
        let names = |pid: u32| told.contains(&format!("pid {pid} (telling)"));
        assert!(names(pids[nth]) && !names(pids[1 - nth]), "{told}");
    }
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_bind_mount_under_another_path_is_the_same_directory() {
    let fixture = Fixture::free();
    let bind = format!("mount --bind {} /mnt", fixture.path().display());
    let elsewhere = Path::new("/mnt");
    let mut owner = Place::container().after(&bind).contend(elsewhere);
    owner.acquired();
    let other = Place::container();
    assert_eq!(other.contend(fixture.path()).refused().0, "Alive(Evidence)");
    let mut waiting = other.wait_to_contend(fixture.path());
    let bound = other.after(&bind);
    assert_eq!(bound.contend(elsewhere).refused().0, "Alive(Evidence)");
    assert!(owner.still_holds());
    owner.kill();
    waiting.go();
    assert_eq!(waiting.acquired(), "[Dead(EvidenceGone)]");
    assert_eq!(bound.contend(elsewhere).refused().0, "Alive(Evidence)");
    waiting.release();
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(no_ext4, ignore = "needs root, unshare, nsenter and ext4")]
fn a_volume_moved_to_another_machine_is_taken_over() {
    let disk = Fixture::free();
    let image = disk.path().join("image");
    let mount = format!("mount -o loop {} data", image.display());
    let format = format!("truncate --size 64M {0}; mkfs.ext4 -q {0}", image.display());
    let one = Machine::new(&format!("{format}; {mount}"));
    let mut owner = one.container().contend(&one.directory());
    owner.acquired();
    owner.kill();
    one.unmounts();
    // Another machine: it has another boot id, and the container has the same numbers.
    let boot = "echo 01234567-89ab-cdef-0123-456789abcdef > /mnt/boot_id
        mount --bind /mnt/boot_id /proc/sys/kernel/random/boot_id";
    let other = Machine::new(&format!("{boot}; {mount}"));
    // A new proc(5) in a container would show the machine's own name again.
    let mut heir = other.container().after(boot).contend(&other.directory());
    assert_eq!(heir.acquired(), "[Dead(EvidenceGone)]");
    heir.kill();
    let mut heir = other.inside().contend(&other.directory());
    assert_eq!(heir.acquired(), "[Dead(EvidenceGone)]");
    heir.release();
    assert_eq!(other.does("ls -A data/dir"), "");
}

#[test]
#[cfg_attr(no_overlay, ignore = "needs root, unshare, nsenter and overlayfs")]
fn an_overlay_mounted_again_is_the_same_directory() {
    let machine = Machine::new(OVERLAY);
    let device = machine.does("stat -c %d data");
    let directory = machine.directory();
    let mut owner = machine.container().contend(&directory);
    owner.acquired();
    owner.kill();
    machine.unmounts();
    // Whichever device number is assigned, it is another one in the end.
    let again = format!(
        "mkdir taken
        while mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none data
        [ $(stat -c %d data) = {device} ]
        do umount data; mount -t tmpfs none taken; done"
    );
    machine.does(&again);
    assert_ne!(machine.does("stat -c %d data"), device);
    let mut heir = machine.inside().contend(&directory);
    assert_eq!(heir.acquired(), "[Dead(EvidenceGone)]");
    assert_eq!(
        machine.container().contend(&directory).refused().0,
        "Alive(Evidence)"
    );
    assert!(heir.still_holds());
    heir.release();
    assert_eq!(machine.does("ls -A data/dir"), "");
}

#[test]
#[cfg_attr(no_overlay, ignore = "needs root, unshare, nsenter and overlayfs")]
fn a_lock_that_a_crashed_container_left_is_taken_over() {
    let machine = Machine::new(OVERLAY);
    let directory = machine.directory();
    let mut owner = machine.container().contend(&directory);
    owner.acquired();
    owner.kill();
    machine.unmounts();
    // What was written over the image is the image of the next one.
    machine.does(
        "mkdir next work2
        mount -t overlay -o lowerdir=upper:lower,upperdir=next,workdir=work2 none data",
    );
    let mut heir = machine.inside().contend(&directory);
    assert_eq!(heir.acquired(), "[Dead(EvidenceGone)]");
    assert!(heir.still_holds());
    heir.release();
    assert_eq!(machine.does("ls -A data/dir"), "");
}

#[test]
#[cfg_attr(no_overlay, ignore = "needs root, unshare, nsenter and overlayfs")]
fn a_lock_in_an_image_from_another_file_system_is_refused() {
    let machine = Machine::new("mkdir -p lower/dir upper work");
    let below = Path::new(WORK).join("lower/dir");
    let mut owner = machine.container().contend(&below);
    owner.acquired();
    owner.kill();
    machine.does("mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none data");
    let directory = machine.directory();
    let (liveness, told) = machine.inside().contend(&directory).refused();
    assert_eq!(liveness, "Unknown(OtherNamespace)", "{told}");
    let mut heir = machine
        .inside()
        .contend_assuming(&directory, owner.identity());
    assert_eq!(heir.acquired(), "[AssumedDead]");
    assert_eq!(
        machine.container().contend(&directory).refused().0,
        "Alive(Evidence)"
    );
    assert!(heir.still_holds());
    heir.kill();
    let mut next = machine.inside().contend(&directory);
    next.acquired();
    next.release();
    // The claim's owner is assumed dead, and not known to be.
    let left = format!("tinyforge.lock.{}", owner.identity());
    assert_eq!(machine.does("ls -A data/dir"), left);
}

/// Two overlays over one upper directory, which the kernel documents as undefined: neither sees the other's evidence.
/// Where processes see each other, that is no harm. Two containers both acquire the lock, as the documentation states.
#[test]
#[cfg_attr(no_overlay, ignore = "needs root, unshare, nsenter and overlayfs")]
fn through_another_overlay_a_neighbour_is_refused() {
    let machine = Machine::new(OVERLAY);
    machine.does(
        "mkdir other work2
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work2 none other",
    );
    let mut owner = machine.inside().contend(&machine.directory());
    owner.acquired();
    let other = Path::new(WORK).join("other/dir");
    let (liveness, told) = machine.inside().contend(&other).refused();
    assert_eq!(liveness, "Alive(Unguarded)", "{told}");
    assert!(owner.still_holds());
}
