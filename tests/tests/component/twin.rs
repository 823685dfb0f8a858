//! The component and the native backend do the same in the same order: on a thousand generated directories they give the
//! same answers, leave the same files, and the kernel sees the same operations with the same results, as strace(1)
//! shows. The native backend never examines files by more calls.
//!
//! On Linux alone, which has strace(1).
#![cfg(target_os = "linux")]

mod generate;
mod trace;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use lockhost_tests::{identity::Identity, program::text};
use serde_json::json;
use tempfile::TempDir;

use self::generate::{Owners, Scenery};

/// Runs tasks with both backends, under strace(1).
struct Twins {
    child: Child,
    tasks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Twins {
    fn start(directory: &Path, log: &Path) -> Self {
        let mut child = Command::new("strace")
            .args([
                "-e",
                "trace=!%memory,getrandom",
                "-s",
                "65536",
                "-o",
                text(log),
            ])
            .arg(env!("CARGO_BIN_EXE_twins"))
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            tasks: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it has ended");
        line
    }

    fn end(self) {
        let Self {
            mut child, tasks, ..
        } = self;
        drop(tasks);
        assert!(child.wait().unwrap().success());
    }
}

/// The content of a directory: for each name the file's kind, mode, content, and the first name of the same file.
type Content = BTreeMap<Vec<u8>, (String, u32, Vec<u8>, Vec<u8>)>;

fn content(directory: &Path) -> Content {
    use std::os::unix::ffi::OsStrExt;
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut firsts = BTreeMap::new();
    let name = |path: &Path| path.file_name().unwrap().as_bytes().to_owned();
    let described = names.iter().map(|path| {
        let file = fs::symlink_metadata(path).unwrap();
        let content = match file.file_type() {
            kind if kind.is_file() => fs::read(path).unwrap(),
            kind if kind.is_symlink() => fs::read_link(path).unwrap().as_os_str().as_bytes().into(),
            kind => format!("{} {}", kind.is_fifo(), kind.is_socket()).into(),
        };
        let first = firsts.entry(file.ino()).or_insert_with(|| name(path));
        let kind = format!("{:?}", file.file_type());
        (name(path), (kind, file.mode(), content, first.clone()))
    });
    described.collect()
}

/// Returns the number of directories: a thousand, or the value of `LOCKHOST_DIRECTORIES`.
fn directories() -> usize {
    env::var("LOCKHOST_DIRECTORIES").map_or(1000, |number| number.parse().unwrap())
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn component_and_native_backend_do_the_same() {
    let place = TempDir::with_prefix("lockhost-").unwrap();
    let [free, log] = ["free", "log"].map(|name| place.path().join(name));
    fs::create_dir(&free).unwrap();
    let mut twins = Twins::start(&free, &log);
    let identity = twins.answer();
    let owners = Owners::new(Identity::mine(&free), identity.trim());
    let mut outcomes = BTreeMap::<String, usize>::new();
    let mut sceneries = Vec::new();
    for seed in 0..directories() {
        let scenery = Scenery::generate(&owners, seed as u64);
        let both = ["component", "native"].map(|who| place.path().join(format!("{seed}-{who}")));
        // The locks of living owners, until both are done.
        let _kept = both.each_ref().map(|directory| scenery.make(directory));
        let task = json!({
            "directories": both,
            "name": scenery.name,
            "assume_dead": scenery.assume_dead,
            "release": scenery.release,
        });
        // With one call, as it is read.
        twins.tasks.write_all(task.to_string().as_bytes()).unwrap();
        let told = [twins.answer(), twins.answer()];
        assert_eq!(told[0], told[1], "{seed}: {scenery:#?}");
        let left = both.each_ref().map(|directory| content(directory));
        assert_eq!(left[0], left[1], "{seed}: {scenery:#?}");
        *outcomes.entry(generate::kind_of(&told[0])).or_default() += 1;
        both.iter()
            .for_each(|directory| fs::remove_dir_all(directory).unwrap());
        sceneries.push(scenery);
    }
    twins.end();
    let runs = trace::runs(&fs::read_to_string(&log).unwrap(), place.path());
    assert_eq!(runs.len(), sceneries.len());
    let mut calls = 0;
    for (seed, ([component, native], scenery)) in runs.iter().zip(&sceneries).enumerate() {
        let operations = [component, native].map(|run| &run.operations);
        for (line, (first, second)) in operations[0].iter().zip(operations[1]).enumerate() {
            assert_eq!(first, second, "{seed}, call {line}: {scenery:#?}");
        }
        let counts = operations.map(Vec::len);
        assert_eq!(counts[0], counts[1], "{seed}: {scenery:#?}");
        let looks = [component.looks, native.looks];
        assert!(looks[1] <= looks[0], "{looks:?} in {seed}: {scenery:#?}");
        calls += counts[0];
    }
    println!(
        "{calls} operations in {} directories; {outcomes:#?}",
        runs.len()
    );
}
