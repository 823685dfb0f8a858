//! File systems without hard links, and those with unusual ones: the lock file is made in place there, has no claim,
//! and is judged by its pid alone.
//!
//! On Linux alone: such file systems are mounted.
#![cfg(target_os = "linux")]

mod denied;

use std::{ffi::OsString, fs};

use lockhost::{AliveReason, DeadReason, ErrorKind, Liveness, Lock, ReplacedReason, acquire};
use lockhost_tests::{
    contender::{Answer, Contender, exactly_one_gets_in, rounds},
    fixture::{Fixture, NO_PROCESS},
    mounted::{Mounted, is_mounted},
    program::run,
    strace,
};
use rustix::process::Signal;

const LOCK: &str = "tinyforge.lock";
const RECLAIM: &str = "tinyforge.lock.reclaim";

const PROCESSES: usize = 16;

fn program(fixture: &Fixture) -> Contender {
    Contender::acquire(fixture.path())
}

fn round(fixture: &Fixture) {
    exactly_one_gets_in(env!("CARGO_BIN_EXE_at-barrier"), PROCESSES, fixture);
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root)"
)]
fn of_sixteen_without_links_exactly_one_gets_in() {
    let exfat = Mounted::exfat();
    assert!(is_mounted(&exfat.path()));
    let free = || Fixture::free_in(&exfat.path());
    let rounds = rounds().div_ceil(2);
    for _ in 0..rounds {
        round(&free());
        round(&free().with(LOCK, NO_PROCESS));
        round(&free().with_old(LOCK, ""));
        round(&free().with(LOCK, NO_PROCESS).with(RECLAIM, NO_PROCESS));
    }
    println!("without links: 4 times {rounds} rounds of {PROCESSES} processes, one owner each");
}

/// Asserts that a lock was made in place.
fn is_in_place(lock: &Lock, fixture: &Fixture) {
    assert!(!lock.is_claimed() && !lock.has_evidence());
    assert!(lock.evidence().unwrap().is_none());
    assert_eq!(fixture.files(), [LOCK]);
    let content = fs::read_to_string(fixture.lock()).unwrap();
    assert_eq!(content, format!("{}\n", std::process::id()));
    assert!(lock.still_held().unwrap());
    assert!(lock.warnings().is_empty(), "{:?}", lock.warnings());
}

fn is_made_in_place_and_excludes(mounted: &Mounted) {
    let fixture = Fixture::free_in(&mounted.path());
    let lock = acquire(fixture.path()).unwrap();
    is_in_place(&lock, &fixture);
    let refused = acquire(fixture.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
    assert!(refused.holder().unwrap().is_this_process(), "{refused}");
    let mut other = program(&fixture);
    let Answer::Ended(Some(75), told) = other.answer() else {
        panic!("two owners");
    };
    assert!(
        told.contains(&format!(" is held by pid {} ", lock.pid())),
        "{told}"
    );
    assert!(told.contains(": only a pid, which is in use\n"), "{told}");
    assert_eq!(fixture.files(), [LOCK]);
    lock.release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root)"
)]
fn without_links_the_lock_file_is_made_in_place_and_excludes() {
    is_made_in_place_and_excludes(&Mounted::exfat());
}

#[test]
#[cfg_attr(no_fuse, ignore = "unionfs cannot be mounted (unionfs-fuse, root)")]
fn where_two_names_show_as_two_files_the_lock_is_made_in_place() {
    let unionfs = Mounted::unionfs();
    assert!(is_mounted(&unionfs.path()));
    is_made_in_place_and_excludes(&unionfs);
}

