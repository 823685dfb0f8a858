//! The log of strace(1), in a form in which two runs can be compared.

use std::path::Path;

/// Returns the system calls of the component and of the twin, one pair for each task, without the calls outside.
pub(crate) fn runs(log: &str, place: &Path) -> Vec<[Vec<String>; 2]> {
    let place = place.to_str().unwrap();
    let mut runs = Vec::new();
    let mut current: Option<Vec<Vec<String>>> = None;
    for line in log.lines() {
        if line.starts_with("read(0, \"{") {
            current = Some(vec![Vec::new()]);
        } else if line.starts_with("write(1, ") {
            match current.as_mut() {
                Some(sides) if sides.len() == 1 => sides.push(Vec::new()),
                _ => runs.extend(
                    current
                        .take()
                        .and_then(|sides| <[_; 2]>::try_from(sides).ok()),
                ),
            }
        } else if line.contains("F_GETFL") {
            // fcntl(2) asks how a file is open if a program written in Rust hands it in. A guest's descriptor already
            // has that flag.
        } else if let Some(sides) = &mut current {
            let calls = sides.last_mut().unwrap();
            let call = comparable(line, place);
            // How many pieces a file of proc(5) is read in depends on its length at that moment.
            if !(call == "read" && calls.last() == Some(&call)) {
                calls.push(call);
            }
        }
    }
    runs
}

/// Removes what differs between two runs of one program: the directory, numbers of inodes and times, addresses, and the
/// process's state in proc(5).
fn comparable(line: &str, place: &str) -> String {
    let name = line.split('(').next().unwrap_or(line);
    if name == "read" {
        return name.to_owned();
    }
    let mut call = without_seed(line, place);
    if matches!(name, "statx" | "newfstatat" | "fstat" | "fstatfs") {
        call = without_answer(&call);
    }
    without_addresses(&call)
}

/// Removes the place from a line: `PLACE/17-twin/file` becomes `file`.
fn without_seed(line: &str, place: &str) -> String {
    let mut parts = line.split(place);
    let mut call = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        call.push_str(part.trim_start_matches(|c| c != '"'));
    }
    call
}

/// Removes the structure that the kernel fills in, but keeps whether it does.
fn without_answer(call: &str) -> String {
    match (call.find('{'), call.rfind('}')) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &call[..from], &call[to..]),
        _ => call.to_owned(),
    }
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
