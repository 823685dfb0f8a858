//! Evidence, threads, zombies, users and namespaces.

use std::{
    fs::{self, File},
    process::{self, Command, Stdio},
    thread,
};

use lockhost::{AliveReason, DeadReason, Liveness, ReplacedReason, UnknownReason, acquire};
use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::Fixture,
    identity::{Identity, start_of},
    program::lockhost,
};

use super::{Sleeper, bare, dead, held};

/// Kills it, and does not reap it.
fn into_zombie(mut sleeper: Sleeper) -> Sleeper {
    sleeper.0.kill().unwrap();
    let stat = format!("/proc/{}/stat", sleeper.pid());
    while !fs::read_to_string(&stat).unwrap().contains(") Z ") {
        thread::yield_now();
    }
    sleeper
}

#[test]
fn a_zombie_is_dead() {
    let sleeper = Sleeper::new();
    let fixture = Fixture::free();
    let identity = Identity::mine(fixture.path()).of(sleeper.pid());
    let zombie = into_zombie(sleeper);
    identity.leave(&fixture);
    dead(acquire(fixture.path()), DeadReason::Zombie);
    dead(acquire(bare(zombie.pid()).path()), DeadReason::Zombie);
}

#[test]
fn a_zombie_leader_with_living_threads_is_alive() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaderless"));
    let mut leaderless = Contender::start(command.stdin(Stdio::piped()));
    assert_eq!(leaderless.line(), leaderless.pid().to_string());
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .of(leaderless.pid())
        .without('e')
        .leave(&fixture);
    held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::Running),
    );
    held(
        acquire(bare(leaderless.pid()).path()),
        Liveness::Alive(AliveReason::Exists),
    );
}

#[test]
fn a_thread_id_is_no_pid() {
    let thread = rustix::thread::gettid()
        .as_raw_nonzero()
        .get()
        .unsigned_abs();
    assert_ne!(thread, process::id(), "tests run in threads of their own");
    dead(acquire(bare(thread).path()), DeadReason::Thread);
}

#[test]
fn a_running_process_without_its_promised_evidence_is_refused() {
    let sleeper = Sleeper::new();
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .of(sleeper.pid())
        .leave(&fixture);
    let error = held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::Unguarded),
    );
    let told = error.to_string();
    assert!(
        told.contains("it runs, but the file is not locked"),
        "{told}"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.starts_with("if the file is a copy (a backup) "),
        "{hint}"
    );
    let explained = error.holder().unwrap().explanation();
    assert!(
        explained.contains("may be a copy of its lock"),
        "{explained}"
    );
    assert!(hint.contains("lockhost break --owner="), "{hint}");
    let identity = error.holder().unwrap().identity().unwrap().to_owned();
    let options = lockhost::Options::new().assume_dead(identity);
    let lock = options.acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::AssumedDead);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_process_that_may_not_be_signalled_is_alive() {
    let fixture = bare(1);
    fixture.open_to_all();
    let mut contender = Contender::start(&mut fixture.acquire_as_another_user());
    let Answer::Ended(Some(75), told) = contender.answer() else {
        panic!("process 1 is alive");
    };
    assert!(told.contains("pid 1"), "{told}");
}

#[test]
#[cfg_attr(not_root, ignore = "only root chooses the next pid")]
fn a_pid_that_the_kernel_gave_to_another_process_is_dead() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let pid = owner.pid();
    let started = start_of(pid);
    owner.kill();
    // Another process on this machine may get the pid first. And the start has to fall into another tick of the kernel.
    let reused = (0..1000).find_map(|_| {
        fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
        let sleeper = Sleeper::new();
        (sleeper.pid() == pid && start_of(pid) != started).then_some(sleeper)
    });
    let _reused = reused.expect("the kernel gives the number again");
    dead(acquire(fixture.path()), DeadReason::Reused);
}

