//! The program under strace(1): its system calls, and its behaviour when one of them fails.

use std::{collections::BTreeMap, fs, path::Path, process::Command, thread};

use crate::{
    contender::{Answer, Contender},
    program::lockhost,
};
use rustix::process::Signal;
use tempfile::NamedTempFile;

/// A system call of a run, identified by its name and number: the `nth` of that name, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// Its name.
    pub name: String,
    /// Its number among those of that name.
    pub nth: usize,
    /// As strace prints it, with the paths of the descriptors.
    pub text: String,
}

impl SystemCall {
    /// Returns whether it concerns anything under this path.
    #[must_use]
    pub fn touches(&self, path: &Path) -> bool {
        let path = path.to_str().expect("a temporary directory's path is text");
        // The program's own start names the path among its arguments.
        self.name != "execve" && self.text.contains(path)
    }
}

/// Injections into a program's system calls, as options `inject` of strace(1). The directory then seems to lie on a
/// file system without hard links: of a type on which no kernel keeps evidence (here that of NFS), and each link fails.
pub const WITHOUT_LINKS: &[&str] = &[
    "fstatfs:poke_exit=@arg2=6969000000000000",
    "linkat:error=EPERM",
];

/// Starts `lockhost acquire` on a directory, with these injections into its system calls.
///
/// The child is the program itself; its tracer is a grandchild, which ends with it.
///
/// # Panics
/// If strace cannot be started.
#[must_use]
pub fn acquire_with(injections: &[&str], directory: &Path) -> Contender {
    let calls = injections.iter().filter_map(|it| it.split_once(':'));
    let calls: Vec<&str> = calls.map(|(call, _)| call).collect();
    let trace = format!("trace={}", calls.join(","));
    traced(&["-e", &trace, "-o", "/dev/null"], injections, directory)
}

fn traced(options: &[&str], injections: &[&str], directory: &Path) -> Contender {
    let mut command = Command::new("strace");
    command.arg("-D").args(options);
    for injection in injections {
        command.arg("-e").arg(format!("inject={injection}"));
    }
    command.arg(lockhost()).arg("acquire").arg(directory);
    Contender::start(&mut command)
}

/// Returns a command's output, and the log of its system calls, once it has ended: those that the options ask for.
///
/// # Panics
/// If it cannot be traced, or fails.
#[must_use]
pub fn log_of(options: &[&str], command: &Command) -> (String, String) {
    let log = NamedTempFile::with_prefix("lockhost-").expect("a temporary file");
    let mut traced = Command::new("strace");
    traced.arg("-qq").args(options).arg("-o").arg(log.path());
    traced.arg(command.get_program()).args(command.get_args());
    let output = traced.output().expect("strace can be started");
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).expect("plain text");
    let log = fs::read_to_string(log.path()).expect("strace wrote it");
    (told, log)
}

/// Returns the system calls of a whole run with these injections, from the program's start to its end: until a test
/// stops it, or it is refused.
///
/// # Panics
/// If it cannot be traced.
#[must_use]
pub fn system_calls(injections: &[&str], directory: &Path) -> Vec<SystemCall> {
    let log = NamedTempFile::with_prefix("lockhost-").expect("a temporary file");
    let path = log
        .path()
        .to_str()
        .expect("a temporary file's path is text");
    let mut run = traced(&["-y", "-o", path], injections, directory);
    if run.answer() == Answer::Owns {
        run.end(Signal::TERM);
    }
    let mut text = String::new();
    // The tracer ends after the program.
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
