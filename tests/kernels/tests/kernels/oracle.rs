//! The test bed and its oracle themselves.

use std::path::Path;

use lockhost_kernel_tests::{
    bed::Bed,
    log::check_the_oracle,
    machine::{Disk, Machine},
    site::{Share, with},
};

#[test]
fn an_owner_beside_another_one_is_seen() {
    check_the_oracle();
}

#[test]
#[cfg_attr(
    no_kernels_or_nfs,
    ignore = "needs root, user-mode-linux and nfs-kernel-server"
)]
fn the_oracle_sees_owners_on_two_machines() {
    with(Share::Nfs42, |site| {
        let from = site.bed.log.len();
        let first = site.a.spawn(&["/media/tenure", "first", "hold"]);
        let begins = |line: &str| (line == "a begin first").then_some(());
        site.bed.log.wait(from, "the first", begins);
        site.b.run("/media/tenure second");
        first.close();
        assert_eq!(first.code(), Some(0));
        site.b.run("/media/tenure third");
        let verdict = site.bed.log.judge(from);
        assert_eq!((verdict.owners, verdict.beside), (3, 1));
    });
}

#[test]
#[cfg_attr(no_kernels, ignore = "needs root and user-mode-linux")]
fn with_its_pipe_a_bed_and_its_kernels_are_gone() {
    let bed = Bed::new();
    let mut machine = Machine::new(&bed, "alone", 1, Disk::None);
    let from = bed.log.len();
    machine.start(&bed);
    machine.wait_until_ready(&bed, from);
    let kernel = format!("/proc/{}", machine.pid());
    let console = bed.file("alone.console");
    assert!(Path::new(&kernel).exists() && console.exists());
    // Only closes the pipe, as the kernel does for a process that was killed.
    drop(bed);
    assert!(!Path::new(&kernel).exists() && !console.exists());
}
