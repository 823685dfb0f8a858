use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, UNIX_EPOCH},
};

use super::*;

const LOCK: &str = "tinyforge.lock";
const RECLAIM: &str = "tinyforge.lock.reclaim";

/// A number that no process has: more than any system permits.
const DEAD: &str = "2147483647\n";

/// Makes a directory with these files, which were all written at one time in the past.
fn directory(files: &[(&str, String)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(place.path().join(name), content).unwrap();
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).open(place.path().join(name)).unwrap();
        let then = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        file.set_modified(then).unwrap();
    }
    place
}

/// Returns the names and contents of the files in a directory; `None` for what is no file.
fn left(directory: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let content = fs::read(entry.path()).ok();
        (entry.file_name().into_string().unwrap(), content)
    });
    entries.collect()
}

/// Has each backend do a task in a directory of its own. Returns the answer, which is the same.
fn answer(name: &str, release: bool, files: &[(&str, String)], subdirectory: &str) -> String {
    let task = Task {
        name: name.to_owned(),
        assume_dead: None,
        release,
    };
    let [component, native] = [Backend::Component, Backend::Native].map(|backend| {
        let place = directory(files);
        if !subdirectory.is_empty() {
            fs::create_dir(place.path().join(subdirectory)).unwrap();
        }
        let line = run(backend, &task, place.path()).unwrap();
        (line, left(place.path()))
    });
    assert_eq!(component, native, "{name} {files:?}");
    component.0
}

#[test]
fn both_backends_answer_alike_and_leave_the_same() {
    let own = format!("{}\n", std::process::id());
    let files = |content: &str| vec![(LOCK, content.to_owned())];
    let deep = vec![(LOCK, DEAD.to_owned()), (RECLAIM, DEAD.to_owned())];
    let long = "7".repeat(100);
    let cases = [
        (Vec::new(), "Free"),
        (files(DEAD), "Dead"),
        (deep, "Dead"),
        (files(&own), "Held"),
        (files("no number"), "Malformed"),
        (files(""), "Malformed"),
        (files(&long), "NotALock"),
    ];
    for release in [false, true] {
        for (files, expected) in &cases {
            let line = answer(LOCK, release, files, "");
            assert!(line.contains(expected), "{files:?}: {line}");
        }
    }
}

#[test]
fn both_backends_refuse_alike_what_is_no_lock() {
    assert!(answer(LOCK, true, &[], LOCK).contains("NotALock"));
    assert!(answer("other", true, &[], "").contains("BadName"));
}
