//! The program under strace(1): which system calls it makes, and what becomes of it when one of them goes wrong.

use std::{collections::BTreeMap, fs, path::Path, process::Command, thread};

use crate::{
    contender::{Answer, Contender},
    program::lockhost,
};
use rustix::process::Signal;
use tempfile::NamedTempFile;

/// A system call of a run, told apart from all others by its name and number: the `nth` of that name, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// Its name.
    pub name: String,
    /// Which of that name.
    pub nth: usize,
    /// As strace prints it, with the paths of the descriptors.
    pub text: String,
}

impl SystemCall {
    /// Whether it has to do with anything under this path.
    #[must_use]
    pub fn touches(&self, path: &Path) -> bool {
        let path = path.to_str().expect("a temporary directory's path is text");
        // The program's own start names the path among its arguments.
        self.name != "execve" && self.text.contains(path)
    }
}

/// `lockhost acquire` on a directory, with this done to it (`inject` of strace).
///
/// The child is the program itself; its tracer is a grandchild, which ends with it.
///
/// # Panics
/// If strace cannot be started.
#[must_use]
pub fn acquire_with(inject: &str, directory: &Path) -> Contender {
    let (call, _) = inject
        .split_once(':')
        .expect("a system call, and what is done to it");
    traced(
        &[
            "-e",
            &format!("trace={call}"),
            "-e",
            &format!("inject={inject}"),
            "-o",
            "/dev/null",
        ],
        directory,
    )
}

fn traced(options: &[&str], directory: &Path) -> Contender {
    let mut command = Command::new("strace");
    command
        .arg("-D")
        .args(options)
        .arg(lockhost())
        .arg("acquire")
        .arg(directory);
    Contender::start(&mut command)
}

/// The system calls of a whole run, from the program's start to its end: until it is told to give the lock up, or is
/// refused.
///
/// # Panics
/// If it cannot be traced.
#[must_use]
pub fn system_calls(directory: &Path) -> Vec<SystemCall> {
    let log = NamedTempFile::with_prefix("lockhost-").expect("a temporary file");
    let path = log
        .path()
        .to_str()
        .expect("a temporary file's path is text");
    let mut run = traced(&["-y", "-o", path], directory);
    if run.answer() == Answer::Owns {
        run.end(Signal::TERM);
    }
    let mut text = String::new();
    // Its tracer ends after it.
    while !text.trim_end().ends_with("+++") {
        thread::yield_now();
        text = fs::read_to_string(log.path()).expect("the log can be read");
    }
    let mut counts = BTreeMap::<&str, usize>::new();
    let lines = text
        .lines()
        .filter_map(|line| Some((line.split_once('(')?.0, line)));
    lines
        .filter(|(name, _)| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
        .map(|(name, line)| {
            let nth = counts.entry(name).or_default();
            *nth += 1;
            SystemCall {
                name: name.to_owned(),
                nth: *nth,
                text: line.to_owned(),
            }
        })
        .collect()
}
