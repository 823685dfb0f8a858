//! Hostile input: contents, names, directories, and answers of the host, made up by property tests and by a fuzzer.
//!
//! `tests/fuzz/` is the fuzzer's target; what it found worth keeping lies in its `corpus` and is tried again here.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    os::unix::{ffi::OsStringExt, fs::symlink},
    path::Path,
    time::{Duration, SystemTime},
};

use lockhost::{ErrorKind, Options, Progress, inspect};
use lockhost_guest::lockfile::{
    Identity, LARGEST_PID, Name, Names, content_of, is_lock_name, parse_pid,
};
use lockhost_tests::{absurd, scene::Scene};
use proptest::{collection::vec, prelude::*};
use rustix::fs::{CWD, FileType, Mode};

const LOCK: &str = "tinyforge.lock";

#[test]
fn what_the_fuzzer_found_worth_keeping_is_still_answered_in_order() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let (mut inputs, mut owners) = (0, 0);
    for file in fs::read_dir(corpus).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        owners += usize::from(absurd::attempt(&bytes).owned);
        let _ = absurd::inspection(&bytes);
        inputs += 1;
    }
    assert!(
        inputs > 50 && owners > 0,
        "{inputs} inputs, {owners} owners"
    );
    println!("{inputs} inputs, {owners} owners");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_host_and_directory_answer_an_attempt_ends_and_owns_nothing_that_it_has_not_seen_its_own(
        bytes in vec(any::<u8>(), 0..300)
    ) {
        let _ = absurd::attempt(&bytes);
        let _ = absurd::inspection(&bytes);
    }

    #[test]
    fn bytes_are_a_pid_exactly_where_the_standard_library_reads_one(
        content in prop_oneof![
            vec(any::<u8>(), 0..70),
            "[ \t\r\n\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{3000}]{0,3}[+-]?[0-9]{0,12}[ \t\r\n\u{a0}\u{205f}]{0,3}"
                .prop_map(String::into_bytes),
            "\\PC{0,30}".prop_map(String::into_bytes),
        ]
    ) {
        // As the original, whose language trims and reads numbers in the same way.
        let read = std::str::from_utf8(&content).ok().and_then(|text| text.trim().parse::<i64>().ok());
        let pid = read.and_then(|pid| u32::try_from(pid).ok());
        prop_assert_eq!(parse_pid(&content), pid.filter(|pid| (1..=LARGEST_PID).contains(pid)));
    }

    #[test]
    fn a_pid_that_is_written_is_read_back(pid in 1..=LARGEST_PID) {
        prop_assert_eq!(parse_pid(content_of(pid).as_bytes()), Some(pid));
    }

    #[test]
    fn a_files_name_is_that_of_a_claim_exactly_if_it_is_made_of_an_identity(
        text in prop_oneof!["[0-9]{0,5}-?[a-z]?[a-z0-9-]{0,140}", "\\PC{0,20}", any::<String>()]
    ) {
        let names = Names::new(LOCK.to_owned());
        let file = format!("{LOCK}.{text}");
        let claimant = names.claimant(&file);
        prop_assert_eq!(claimant, Identity::new(&text));
        if let Some(identity) = claimant {
            prop_assert_eq!(identity.as_str(), text.as_str());
            prop_assert_eq!(names.file(&Name::Claim(identity)), file.as_str());
            prop_assert!(text.len() <= 128 && !file.contains(['/', '\\', '\0']));
            // Neither a lock file nor a reclaim lock of its own.
            prop_assert!(!is_lock_name(&file));
        }
    }

    #[test]
    fn a_locks_name_leads_out_of_no_directory(name in any::<String>()) {
        let names = [name.clone(), format!("{name}.lock"), format!("{name}.pid")];
        for name in names.into_iter().filter(|name| is_lock_name(name)) {
            let path = Path::new(&name);
            prop_assert_eq!(path.file_name(), Some(name.as_ref()));
            prop_assert_eq!(path.components().count(), 1);
        }
    }
}

/// What lies about in a directory.
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
    .prop_map(OsString::from_vec)
}

/// Puts it there, an hour ago. What there is no room or name for is left out.
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
            What::Fifo => {
                rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).map_err(Into::into)
            }
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

/// Names that are nobody's business: neither a lock file, nor a reclaim lock, nor a claim.
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
    fn whatever_lies_about_in_a_directory_an_attempt_ends_in_order_and_adds_nothing(
        entries in vec((name(), what()), 0..12)
    ) {
        let scene = Scene::free();
        put(scene.path(), &entries);
        let before = scene.files();
        if let Err(error) = inspect(scene.path(), LOCK) {
            prop_assert_ne!(error.kind(), ErrorKind::Internal, "{}", error);
        }
        prop_assert_eq!(&scene.files(), &before);
        let mut attempt = Options::new().attempt(scene.path()).unwrap();
        match attempt.proceed() {
            Ok(Progress::Acquired(lock)) => lock.release().unwrap(),
            Ok(Progress::Waiting(_)) => drop(attempt),
            Err(error) => prop_assert_ne!(error.kind(), ErrorKind::Internal, "{}", error),
        }
        let after = scene.files();
        prop_assert!(after.iter().all(|file| before.contains(file)), "{:?} {:?}", before, after);
        prop_assert_eq!(foreign(&after), foreign(&before));
    }
}

#[test]
fn thousands_of_files_that_look_like_claims_hinder_nobody_and_stay() {
    // Its claim has to be found among them; whoever made the others cannot be told, so they may be alive.
    let scene = Scene::free().crashed(999_999_999, &[LOCK]);
    for number in 0..5000 {
        fs::write(scene.path().join(format!("{LOCK}.1-x{number}")), "").unwrap();
    }
    let lock = lockhost::acquire(scene.path()).unwrap();
    assert_eq!(lock.replaced().len(), 1);
    lock.release().unwrap();
    assert_eq!(scene.files().len(), 5000);
}

#[test]
fn a_lock_with_thousands_of_names_is_judged_like_any_other() {
    let scene = Scene::stale();
    for number in 0..5000 {
        fs::hard_link(scene.lock(), scene.path().join(number.to_string())).unwrap();
    }
    let lock = lockhost::acquire(scene.path()).unwrap();
    assert_eq!(lock.replaced()[0].pid(), Some(999_999_999));
    lock.release().unwrap();
    assert_eq!(scene.files().len(), 5000);
}
