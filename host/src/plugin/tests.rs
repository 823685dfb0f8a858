//! Attempts and locks of plugins, without a plugin.

use std::fs;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::Descriptor;

use super::{
    asking,
    attempt::{Attempt, Terms, Trying},
    disclosure::Disclosure,
    link::instances,
};
use crate::{
    bindings::direct::lockfile as wit,
    component::instance::Instance,
    process::mode::Mode,
    wasi::{directory::open_directory, reopen::reopen},
};

fn terms(disclosure: Disclosure) -> Terms {
    Terms {
        at_once: 1,
        mode: Mode::PRIVATE,
        disclosure,
    }
}

fn attempt(directory: &tempfile::TempDir) -> Attempt {
    let options = wit::Options {
        name: "plugin.lock".to_owned(),
        assume_dead: None,
    };
    let directory = open_directory(directory.path()).unwrap();
    Attempt::new(directory, options, &terms(Disclosure::All)).unwrap()
}

fn inspect(directory: Descriptor) -> Result<wit::Status, wit::InspectError> {
    let instance = Instance::new().unwrap();
    instance.inspect(directory, "plugin.lock").unwrap()
}

#[test]
fn a_plugin_that_says_it_has_waited_has_not() {
    let directory = tempfile::tempdir().unwrap();
    let lock = directory.path().join("plugin.lock");
    fs::write(&lock, "").unwrap();
    let mut attempt = attempt(&directory);
    for told in [0, 60_000, u64::MAX] {
        let error = attempt.proceed(told).unwrap().err().unwrap();
        assert!(matches!(error.cause, wit::Cause::Again(_)), "{error:?}");
    }
    drop(attempt);
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn an_attempt_that_has_become_a_lock_or_an_error_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (attempt(&directory), attempt(&directory));
    let lock = first.proceed(0).unwrap().ok().unwrap();
    let refused = second.proceed(0).unwrap().err().unwrap();
    assert!(matches!(refused.cause, wit::Cause::Held(_)), "{refused:?}");
    for attempt in [&mut first, &mut second] {
        let ended = attempt.proceed(0).unwrap().err().unwrap();
        assert!(matches!(ended.cause, wit::Cause::Ended), "{ended:?}");
    }
    drop((first, second));
    assert!(directory.path().join("plugin.lock").exists());
    drop(lock);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_lock_tells_of_itself_and_of_its_loss() {
    let directory = tempfile::tempdir().unwrap();
    let mut lock = attempt(&directory).proceed(0).unwrap().ok().unwrap();
    let report = lock.report().unwrap();
    assert_eq!(
        (report.file.as_str(), report.pid),
        ("plugin.lock", std::process::id())
    );
    assert!(lock.still_held().unwrap().unwrap());
    let path = |name| directory.path().join(name);
    fs::write(path("other"), "7\n").unwrap();
    // Not in one step, for a system that replaces no file which is open.
    fs::rename(path("plugin.lock"), path("away")).unwrap();
    fs::rename(path("other"), path("plugin.lock")).unwrap();
    assert!(!lock.still_held().unwrap().unwrap());
    let lost = lock.release().unwrap().unwrap_err();
    assert!(matches!(lost.cause, wit::ReleaseCause::Lost), "{lost:?}");
}

fn attempt_with(
    directory: &tempfile::TempDir,
    name: &str,
    assume_dead: Option<String>,
    disclosure: Disclosure,
) -> Attempt {
    let options = wit::Options {
        name: name.to_owned(),
        assume_dead,
    };
    let directory = open_directory(directory.path()).unwrap();
    Attempt::new(directory, options, &terms(disclosure)).unwrap()
}

#[test]
fn a_name_that_no_file_has_costs_no_instance() {
    let directory = tempfile::tempdir().unwrap();
    let long = "ä".repeat(8 << 20);
    let mut attempt = attempt_with(&directory, &long, None, Disclosure::All);
    assert!(matches!(attempt.trying, Trying::Refused(_)));
    let error = attempt.proceed(0).unwrap().err().unwrap();
    assert!(matches!(error.cause, wit::Cause::BadName), "{error:?}");
    assert!(long.starts_with(&error.file) && error.file.len() <= 255);
    let error = attempt.proceed(0).unwrap().err().unwrap();
    assert!(matches!(error.cause, wit::Cause::Ended), "{error:?}");
    let dir = open_directory(directory.path()).unwrap();
    let error = asking::inspect(dir, &long, &Disclosure::All).unwrap();
    assert!(error.unwrap_err().file.len() <= 255);
}

#[test]
fn an_attempt_that_has_ended_keeps_no_instance() {
    let directory = tempfile::tempdir().unwrap();
    let held = attempt(&directory).proceed(0).unwrap().ok().unwrap();
    let mut refused = attempt(&directory);
    assert!(matches!(refused.trying, Trying::With(_)));
    refused.proceed(0).unwrap().err().unwrap();
    assert!(matches!(refused.trying, Trying::Ended));
    let mut bad = attempt_with(&directory, "none", None, Disclosure::All);
    bad.proceed(0).unwrap().err().unwrap();
    assert!(matches!(bad.trying, Trying::Ended));
    drop(held);
}

#[test]
fn only_attempts_and_locks_with_an_instance_count() {
    let directory = tempfile::tempdir().unwrap();
    let mut table = ResourceTable::new();
    table.push(1).unwrap();
    let first = table.push(attempt(&directory)).unwrap();
    assert_eq!(instances(&mut table), 1);
    let lock = table.get_mut(&first).unwrap().proceed(0).unwrap();
    let lock = table.push(lock.ok().unwrap()).unwrap();
    assert_eq!(instances(&mut table), 1);
    let too_many = Attempt::one_too_many(1, Disclosure::All);
    let too_many = table.push(too_many).unwrap();
    assert_eq!(instances(&mut table), 1);
    let refused = table.get_mut(&too_many).unwrap().proceed(0).unwrap();
    let cause = refused.err().unwrap().cause;
    assert!(matches!(cause, wit::Cause::Host(_)), "{cause:?}");
    table.delete(lock).unwrap();
    assert_eq!(instances(&mut table), 0);
}

/// Returns what a plugin learns of this lock.
#[cfg(not(windows))]
fn seen(directory: &tempfile::TempDir, disclosure: &Disclosure) -> wit::Status {
    let directory = open_directory(directory.path()).unwrap();
    let status = asking::inspect(directory, "plugin.lock", disclosure).unwrap();
    status.unwrap()
}

#[test]
#[cfg(not(windows))]
fn a_withheld_process_is_not_found_by_a_number_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let lock = directory.path().join("plugin.lock");
    let none = Disclosure::none();
    // The number of this process, which runs, of the first process, and of none.
    for pid in [std::process::id(), 1, 999_999_999] {
        fs::write(&lock, format!("{pid}\n")).unwrap();
        let status = seen(&directory, &none);
        assert_eq!(status.state, wit::State::Unknown, "{status:?}");
        let text = format!("{status:?}");
        assert!(!text.contains("pid: Some"), "{text}");
        let mut attempt = attempt_with(&directory, "plugin.lock", None, none.clone());
        let error = attempt.proceed(0).unwrap().err().unwrap();
        assert!(matches!(error.cause, wit::Cause::Held(_)), "{error:?}");
    }
    // Other programs see it as it is.
    assert_eq!(seen(&directory, &Disclosure::All).state, wit::State::Stale);
}

