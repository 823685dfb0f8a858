//! File systems that are mounted, evidence, users, and proc(5).

use std::{env, process::Command};

use lockhost_tests::{
    fixture::Fixture,
    mounted::{Mounted, is_mounted},
    program::{is_one_message, lockhost, run, text},
};

use super::{doctor, told};

/// Returns the messages of `acquire` on standard error, beside a silent command.
fn warned(fixture: &Fixture, quiet: &[&str]) -> String {
    let arguments = [&["acquire"], quiet, &[text(fixture.path()), "--", "true"]];
    let output = run(&arguments.concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stderr).expect("it speaks text")
}

fn mounted_fixture(mounted: &Mounted) -> Fixture {
    assert!(is_mounted(&mounted.path()));
    Fixture::free_in(&mounted.path())
}

#[test]
fn where_temporary_files_are_locks_are_judged_by_the_kernel() {
    let fixture = Fixture::free_in(&env::temp_dir());
    let (code, told) = doctor(&fixture);
    assert_eq!(code, Some(0), "{told}");
    assert!(!told.contains("\n  no "), "{told}");
    assert!(told.contains("  -    times of files are "), "{told}");
    let (_, verdict) = told.split_once("\nverdict: ").expect(&told);
    assert!(
        verdict.contains("a dead owner never needs a person"),
        "{told}"
    );
    assert_eq!(warned(&fixture, &[]), "", "and no warning is printed");
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "root, /dev/fuse, exfat-fuse, exfatprogs or losetup is missing"
)]
fn without_hard_links_a_pid_is_all_and_an_owner_is_warned() {
    let mounted = Mounted::exfat();
    let fixture = mounted_fixture(&mounted);
    let (code, told) = doctor(&fixture);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("  no   a file can have two names"), "{told}");
    assert!(told.contains("judged by its pid alone"), "{told}");
    let warning = warned(&fixture, &[]);
    assert!(is_one_message(&warning), "{warning}");
    assert!(warning.contains("file system of type fuse"), "{warning}");
    assert!(
        warning.contains("  hint: let only processes that see each other use the directory"),
        "{warning}"
    );
    assert_eq!(warned(&fixture, &["--quiet"]), "");
}

#[test]
#[cfg_attr(no_fuse, ignore = "root, /dev/fuse or unionfs-fuse is missing")]
fn two_names_that_show_as_two_files_are_seen() {
    let mounted = Mounted::unionfs();
    let (code, told) = doctor(&mounted_fixture(&mounted));
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the two names are two files"), "{told}");
}

#[test]
#[cfg_attr(no_fuse, ignore = "root, /dev/fuse or bindfs is missing")]
fn on_a_foreign_file_system_the_kernels_locks_are_not_tried() {
    let mounted = Mounted::bindfs();
    let fixture = mounted_fixture(&mounted);
    let (code, told) = doctor(&fixture);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("  yes  a file can have two names"), "{told}");
    assert!(told.contains("locks are not relied upon"), "{told}");
    assert!(
        told.contains("counts as alive until a person breaks its lock"),
        "{told}"
    );
    let warning = warned(&fixture, &[]);
    assert!(is_one_message(&warning), "{warning}");
    assert!(warning.contains("cannot be judged\n  hint: "), "{warning}");
    assert_eq!(warned(&fixture, &["-q"]), "");
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn who_may_not_write_gets_no_lock_and_is_told_so() {
    let fixture = Fixture::free();
    let mut command = fixture.as_another_user();
    let (code, text) = told(command.arg("doctor").arg("/").output().unwrap());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("verdict: locks do not work here"), "{text}");
    assert!(text.contains("Permission denied"), "{text}");
}

#[test]
#[cfg_attr(not_root, ignore = "only root makes namespaces everywhere")]
fn a_machine_without_proc_is_seen() {
    let fixture = Fixture::free();
    let script = "umount --lazy /proc && exec \"$0\" doctor \"$1\"";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(lockhost())
        .arg(fixture.path())
        .output()
        .expect("unshare can be started");
    let (code, told) = told(output);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("  no   /proc shows this process"), "{told}");
    assert!(told.contains("whose pid another process has"), "{told}");
}
