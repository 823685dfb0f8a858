//! The table of owners: which count as alive, which as dead, and how that is known.

// Only Linux has such evidence, threads with ids like processes, zombies, and namespaces.
#[cfg(target_os = "linux")]
mod linux;

use std::{
    fs,
    process::{self, Child, Command, Stdio},
};

use lockhost::{
    AliveReason, DEFAULT_NAME, DeadReason, Error, ErrorKind, Liveness, Lock, Options,
    ReplacedReason, State, UnknownReason, acquire, inspect,
};
use lockhost_tests::{contender::Contender, fixture::Fixture, identity::Identity};

/// A child that lives until the value is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn new() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idle"));
        command.stdin(Stdio::piped());
        Self(command.spawn().expect("it can be started"))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bare(pid: u32) -> Fixture {
    Fixture::free().with("tinyforge.lock", &format!("{pid}\n"))
}

fn dead(outcome: Result<Lock, Error>, reason: DeadReason) {
    let lock = outcome.expect("its owner is dead");
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::Dead(reason));
}

fn held(outcome: Result<Lock, Error>, liveness: Liveness) -> Error {
    let error = outcome.expect_err("its owner is alive, or may be");
    assert_eq!(error.kind(), ErrorKind::Held, "{error}");
    assert_eq!(error.holder().unwrap().liveness(), liveness, "{error}");
    error
}

#[test]
fn a_process_that_has_ended_is_dead() {
    let mut gone = Sleeper::new();
    let claimed = Fixture::free();
    let identity = Identity::mine(claimed.path()).of(gone.pid());
    gone.0.kill().unwrap();
    gone.0.wait().unwrap();
    identity.leave(&claimed);
    for fixture in [claimed, bare(gone.pid())] {
        let lock = acquire(fixture.path()).expect("its owner is dead");
        // On Windows its state can still be read for as long as any process has a handle of it.
        let reasons = [DeadReason::NoProcess, DeadReason::Zombie].map(ReplacedReason::Dead);
        assert!(reasons.contains(&lock.replaced()[0].reason()));
    }
}

/// Returns the files of programs that write more than a pid, with a pid that no process has in place of other numbers.
fn more_than(pid: u32) -> [String; 7] {
    [
        format!("{pid}\nhost\n"),
        format!("{pid} 999999999"),
        format!("{pid},999999999"),
        format!("{{\"pid\":{pid},\"host\":\"web\"}}\n"),
        // PostgreSQL's, of a directory with a short name.
        format!("{pid}\n/db\n999999999\n999999999\n/tmp\n*\nready\n"),
        // Mercurial's.
        format!("web1.example.org:{pid}"),
        // QLockFile's.
        format!("{pid}\nmyapp\nweb1\n30b7c9e1a9d14a3b\n"),
    ]
}

#[test]
fn a_living_number_beside_others_keeps_the_lock() {
    let sleeper = Sleeper::new();
    for content in more_than(sleeper.pid()) {
        let fixture = Fixture::free().with_old("tinyforge.lock", &content);
        let unknown = Liveness::Unknown(UnknownReason::Unreadable);
        let refused = held(acquire(fixture.path()), unknown);
        let holder = refused.holder().unwrap();
        assert_eq!(holder.pid(), Some(sleeper.pid()), "{content}");
        let status = inspect(fixture.path(), DEFAULT_NAME).unwrap();
        assert_eq!(status.state(), State::Unknown);
        assert_eq!(fs::read_to_string(fixture.lock()).unwrap(), content);
        assert_eq!(fixture.files(), ["tinyforge.lock"]);
        // A user may know better.
        let owner = holder.identity().unwrap();
        let removed = Options::new().break_lock(fixture.path(), owner).unwrap();
        assert_eq!(removed[0].reason(), ReplacedReason::AssumedDead);
        assert!(fixture.files().is_empty());
    }
}

#[test]
fn dead_numbers_beside_others_name_no_owner() {
    let mut gone = Sleeper::new();
    let contents = more_than(gone.pid());
    gone.0.kill().unwrap();
    gone.0.wait().unwrap();
    for content in contents {
        let fixture = Fixture::free().with_old("tinyforge.lock", &content);
        let lock = acquire(fixture.path()).expect("none of them lives");
        assert_eq!(lock.replaced()[0].reason(), ReplacedReason::Malformed);
    }
}

#[test]
fn a_running_process_is_alive() {
    let sleeper = Sleeper::new();
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .of(sleeper.pid())
        .without('e')
        .leave(&fixture);
    held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::Running),
    );
    held(
        acquire(bare(sleeper.pid()).path()),
        Liveness::Alive(AliveReason::Exists),
    );
}

#[test]
fn a_running_process_that_keeps_its_file_locked_is_alive() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::Running),
    );
}

#[test]
fn a_reused_pid_is_dead() {
    let sleeper = Sleeper::new();
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .of(sleeper.pid())
        .with('s', "1")
        .leave(&fixture);
    dead(acquire(fixture.path()), DeadReason::Reused);
}

#[test]
fn our_own_pid_from_an_earlier_life_is_dead() {
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .with('s', "1")
        .leave(&fixture);
    dead(acquire(fixture.path()), DeadReason::Reused);
}

#[test]
fn our_own_process_is_told_apart() {
    let fixture = Fixture::free();
    let _lock = acquire(fixture.path()).unwrap();
    let error = held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::ThisProcess),
    );
    assert!(
        error.to_string().contains("by this process itself"),
        "{error}"
    );
}

#[test]
fn a_bare_pid_that_is_our_own_is_refused_with_the_way_out() {
    let fixture = bare(process::id());
    let error = held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::OwnPid),
    );
    let told = error.to_string();
    assert!(told.ends_with(": this process has the same pid"), "{told}");
    let identity = error.holder().unwrap().identity().unwrap();
    let explained = error.holder().unwrap().explanation();
    assert!(
        explained.contains("earlier run of this container"),
        "{explained}"
    );
    let hint = error.hint().unwrap();
    let condition = "if no other container uses the directory: lockhost break --owner=";
    assert!(
        hint.starts_with(&format!("{condition}{identity} ")),
        "{hint}"
    );
    let lock = Options::new()
        .assume_dead(identity)
        .acquire(fixture.path())
        .unwrap();
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::AssumedDead);
}

#[test]
fn without_a_start_time_to_compare_a_process_is_alive() {
    for tag in ['s', 't'] {
        let sleeper = Sleeper::new();
        let fixture = Fixture::free();
        Identity::mine(fixture.path())
            .of(sleeper.pid())
            .without(tag)
            .leave(&fixture);
        held(
            acquire(fixture.path()),
            Liveness::Alive(AliveReason::Exists),
        );
    }
}

#[test]
fn an_identity_of_a_later_format_is_unknown() {
    let fixture = Fixture::free();
    let mine = Identity::mine(fixture.path());
    let later = mine.text().replacen("1-", "2-", 1);
    fs::write(
        fixture.path().join(format!("tinyforge.lock.{later}")),
        "999999999\n",
    )
    .unwrap();
    fs::hard_link(
        fixture.path().join(format!("tinyforge.lock.{later}")),
        fixture.lock(),
    )
    .unwrap();
    held(
        acquire(fixture.path()),
        Liveness::Unknown(UnknownReason::Unreadable),
    );
}
