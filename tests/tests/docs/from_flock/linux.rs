//! A lock whose owner was killed, and one that is only a pid.

use std::{fs, os::unix::fs::symlink, process::Stdio};

use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    mounted::Mounted,
    program::{lockhost, text},
    under_lock::under_lock,
};

use super::{holds::holds, place_of_the_script};

#[test]
fn who_keeps_the_lock_of_a_killed_owner_runs_under_it() {
    let fixture = Fixture::free();
    let script = "trap '' TERM; echo ready; read line; \"$0\" holds \"$1\"; echo $?";
    let program = lockhost();
    let command = ["sh", "-c", script, text(&program), text(fixture.path())];
    let mut owner = under_lock(&[], fixture.path(), &command);
    let mut owner = Contender::start(owner.stdin(Stdio::piped()));
    assert_eq!(owner.line(), "ready");
    owner.kill();
    assert_eq!(holds(fixture.path()), Some(1), "the lock is the shell's");
    owner.go_on();
    assert_eq!(owner.line(), "0");
}

#[test]
#[cfg_attr(
    no_fuse,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root)"
)]
fn a_script_locks_itself_without_hard_links() {
    let place = place_of_the_script();
    let exfat = Mounted::exfat();
    let data = place.0.path().join("data");
    fs::remove_dir(&data).unwrap();
    symlink(exfat.path(), &data).unwrap();
    let output = place.run("script");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.ends_with(" is ours\n"), "{output:?}");
    // Here a lock is its owner's pid, which another machine may have as well.
    fs::write(
        exfat.path().join("tinyforge.lock"),
        format!("{}\n", std::process::id()),
    )
    .unwrap();
    assert_eq!(place.run("lockhost holds data").status.code(), Some(1));
    let output = place.run("LOCKHOST_PID=$$ LOCKHOST_LOCK=data/tinyforge.lock lockhost holds data");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
