//! The log of strace(1), in a form in which two runs can be compared.

use std::path::Path;

/// The system calls that change a directory, a file or a lock, or read content that decides. What only examines a file
/// may be asked for in fewer calls by one backend than by the other; whether both learn the same shows in what they do
/// then, and in their answers.
const OPERATIONS: [&str; 11] = [
    "openat",
    "linkat",
    "unlinkat",
    "pwrite64",
    "pread64",
    "flock",
    "fchmod",
    "utimensat",
    "getdents64",
    "kill",
    "renameat2",
];

/// The system calls that examine a file.
const LOOKS: [&str; 4] = ["fstat", "fstatfs", "newfstatat", "statx"];

/// The calls of one backend for one task.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) operations: Vec<String>,
    /// How many calls examined a file.
    pub(crate) looks: usize,
}

/// Returns the calls of the component and of the native backend, one pair for each task, without those outside.
pub(crate) fn runs(log: &str, place: &Path) -> Vec<[Run; 2]> {
    let place = place.to_str().unwrap();
    let mut runs = Vec::new();
    let mut current: Option<Vec<Run>> = None;
    for line in log.lines() {
        if line.starts_with("read(0, \"{") {
            current = Some(vec![Run::default()]);
        } else if line.starts_with("write(1, ") {
            match current.as_mut() {
                Some(sides) if sides.len() == 1 => sides.push(Run::default()),
                _ => runs.extend(
                    current
                        .take()
                        .and_then(|sides| <[_; 2]>::try_from(sides).ok()),
                ),
            }
        } else if let Some(run) = current.as_mut().and_then(|sides| sides.last_mut()) {
            let kind = line.split('(').next().unwrap_or(line);
            if OPERATIONS.contains(&kind) {
                run.operations.push(comparable(line, place));
            }
            run.looks += usize::from(LOOKS.contains(&kind));
        }
    }
    runs
}

/// Removes what differs between two runs of one program: the directory, and addresses.
fn comparable(line: &str, place: &str) -> String {
    without_addresses(&without_seed(line, place))
}

/// Removes the place from a line: `PLACE/17-native/file` becomes `file`.
fn without_seed(line: &str, place: &str) -> String {
    let mut parts = line.split(place);
    let mut call = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        call.push_str(part.trim_start_matches(|c| c != '"'));
    }
    call
}

fn without_addresses(call: &str) -> String {
    let mut parts = call.split("0x");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str("0x");
        plain.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    plain
}
