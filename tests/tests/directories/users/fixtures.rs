//! The users, their actions, and the directories that they share.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    process::{Command, Stdio},
    thread,
};

use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::Fixture,
    program::{ended, lockhost},
};
use rustix::process::Signal;
use tempfile::NamedTempFile;

pub(crate) const GROUP: u32 = 47_100;
pub(crate) const ONE: User = User(47_101, GROUP);
pub(crate) const ANOTHER: User = User(47_102, GROUP);
pub(crate) const STRANGER: User = User(47_103, 47_200);

/// A user, and its only group.
#[derive(Clone, Copy)]
pub(crate) struct User(pub(crate) u32, pub(crate) u32);

impl User {
    pub(crate) fn acquire(self, fixture: &Fixture) -> Command {
        let mut command = Command::new(fixture.for_all(&lockhost()));
        command.arg("acquire").arg(fixture.path());
        self.is_who_runs(&mut command);
        command
    }

    pub(crate) fn is_who_runs(self, command: &mut Command) {
        command.uid(self.0).gid(self.1).current_dir("/");
    }

    /// Returns a shell script of this user's, with the directory as `$1`.
    pub(crate) fn script(self, fixture: &Fixture, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(fixture.path());
        self.is_who_runs(&mut command);
        command
    }

    /// Runs a script to its end, and returns whether it succeeded.
    pub(crate) fn does(self, fixture: &Fixture, script: &str) -> bool {
        let output = self.script(fixture, script).output();
        output.expect("a shell can be started").status.success()
    }

    /// Starts a script that prints a line when it is ready, and then lasts until the value is dropped.
    pub(crate) fn keeps(self, fixture: &Fixture, script: &str) -> Contender {
        let script = format!("{script} && echo ready && exec cat");
        let mut keeper = Contender::start(self.script(fixture, &script).stdin(Stdio::piped()));
        assert_eq!(keeper.line(), "ready", "{}", keeper.complaints());
        keeper
    }

    pub(crate) fn owns(self, fixture: &Fixture) -> Contender {
        let mut owner = Contender::start(&mut self.acquire(fixture));
        assert_eq!(owner.answer(), Answer::Owns);
        owner
    }

    /// Leaves the lock of a killed process behind.
    pub(crate) fn crashes(self, fixture: &Fixture) {
        self.owns(fixture).end(Signal::KILL);
        assert_eq!(fixture.files().len(), 2);
    }

    /// Tries, and does not acquire the lock. Returns the code, and the one line.
    pub(crate) fn is_kept_out(self, fixture: &Fixture) -> (Option<i32>, String) {
        ended(self.acquire(fixture).output().expect("it can be started"))
    }

    /// Acquires the lock, and releases it in order. Returns its messages.
    pub(crate) fn gets_in(self, fixture: &Fixture) -> String {
        let mut owner = self.owns(fixture);
        assert_eq!(owner.end(Signal::TERM).code(), Some(0));
        owner.complaints()
    }
}

/// Returns a directory of the group, with this mode.
pub(crate) fn shared(mode: u32) -> Fixture {
    let fixture = Fixture::free();
    chown(fixture.path(), None, Some(GROUP)).expect("root may");
    fs::set_permissions(fixture.path(), Permissions::from_mode(mode)).expect("its mode can be set");
    fixture
}

/// Its members may write, and remove each other's files.
pub(crate) const WRITABLE: u32 = 0o2775;
/// The same, and other users may not list it.
pub(crate) const GROUPS_ALONE: u32 = 0o2770;
/// Its members may write, and remove their own files.
pub(crate) const STICKY: u32 = 0o3775;

/// Starts the program as this user, stopped once this system call is over.
pub(crate) fn stopped_after(user: User, fixture: &Fixture, call: &str, nth: usize) -> Contender {
    let log = NamedTempFile::with_prefix("lockhost-").unwrap();
    fs::set_permissions(log.path(), Permissions::from_mode(0o666)).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask 022 && exec strace -D -o \"$@\"", "sh"])
        .arg(log.path())
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=STOP:when={nth}")])
        .arg(fixture.for_all(&lockhost()))
        .arg("acquire")
        .arg(fixture.path());
    user.is_who_runs(&mut command);
    let mut owner = Contender::start(&mut command);
    let stopped = "--- stopped by SIGSTOP ---";
    while !fs::read_to_string(log.path()).unwrap().contains(stopped) {
        assert_eq!(owner.try_end(), None);
        thread::yield_now();
    }
    owner
}