#[test]
#[cfg(not(windows))]
fn a_handle_says_whose_lock_is_assumed_dead() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("plugin.lock"), "999999999\n").unwrap();
    let none = Disclosure::none();
    let handle = seen(&directory, &none).files[0].holder.identity.clone();
    let real = seen(&directory, &Disclosure::All).files[0]
        .holder
        .identity
        .clone();
    assert!(handle.is_some() && handle != real);
    let tried = |assumed: Option<String>| {
        attempt_with(&directory, "plugin.lock", assumed, none.clone())
            .proceed(0)
            .unwrap()
    };
    for useless in [real, Some("0-h7".to_owned()), None] {
        tried(useless).err().unwrap();
    }
    let mut lock = tried(handle).ok().unwrap();
    let report = lock.report().unwrap();
    assert_eq!((report.pid, report.replaced[0].pid), (0, None));
    assert!(report.identity.starts_with("0-h"), "{report:?}");
}

#[test]
#[cfg(not(windows))]
fn a_dead_owner_with_evidence_is_reclaimed_unseen() {
    let directory = tempfile::tempdir().unwrap();
    let lock = attempt(&directory).proceed(0).unwrap().ok().unwrap();
    if !super::lock::Lock::report(&mut { lock }).unwrap().evidence {
        return;
    }
    // The state that a dead owner leaves: the claim promises evidence, and there is none.
    let mut owner = attempt(&directory).proceed(0).unwrap().ok().unwrap();
    let identity = owner.report().unwrap().identity;
    let path = |name: &str| directory.path().join(name);
    let claim = format!("plugin.lock.{identity}");
    assert!(path(&claim).exists());
    fs::write(path("away"), format!("{}\n", std::process::id())).unwrap();
    drop(owner);
    fs::hard_link(path("away"), path("plugin.lock")).unwrap();
    fs::rename(path("away"), path(&claim)).unwrap();
    let none = Disclosure::none();
    assert_eq!(seen(&directory, &none).state, wit::State::Stale);
    let mut lock = attempt_with(&directory, "plugin.lock", None, none)
        .proceed(0)
        .unwrap()
        .ok()
        .unwrap();
    let reason = &lock.report().unwrap().replaced[0].reason;
    let gone = wit::DeadReason::EvidenceGone;
    assert!(
        matches!(reason, wit::ReplacedReason::Dead(it) if *it == gone),
        "{reason:?}"
    );
}