#[test]
fn what_our_own_process_lost_track_of_is_dead() {
    let fixture = Fixture::free();
    // As a trap in the middle of an attempt leaves it: no process keeps the claim locked.
    Identity::mine(fixture.path()).leave(&fixture);
    dead(acquire(fixture.path()), DeadReason::EvidenceGone);
}

#[test]
fn in_another_time_namespace_a_process_is_alive() {
    let sleeper = Sleeper::new();
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .of(sleeper.pid())
        .with('s', "1")
        .with('t', "1")
        .leave(&fixture);
    held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::Exists),
    );
}

#[test]
fn an_owner_of_another_boot_is_dead_only_with_proof() {
    let other = "00000000000000000000000000000000";
    let fixture = Fixture::free();
    let foreigner = Identity::mine(fixture.path()).with('b', other);
    foreigner.leave(&fixture);
    dead(acquire(fixture.path()), DeadReason::EvidenceGone);
    foreigner.without('e').leave(&fixture);
    let error = held(
        acquire(fixture.path()),
        Liveness::Unknown(UnknownReason::OtherBoot),
    );
    let hint = error.hint().unwrap();
    assert!(hint.contains("lockhost break --owner=1-p"), "{hint}");
}

#[test]
fn a_lock_that_a_power_loss_emptied_is_judged_by_its_claim() {
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .with('b', "00000000000000000000000000000000")
        .leave(&fixture);
    File::options()
        .write(true)
        .open(fixture.lock())
        .unwrap()
        .set_len(0)
        .unwrap();
    dead(acquire(fixture.path()), DeadReason::EvidenceGone);
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn an_owner_in_another_pid_namespace_is_dead_only_with_proof() {
    let fixture = Fixture::free();
    let foreigner = Identity::mine(fixture.path()).with('n', "1");
    foreigner.leave(&fixture);
    dead(acquire(fixture.path()), DeadReason::EvidenceGone);
    foreigner.without('e').leave(&fixture);
    held(
        acquire(fixture.path()),
        Liveness::Unknown(UnknownReason::OtherNamespace),
    );
}

#[test]
fn evidence_on_another_type_of_file_system_proves_nothing() {
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .with('n', "1")
        .with('e', "6969")
        .leave(&fixture);
    held(
        acquire(fixture.path()),
        Liveness::Unknown(UnknownReason::OtherNamespace),
    );
}

#[test]
fn nothing_is_dead_whose_file_is_locked() {
    let other_boot = |mine: Identity| mine.with('b', "00000000000000000000000000000000");
    let gone = |mine: Identity| mine.with('p', "999999999");
    let reused = |mine: Identity| mine.with('s', "1");
    let claims: [&dyn Fn(Identity) -> Identity; 3] = [&other_boot, &gone, &reused];
    for claim in claims {
        let fixture = Fixture::free();
        claim(Identity::mine(fixture.path())).leave(&fixture);
        let file = File::open(fixture.lock()).unwrap();
        file.try_lock().unwrap();
        let error = held(
            acquire(fixture.path()),
            Liveness::Alive(AliveReason::Evidence),
        );
        let told = format!(": kept by pid {} (", process::id());
        assert!(error.to_string().contains(&told), "{error}");
        drop(file);
        // A process that another test is starting at this moment has a copy of it until its execve(2).
        while let Err(error) = acquire(fixture.path()) {
            held(Err(error), Liveness::Alive(AliveReason::Evidence));
            thread::yield_now();
        }
    }
}

#[test]
fn a_file_that_is_locked_is_vetoed_whatever_it_says() {
    for content in ["999999999\n", "", "garbage\n"] {
        let fixture = Fixture::free().with_old("tinyforge.lock", content);
        let file = File::open(fixture.lock()).unwrap();
        file.try_lock().unwrap();
        held(
            acquire(fixture.path()),
            Liveness::Alive(AliveReason::Evidence),
        );
        assert_eq!(fixture.files(), ["tinyforge.lock"]);
    }
}

#[test]
fn a_veto_overrules_a_persons_word() {
    let fixture = Fixture::free();
    let foreigner = Identity::mine(fixture.path()).with('n', "1");
    foreigner.leave(&fixture);
    let file = File::open(fixture.lock()).unwrap();
    file.try_lock().unwrap();
    let options = lockhost::Options::new().assume_dead(foreigner.text());
    held(
        options.acquire(fixture.path()),
        Liveness::Alive(AliveReason::Evidence),
    );
}

#[test]
fn a_veto_is_told_also_where_the_process_seems_to_live() {
    let sleeper = Sleeper::new();
    let bare = bare(sleeper.pid());
    let claimed = Fixture::free();
    Identity::mine(claimed.path())
        .of(sleeper.pid())
        .without('s')
        .leave(&claimed);
    for fixture in [bare, claimed] {
        let file = File::open(fixture.lock()).unwrap();
        file.try_lock().unwrap();
        let error = held(
            acquire(fixture.path()),
            Liveness::Alive(AliveReason::Evidence),
        );
        let identity = error.holder().unwrap().identity().unwrap().to_owned();
        let options = lockhost::Options::new().assume_dead(identity);
        held(
            options.acquire(fixture.path()),
            Liveness::Alive(AliveReason::Evidence),
        );
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root makes namespaces everywhere")]
fn a_proc_of_another_pid_namespace_makes_no_owner_dead() {
    // Inside, proc(5) is still the one outside. There the pids of the first few processes are those of other processes
    // or threads, or of none. The lock's owner lives inside.
    let fixture = Fixture::free();
    let script = "sleep 1000 & echo $! > \"$1/tinyforge.lock\"; \"$0\" acquire \"$1\"; code=$?; kill $!; exit $code";
    let output = Command::new("unshare")
        .args(["--pid", "--fork", "sh", "-c", script])
        .arg(lockhost())
        .arg(fixture.path())
        .output()
        .expect("unshare can be started");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(75), "{told}");
    assert!(told.contains(": only a pid, which is in use\n"), "{told}");
}

#[test]
fn those_who_ask_at_once_do_not_take_each_other_for_the_owner() {
    let fixture = Fixture::free();
    Identity::mine(fixture.path())
        .with('n', "1")
        .leave(&fixture);
    let file = File::open(fixture.lock()).unwrap();
    file.try_lock_shared().unwrap();
    dead(acquire(fixture.path()), DeadReason::EvidenceGone);
}

#[test]
fn a_claim_that_was_removed_by_hand_leaves_the_veto() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    for file in fixture
        .files()
        .into_iter()
        .filter(|file| file != "tinyforge.lock")
    {
        fs::remove_file(fixture.path().join(file)).unwrap();
    }
    fs::write(fixture.lock(), "999999999\n").unwrap();
    held(
        acquire(fixture.path()),
        Liveness::Alive(AliveReason::Evidence),
    );
    // It notices nothing, rightly: the lock's file is still its own.
    assert_eq!(owner.stop().code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
fn evidence_is_closed_when_a_program_is_started() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let child = Sleeper::new();
    let open = fs::read_dir(format!("/proc/{}/fd", child.pid())).unwrap();
    let names: Vec<_> = open
        .filter_map(|fd| fs::read_link(fd.ok()?.path()).ok())
        .collect();
    assert!(
        !names.iter().any(|name| name.starts_with(fixture.path())),
        "{names:?}"
    );
    drop(lock);
}

#[test]
fn no_such_pid_is_dead() {
    let mut gone = Sleeper::new();
    let fixture = Fixture::free();
    let identity = Identity::mine(fixture.path()).of(gone.pid());
    gone.0.kill().unwrap();
    gone.0.wait().unwrap();
    identity.leave(&fixture);
    dead(acquire(fixture.path()), DeadReason::NoProcess);
    dead(acquire(bare(gone.pid()).path()), DeadReason::NoProcess);
}
