//! Signals to a lockhost that waits for a file system whose server does not answer.

use std::os::unix::process::ExitStatusExt;

use lockhost_tests::{mounted::Mounted, under_lock::stop};

use super::*;

/// Waits until the first thread of a process waits for the server of a FUSE file system.
fn hangs(pid: u32) {
    let place = format!("/proc/{pid}/wchan");
    let waits = || fs::read_to_string(&place).is_ok_and(|it| it == "request_wait_answer");
    until("it waits for the server", waits);
}

/// At its start, nothing is caught yet.
#[test]
#[cfg_attr(no_fuse, ignore = "needs root and FUSE with bindfs")]
fn a_signal_ends_an_attempt_on_a_dead_mount() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let dead = Mounted::bindfs_without_cache();
        let stopped = dead.stopped();
        let mut attempt = Contender::acquire(&dead.path());
        hangs(attempt.pid());
        send(attempt.pid(), signal).expect("it is there");
        assert_eq!(attempt.end_of_input().signal(), Some(signal.as_raw()));
        drop(stopped);
    }
}

/// Later, its code is the same as where it reads the signal.
#[test]
#[cfg_attr(no_fuse, ignore = "needs root and FUSE with bindfs")]
fn a_signal_ends_a_waiter_whose_mount_died() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mounted = Mounted::bindfs_without_cache();
        let mut owner = Contender::owner(&mounted.path());
        let mut waiter = under_lock(&["--wait"], &mounted.path(), &[]);
        let mut waiter = Contender::start(&mut waiter);
        let threads = format!("/proc/{}/task", waiter.pid());
        until("it has its second thread", || {
            fs::read_dir(&threads).is_ok_and(|it| it.count() == 2)
        });
        // While the waiter asks for nothing: no signal ends the wait for an answer to what the server has read already.
        let pid = waiter.pid();
        stop(pid);
        let stopped = mounted.stopped();
        send(pid, Signal::CONT).expect("it is there");
        hangs(pid);
        send(pid, signal).expect("it is there");
        assert_eq!(waiter.end_of_input().code(), Some(128 + signal.as_raw()));
        drop(stopped);
        send(owner.pid(), Signal::TERM).expect("it is there");
        assert_eq!(owner.end_of_input().code(), Some(0));
        assert_eq!(fs::read_dir(mounted.path()).unwrap().count(), 0);
    }
}

/// It reads the signal, and meets the dead mount when it is about to remove its claim.
#[test]
#[cfg_attr(no_fuse, ignore = "needs root and FUSE with bindfs")]
fn a_signal_that_is_read_ends_an_attempt_whose_mount_died() {
    let mounted = Mounted::bindfs_without_cache();
    // Another program may be writing it, so the attempt waits.
    fs::write(mounted.path().join("tinyforge.lock"), "").unwrap();
    let mut attempt = under_lock(&["--wait"], &mounted.path(), &[]);
    let mut attempt = Contender::start(&mut attempt);
    until("it has made its claim", || {
        fs::read_dir(mounted.path()).unwrap().count() == 2
    });
    let pid = attempt.pid();
    let place = format!("/proc/{pid}/wchan");
    until("it waits between two looks", || {
        fs::read_to_string(&place).is_ok_and(|it| it.contains("poll"))
    });
    stop(pid);
    let stopped = mounted.stopped();
    // What it reads first when it goes on.
    send(pid, Signal::TERM).expect("it is there");
    send(pid, Signal::CONT).expect("it is there");
    assert_eq!(attempt.end_of_input().code(), Some(128 + 15));
    drop(stopped);
}

/// The kernel drops signals of such a process that it neither blocks nor handles.
#[test]
#[cfg_attr(no_fuse, ignore = "needs root and FUSE with bindfs")]
fn as_the_first_process_a_signal_ends_it_on_a_dead_mount() {
    let dead = Mounted::bindfs_without_cache();
    let stopped = dead.stopped();
    let mut unshare = Command::new("unshare");
    unshare.args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    let lockhost = under_lock(&[], &dead.path(), &[]);
    unshare
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut first = Contender::start(&mut unshare);
    let children = format!("/proc/{0}/task/{0}/children", first.pid());
    let child = || fs::read_to_string(&children).ok()?.trim().parse().ok();
    until("unshare has a child", || child().is_some());
    let lockhost = child().unwrap();
    hangs(lockhost);
    send(lockhost, Signal::TERM).expect("it is there");
    assert_eq!(first.end_of_input().code(), Some(128 + 15));
    drop(stopped);
}

/// A command is started without a copy of the memory, and signals are passed on by one thread.
#[test]
#[cfg_attr(no_fuse, ignore = "needs root and FUSE with bindfs")]
fn on_a_mount_that_may_hang_a_command_has_one_parent_thread() {
    let mounted = Mounted::bindfs();
    let mut owner = hearing(&[], &mounted.path());
    let (_, lockhost) = ready(&mut owner);
    let threads = fs::read_dir(format!("/proc/{lockhost}/task")).unwrap();
    assert_eq!(threads.count(), 1);
    send(lockhost, Signal::USR2).expect("it is there");
    assert_eq!(owner.end_of_input().code(), Some(3));
}