#[test]
fn a_file_is_no_directory_to_lock() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let file = fs::File::open(directory.path().join("file")).unwrap();
    let file = wasmtime_wasi::filesystem::File::new(
        file,
        wasmtime_wasi::filesystem::FsPerms::ReadWrite,
        wasmtime_wasi::filesystem::OpenMode::READ,
        false,
    );
    let file = reopen(&Descriptor::File(file)).unwrap();
    let status = inspect(file).unwrap_err();
    assert!(
        matches!(status.cause, wit::InspectCause::Failed(_)),
        "{status:?}"
    );
}

#[test]
fn an_inspection_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let look = || {
        let directory = open_directory(directory.path()).unwrap();
        inspect(directory).unwrap()
    };
    assert_eq!(look().state, wit::State::Free);
    let lock = attempt(&directory).proceed(0).unwrap().ok().unwrap();
    let count = || fs::read_dir(directory.path()).unwrap().count();
    let before = count();
    assert_eq!(look().state, wit::State::Held);
    assert_eq!(count(), before);
    drop(lock);
    assert_eq!(look().state, wit::State::Free);
}

#[test]
#[cfg(unix)]
fn a_plugins_lock_has_the_mode_that_its_host_chose() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let options = || wit::Options {
        name: "plugin.lock".to_owned(),
        assume_dead: None,
    };
    let mut modes = [0o640, 0o600].into_iter().map(|bits| {
        let terms = Terms {
            mode: Mode::new(bits).unwrap(),
            ..terms(Disclosure::All)
        };
        let dir = open_directory(directory.path()).unwrap();
        let mut attempt = Attempt::new(dir, options(), &terms).unwrap();
        let lock = attempt.proceed(0).unwrap().map_err(drop).unwrap();
        let file = fs::metadata(directory.path().join("plugin.lock")).unwrap();
        lock.release().unwrap().unwrap();
        file.permissions().mode() & 0o7777
    });
    assert_eq!((modes.next(), modes.next()), (Some(0o640), Some(0o600)));
}
