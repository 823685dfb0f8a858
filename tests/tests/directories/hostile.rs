//! Hostile directories, through the component: whatever a directory contains, an attempt ends in order and touches only
//! its own files or those of dead processes.

#[cfg_attr(unix, path = "hostile/unix.rs")]
#[cfg_attr(windows, path = "hostile/windows.rs")]
mod odd;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use lockhost::{ErrorKind, Options, Progress, inspect};
use lockhost_machine::names::Names;
use lockhost_tests::fixture::Fixture;
use proptest::{collection::vec, prelude::*};

use self::odd::{fifo, name_of, symlink};

const LOCK: &str = "tinyforge.lock";

/// An entry of a directory.
#[derive(Clone, Debug)]
enum What {
    File(Vec<u8>),
    /// Another name of the entry before.
    Link,
    Symlink(String),
    Directory,
    Fifo,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        3 => vec(any::<u8>(), 0..70).prop_map(What::File),
        3 => prop_oneof![Just("1\n"), Just("999999999\n"), Just("")].prop_map(|text| What::File(text.into())),
        3 => Just(What::Link),
        1 => prop_oneof![Just("/etc/passwd"), Just("nowhere"), Just(LOCK), Just(".")]
            .prop_map(|target| What::Symlink(target.into())),
        1 => Just(What::Directory),
        1 => Just(What::Fifo),
    ]
}

fn name() -> impl Strategy<Value = OsString> {
    let bytes = vec(any::<u8>(), 0..250).prop_map(|mut bytes| {
        bytes.retain(|byte| !matches!(byte, 0 | b'/'));
        bytes
    });
    let behind = |bytes: Vec<u8>| {
        let mut name = format!("{LOCK}.").into_bytes();
        name.extend(bytes);
        name.truncate(255);
        name
    };
    prop_oneof![
        4 => (0_u8..4).prop_map(|level| Names::new(LOCK.into()).level(level).into_bytes()),
        4 => "1-p[0-9]{1,10}(-s[0-9]{1,20})?(-b[0-9a-f]{32})?(-n[0-9]{1,10})?(-e[0-9a-f]{1,8})?(-a[0-9]{1,4})?"
            .prop_map(move |text| behind(text.into_bytes())),
        2 => "[0-9]{1,4}-[a-z][a-z0-9-]{0,126}".prop_map(move |text| behind(text.into_bytes())),
        2 => bytes.prop_map(behind),
    ]
    .prop_map(name_of)
}

/// Puts it there, an hour ago. Entries without room or a valid name are left out.
fn put(directory: &Path, entries: &[(OsString, What)]) {
    let old = SystemTime::now() - Duration::from_secs(3600);
    let mut before = None;
    for (name, what) in entries {
        let path = directory.join(name);
        let done = match what {
            _ if path.symlink_metadata().is_ok() => continue,
            What::File(content) => fs::write(&path, content),
            What::Link => fs::hard_link(before.as_ref().unwrap_or(&path), &path),
            What::Symlink(target) => symlink(target, &path),
            What::Directory => fs::create_dir(&path),
            What::Fifo => fifo(&path),
        };
        if done.is_ok() && matches!(what, What::File(_)) {
            File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(old))
                .unwrap();
            before = Some(path);
        }
    }
}

/// Returns the names that do not concern lockhost: neither a lock file, nor a reclaim lock, nor a claim.
fn foreign(files: &[OsString]) -> BTreeSet<OsString> {
    let names = Names::new(LOCK.into());
    let levels: Vec<String> = (0..=8).map(|level| names.level(level)).collect();
    let own = |file: &&OsString| {
        file.to_str().is_some_and(|file| {
            names.claimant(file).is_some() || levels.iter().any(|level| level == file)
        })
    };
    files.iter().filter(|file| !own(file)).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_directory_holds_an_attempt_ends_in_order(
        entries in vec((name(), what()), 0..12)
    ) {
        let fixture = Fixture::free();
        put(fixture.path(), &entries);
        let before = fixture.files();
        if let Err(error) = inspect(fixture.path(), LOCK) {
            prop_assert_ne!(error.kind(), ErrorKind::Internal, "{}", error);
        }
        prop_assert_eq!(&fixture.files(), &before);
        let mut attempt = Options::new().attempt(fixture.path()).unwrap();
        match attempt.proceed() {
            Ok(Progress::Acquired(lock)) => lock.release().unwrap(),
            Ok(Progress::Waiting(_)) => drop(attempt),
            Err(error) => prop_assert_ne!(error.kind(), ErrorKind::Internal, "{}", error),
        }
        let after = fixture.files();
        prop_assert!(after.iter().all(|file| before.contains(file)), "{:?} {:?}", before, after);
        prop_assert_eq!(foreign(&after), foreign(&before));
    }
}

#[test]
fn thousands_of_files_that_look_like_claims_stay() {
    // Its claim has to be found among them; the makers of the others are unknown, so they may be alive.
    let fixture = Fixture::free().crashed(999_999_999, &[LOCK]);
    for number in 0..5000 {
        fs::write(fixture.path().join(format!("{LOCK}.1-x{number}")), "").unwrap();
    }
    let lock = lockhost::acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced().len(), 1);
    lock.release().unwrap();
    assert_eq!(fixture.files().len(), 5000);
}

#[test]
fn a_lock_with_thousands_of_names_is_judged_like_any_other() {
    let fixture = Fixture::stale();
    for number in 0..5000 {
        fs::hard_link(fixture.lock(), fixture.path().join(number.to_string())).unwrap();
    }
    let lock = lockhost::acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced()[0].pid(), Some(999_999_999));
    lock.release().unwrap();
    assert_eq!(fixture.files().len(), 5000);
}
