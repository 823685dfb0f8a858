//! A directory of very many files: a file that is not the lock's costs a name in a listing, and no system call of its
//! own. Very many claims are listed in constant memory, and each sweep examines some of them. The tests count system
//! calls, with strace(1), and not time.
//!
//! On Linux alone: strace(1) counts.
#![cfg(target_os = "linux")]

use std::{collections::BTreeMap, fs, process::Command, time::Instant};

use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    program::lockhost,
};
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::{Pid, Signal, kill_process},
};
use tempfile::NamedTempFile;

/// How often the program made each system call that has to do with files.
type Calls = BTreeMap<String, u64>;

/// Returns how often a file was examined.
fn looks(calls: &Calls) -> u64 {
    ["statx", "newfstatat"]
        .iter()
        .filter_map(|call| calls.get(*call))
        .sum()
}

fn full(fixture: Fixture, files: u32) -> Fixture {
    for number in 0..files {
        let file = fixture.path().join(format!("{number}.data"));
        mknodat(CWD, file, FileType::RegularFile, Mode::RUSR, 0).expect("an empty file");
    }
    fixture
}

/// Runs the program until it is refused, or has acquired and released.
fn calls(fixture: &Fixture) -> (Answer, Calls) {
    let table = NamedTempFile::new().expect("a temporary file");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-c", "-e", "trace=%file,%desc", "-o"])
        .arg(table.path())
        .arg(lockhost())
        .arg("acquire")
        .arg(fixture.path());
    let mut traced = Contender::start(&mut command);
    let answer = traced.answer();
    if answer == Answer::Owns {
        let pid = fs::read_to_string(fixture.lock()).expect("it owns");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a pid"), Signal::TERM).expect("it is there");
        assert!(matches!(traced.answer(), Answer::Ended(Some(0), _)));
    }
    let table = fs::read_to_string(table.path()).expect("strace wrote it");
    let rows = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        // A row has time, seconds, microseconds, calls, perhaps errors, and the name; or else it is a heading, a rule,
        // or the total.
        let count = fields.get(3)?.parse().ok()?;
        let name = *fields.last()?;
        // Memory is laid out at random; files of /proc have no fixed length; and the signal may arrive before the wait
        // for it, or during it.
        let wanted = !matches!(name, "total" | "mmap" | "read" | "ppoll");
        wanted.then(|| (name.to_owned(), count))
    });
    (answer, rows.collect())
}

/// Does as [`calls`], by an owner that does not sweep without a cause, as one in 64 does.
fn calls_of_one_who_does_not_sweep(fixture: &Fixture) -> Calls {
    let all = (0..8).map(|_| calls(fixture));
    let mut unswept = all.filter(|(answer, calls)| {
        assert_eq!(*answer, Answer::Owns);
        !calls.contains_key("getdents64")
    });
    unswept.next().expect("one of eight does not sweep").1
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn a_hundred_thousand_other_files_cost_calls_in_a_sweep_alone() {
    let (empty, large) = (Fixture::free(), full(Fixture::free(), 100_000));
    let got = calls_of_one_who_does_not_sweep(&empty);
    assert!(got["linkat"] == 1 && looks(&got) > 0, "{got:?}");
    assert_eq!(calls_of_one_who_does_not_sweep(&large), got);
    let refusals = [&empty, &large].map(|fixture| {
        let _owner = lockhost::acquire(fixture.path()).expect("it is free");
        let (answer, calls) = calls(fixture);
        assert!(answer.is_refusal(), "{answer:?}");
        calls
    });
    assert_eq!(refusals[0], refusals[1]);
    assert!(!refusals[0].contains_key("linkat"), "{refusals:?}");
    println!("acquire and release: {got:?}\nrefusal: {:?}", refusals[0]);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn a_sweep_looks_at_no_file_that_is_no_claim() {
    let (empty, large) = (Fixture::stale(), full(Fixture::stale(), 1_000));
    let [few, many] = [&empty, &large].map(|fixture| {
        fs::write(fixture.lock(), NO_PROCESS).expect("a file in a temporary directory");
        let (answer, calls) = calls(fixture);
        assert_eq!(answer, Answer::Owns);
        assert!(calls["getdents64"] > 0, "{calls:?}");
        looks(&calls)
    });
    assert_eq!(few, many);
}

/// How many claims there are whose makers may live, as far as the host can know.
const CLAIMS: u32 = 200_000;

/// Adds files that bear the names of claims.
fn claimed(fixture: Fixture) -> Fixture {
    for number in 0..CLAIMS {
        let file = fixture.path().join(format!("tinyforge.lock.2-a{number}"));
        mknodat(CWD, file, FileType::RegularFile, Mode::RUSR, 0).expect("an empty file");
    }
    fixture
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn claims_without_number_cost_a_takeover_some_thousand_looks() {
    let fixture = claimed(Fixture::stale());
    let mut command = Command::new(lockhost());
    command
        .arg("acquire")
        .arg(fixture.path())
        .args(["--", "true"]);
    let began = Instant::now();
    let output = command.output().expect("the program can be started");
    println!("{CLAIMS} claims, a takeover: {:?}", began.elapsed());
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("too many claims"), "{said}");
    assert!(!fixture.lock().exists());
    // Again, counted.
    fs::write(fixture.lock(), NO_PROCESS).expect("a file in a temporary directory");
    let (answer, calls) = calls(&fixture);
    assert_eq!(answer, Answer::Owns);
    println!("{calls:?}");
    let opened = calls["openat"];
    assert!((1_000..10_000).contains(&opened), "{calls:?}");
    assert!(looks(&calls) < 5 * opened, "{calls:?}");
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn the_claim_of_a_lock_is_found_among_others_without_number() {
    let fixture = claimed(Fixture::free());
    // A crash between its two halves leaves a lock with a claim.
    let dead = Identity::mine(Fixture::free().path()).with('p', "999999999");
    dead.leave(&fixture);
    let (answer, calls) = calls(&fixture);
    assert_eq!(answer, Answer::Owns);
    println!("{calls:?}");
    // Each is compared once at most, and few are opened.
    assert!(looks(&calls) < u64::from(CLAIMS) + 50_000, "{calls:?}");
    assert!(calls["openat"] < 10_000, "{calls:?}");
    assert!(
        !fixture
            .path()
            .join(format!("tinyforge.lock.{}", dead.text()))
            .exists()
    );
}
