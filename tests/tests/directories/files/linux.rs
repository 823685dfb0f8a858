//! Files of kinds that only POSIX has, other users, file systems that are mounted, and limits.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt, symlink},
        net::UnixListener,
    },
    process::{Command, Output},
};

use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::{Fixture, NO_PROCESS},
    program::{ended, lockhost, text},
};
use rustix::fs::{CWD, FileType, Mode};

use super::stands_in_the_way;

#[test]
fn a_symbolic_link_in_place_of_the_lock_is_not_followed() {
    let fixture = Fixture::free().with("precious", NO_PROCESS);
    symlink("precious", fixture.lock()).unwrap();
    stands_in_the_way(&fixture, "a symbolic link");
    assert_eq!(
        fs::read_to_string(fixture.path().join("precious")).unwrap(),
        NO_PROCESS
    );
}

#[test]
fn a_named_pipe_in_place_of_the_lock_hangs_no_start() {
    let fixture = Fixture::free();
    rustix::fs::mknodat(CWD, fixture.lock(), FileType::Fifo, Mode::RUSR, 0).unwrap();
    stands_in_the_way(&fixture, "a special file");
    assert!(fs::metadata(fixture.lock()).unwrap().file_type().is_fifo());
}

#[test]
fn a_singleton_lock_of_chromium_is_left_alone() {
    let fixture = Fixture::free();
    // A link to the host and the pid, which is no file's name.
    let target = format!("host-{}", std::process::id());
    symlink(&target, fixture.lock()).unwrap();
    stands_in_the_way(&fixture, "a symbolic link");
    let link = fs::read_link(fixture.lock()).unwrap();
    assert_eq!(link.to_str(), Some(target.as_str()));
}

#[test]
fn a_socket_in_place_of_the_lock_is_left_alone() {
    let fixture = Fixture::free();
    let _listener = UnixListener::bind(fixture.lock()).unwrap();
    stands_in_the_way(&fixture, "a special file");
    assert!(
        fs::metadata(fixture.lock())
            .unwrap()
            .file_type()
            .is_socket()
    );
}

/// Runs it as an unprivileged user.
fn as_another_user(fixture: &Fixture) -> (Option<i32>, String) {
    let output = fixture.acquire_as_another_user().output();
    ended(output.expect("the program can be started"))
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_users_unreadable_lock_is_never_stale() {
    let fixture = Fixture::stale();
    fixture.open_to_all();
    fs::set_permissions(fixture.lock(), Permissions::from_mode(0o600)).unwrap();
    let (code, line) = as_another_user(&fixture);
    // No claim names its owner, so the owner may live.
    assert_eq!(code, Some(75));
    assert!(line.contains(text(&fixture.lock())), "{line}");
    let told = "no claim; liveness unknown\n  hint: ask user 0 or root: no other user can check";
    assert!(line.contains(told), "{line}");
    assert_eq!(fs::read_to_string(fixture.lock()).unwrap(), NO_PROCESS);
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_directory_that_is_not_writable_is_a_failure() {
    let fixture = Fixture::free();
    fs::set_permissions(fixture.path(), Permissions::from_mode(0o755)).unwrap();
    let (code, line) = as_another_user(&fixture);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("cannot create") && line.contains(text(fixture.path())),
        "{line}"
    );
    assert!(
        line.contains(
            "permission denied (the directory belongs to user 0)\n  hint: run it as user 0 or root"
        ),
        "{line}"
    );
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_users_stale_lock_in_a_sticky_directory_is_a_failure() {
    let fixture = Fixture::stale();
    fs::set_permissions(fixture.path(), Permissions::from_mode(0o1777)).unwrap();
    fs::set_permissions(fixture.lock(), Permissions::from_mode(0o644)).unwrap();
    let (code, line) = as_another_user(&fixture);
    assert_eq!(code, Some(1));
    let told = format!(
        "cannot remove {}: operation not permitted (the file belongs to user 0)\n  hint: ",
        fixture.lock().display()
    );
    assert!(line.contains(&told), "{line}");
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
}

/// Runs a script in a mount namespace of its own, with the program as `$0` and the directory as `$1`.
fn in_a_mount_namespace(fixture: &Fixture, script: &str) -> Output {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script])
        .arg(lockhost())
        .arg(fixture.path());
    command.output().expect("unshare can be started")
}

#[test]
#[cfg_attr(not_root, ignore = "only root can mount a file system")]
fn a_full_disk_is_a_failure_that_leaves_nothing() {
    let fixture = Fixture::free();
    let script = "mount -t tmpfs -o size=4k none \"$1\" && head -c 4096 /dev/zero > \"$1/full\" || exit 3\n\
                  \"$0\" acquire \"$1\"; code=$?; ls -A \"$1\"; exit $code";
    let output = in_a_mount_namespace(&fixture, script);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "full\n");
    let (code, line) = ended(output);
    assert_eq!(code, Some(1), "{line}");
    assert!(
        line.contains("cannot write") && line.contains("no space left on device"),
        "{line}"
    );
}

#[test]
#[cfg_attr(not_root, ignore = "only root can mount a file system")]
fn a_file_system_that_is_mounted_read_only_is_a_failure() {
    let fixture = Fixture::free();
    let script = "mount -t tmpfs -o ro none \"$1\" || exit 3\n exec \"$0\" acquire \"$1\"";
    let (code, line) = ended(in_a_mount_namespace(&fixture, script));
    assert_eq!(code, Some(1), "{line}");
    assert!(
        line.contains("cannot create") && line.contains("read-only file system"),
        "{line}"
    );
}

#[test]
fn with_few_descriptors_it_gets_in_or_leaves_nothing() {
    let mut got_in = 0;
    // With fewer, the program itself does not start.
    for limit in 4..24 {
        let fixture = Fixture::stale();
        let script = format!("ulimit -n {limit} && exec \"$0\" acquire \"$1\"");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .arg(lockhost())
            .arg(fixture.path());
        let mut contender = Contender::start(&mut command);
        match contender.answer() {
            Answer::Owns => {
                got_in += 1;
                assert_eq!(contender.stop().code(), Some(0));
                assert!(
                    fixture.files().is_empty(),
                    "with {limit}: {:?}",
                    fixture.files()
                );
            }
            Answer::Ended(code, told) => {
                assert_eq!(code, Some(1), "with {limit}: {told}");
                assert_eq!(fixture.files(), ["tinyforge.lock"], "with {limit}: {told}");
            }
        }
    }
    assert!((1..20).contains(&got_in), "{got_in} of 20 got in");
}