#[test]
#[cfg_attr(no_fuse, ignore = "bindfs cannot be mounted (bindfs, root)")]
fn a_foreign_file_system_with_links_has_claims_and_no_evidence() {
    let bindfs = Mounted::bindfs();
    assert!(is_mounted(&bindfs.path()));
    let fixture = Fixture::free_in(&bindfs.path());
    let lock = acquire(fixture.path()).unwrap();
    assert!(lock.is_claimed() && !lock.has_evidence());
    assert!(lock.evidence().unwrap().is_none());
    let claim = format!("{LOCK}.{}", lock.identity());
    assert_eq!(fixture.files(), [LOCK, &claim], "the scratch link is gone");
    let refused = acquire(fixture.path()).unwrap_err();
    assert!(refused.holder().unwrap().is_this_process(), "{refused}");
    lock.release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root)"
)]
fn without_links_a_killed_owner_does_not_block_a_restart() {
    let exfat = Mounted::exfat();
    let fixture = Fixture::free_in(&exfat.path());
    let mut owner = program(&fixture);
    assert_eq!(owner.answer(), Answer::Owns);
    owner.end(Signal::KILL);
    let lock = acquire(fixture.path()).unwrap();
    let [replaced] = lock.replaced() else {
        panic!("{:?}", lock.replaced());
    };
    assert_eq!(replaced.pid(), Some(owner.pid()));
    assert_eq!(
        replaced.reason(),
        ReplacedReason::Dead(DeadReason::NoProcess)
    );
    is_in_place(&lock, &fixture);
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root)"
)]
fn without_links_a_replaced_lock_file_is_noticed() {
    let exfat = Mounted::exfat();
    let fixture = Fixture::free_in(&exfat.path());
    let lock = acquire(fixture.path()).unwrap();
    fs::remove_file(fixture.lock()).unwrap();
    fs::write(fixture.lock(), NO_PROCESS).unwrap();
    assert!(!lock.still_held().unwrap());
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::Lost);
    assert_eq!(fixture.files(), [LOCK]);
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root)"
)]
fn without_links_our_own_pid_from_an_earlier_life_is_refused() {
    let exfat = Mounted::exfat();
    let own = format!("{}\n", std::process::id());
    let fixture = Fixture::free_in(&exfat.path()).with(LOCK, &own);
    let refused = acquire(fixture.path()).unwrap_err();
    let holder = refused.holder().unwrap();
    assert_eq!(holder.liveness(), Liveness::Alive(AliveReason::OwnPid));
    let identity = holder.identity().unwrap().to_owned();
    let options = lockhost::Options::new().assume_dead(identity);
    is_in_place(&options.acquire(fixture.path()).unwrap(), &fixture);
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root)"
)]
fn without_links_a_living_reclaim_is_waited_for() {
    let exfat = Mounted::exfat();
    // Pid 1 lives. It may be about to remove the lock file that it saw while it was still empty.
    let fixture = Fixture::free_in(&exfat.path()).with(RECLAIM, "1\n");
    let path = fixture.path().to_str().expect("its path is text");
    let output = run(&["acquire", path]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(75), "{told}");
    assert!(
        told.contains("  hint: a reclaim is short: try again; "),
        "{told}"
    );
    // Given up by its content and not by its name, and free to be taken over once it has settled.
    assert_eq!(fixture.files(), [LOCK, RECLAIM]);
    assert!(fs::read_to_string(fixture.lock()).unwrap().starts_with('-'));
    fs::remove_file(fixture.path().join(RECLAIM)).unwrap();
    let lock = acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::Malformed);
    is_in_place(&lock, &fixture);
}

/// Returns the files of an owner where link(2) fails in this way.
fn owner_with(inject: &str, fixture: &Fixture) -> Vec<OsString> {
    let mut owner = strace::acquire_with(&[inject], fixture.path());
    assert_eq!(owner.answer(), Answer::Owns);
    let files = fixture.files();
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    assert!(fixture.files().is_empty());
    files
}

#[test]
#[cfg_attr(
    no_fuse_or_strace,
    ignore = "bindfs cannot be mounted (bindfs, root), or there is no strace"
)]
fn every_way_to_have_no_links_is_understood() {
    let bindfs = Mounted::bindfs();
    let fixture = Fixture::free_in(&bindfs.path());
    for error in ["EPERM", "ENOSYS", "EOPNOTSUPP", "EMLINK"] {
        let inject = format!("linkat:error={error}");
        assert_eq!(owner_with(&inject, &fixture), [LOCK], "{error}");
    }
    let files = owner_with("linkat:error=EIO:when=1", &fixture);
    assert_eq!(files.len(), 2, "the lock and its claim: {files:?}");
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn where_a_scratch_link_is_made_a_denied_one_is_a_failure() {
    // As fs.protected_hardlinks does for files of other users.
    let fixture = Fixture::free();
    let mut refused = strace::acquire_with(&["linkat:error=EPERM:when=1"], fixture.path());
    let Answer::Ended(Some(1), told) = refused.answer() else {
        panic!("it made its lock without a link");
    };
    assert!(told.contains("cannot link"), "{told}");
    assert!(told.contains("operation not permitted"), "{told}");
    assert!(fixture.files().is_empty());
}

/// Every file that is examined seems to have one name, and all other facts stay: the mask, block size and attributes
/// are written with it, in the layout of statx(2). The component's files are examined by fstatat(2), into whose result a
/// number of links cannot be written alone.
#[cfg(not(feature = "component"))]
const ONE_LINK: &str = "statx:poke_exit=@arg5=ff0f000000100000000000000000000001000000";

#[cfg(not(feature = "component"))]
#[test]
#[cfg_attr(
    no_fuse_or_namespaces_or_strace,
    ignore = "needs root, bindfs, unshare, nsenter and strace"
)]
fn a_link_count_of_one_is_not_believed() {
    use lockhost_tests::namespaces::Place;

    let mounted = Mounted::bindfs();
    let mut owner = Contender::owner(&mounted.path());
    // No process there has the owner's pid.
    let observer = || Place::container().injected(&[ONE_LINK]);
    let (liveness, said) = observer().contend(&mounted.path()).refused();
    assert_eq!(liveness, "Unknown(OtherNamespace)", "{said}");
    let files = fs::read_dir(mounted.path()).unwrap().count();
    assert_eq!(files, 2, "the owner's lock and claim");
    owner.end(Signal::TERM);
}

#[cfg(not(feature = "component"))]
#[test]
#[cfg_attr(no_fuse_or_strace, ignore = "needs root, bindfs and strace")]
fn a_second_name_that_is_not_counted_is_none() {
    let mounted = Mounted::bindfs();
    let mut owner = strace::acquire_with(&[ONE_LINK], &mounted.path());
    assert_eq!(owner.answer(), Answer::Owns);
    let files = fs::read_dir(mounted.path()).unwrap().count();
    assert_eq!(files, 1, "the lock alone, made in place");
    owner.end(Signal::TERM);
}
