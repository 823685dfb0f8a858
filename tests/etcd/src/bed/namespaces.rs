//! Namespaces with a first process, which ends them with itself.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::processes::last_child;

/// The namespaces.
pub(super) struct Namespaces {
    child: Child,
    /// The first process ends with it.
    input: Option<ChildStdin>,
    first: u32,
    words: Vec<String>,
}

impl Namespaces {
    /// Makes namespaces of these kinds, as options of unshare(1), from the place where these words precede a command.
    pub(super) fn start(outside: &[String], kinds: &[&str]) -> Self {
        let mut words: Vec<String> = outside.to_vec();
        words.extend(["unshare", "--fork", "--kill-child"].map(str::to_owned));
        words.extend(kinds.iter().map(|&kind| kind.to_owned()));
        words.push(beside_the_tests("machine").to_string_lossy().into_owned());
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It complains when its child is killed.
            .stderr(Stdio::null())
            .spawn()
            .expect("namespaces can be made");
        let input = child.stdin.take();
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n", "{words:?}");
        let first = last_child(child.id());
        let target = first.to_string();
        let words = [
            "nsenter", "--target", &target, "--mount", "--net", "--pid", "--uts",
        ];
        Self {
            child,
            input,
            first,
            words: words.map(str::to_owned).to_vec(),
        }
    }

    /// Returns the words that precede a command in these namespaces.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Returns the words that precede a command which only uses the network. Its processes are of the tests' own namespace.
    pub(super) fn words_of_the_network(&self) -> Vec<String> {
        let network = format!("--net=/proc/{}/ns/net", self.first);
        vec!["nsenter".to_owned(), network]
    }

    /// Returns the pid of the first process, as the tests see it.
    pub(super) fn first(&self) -> u32 {
        self.first
    }

    /// Runs a script inside, with arguments.
    pub(super) fn run(&self, script: &str, arguments: &[&str]) {
        run(&self.words, script, arguments);
    }

    /// Kills the first process, and so all others at once. Returns when they have ended.
    pub(super) fn kill(&mut self) {
        if self.input.take().is_some() {
            let first = Pid::from_raw(self.first.cast_signed()).expect("a pid");
            let _ = kill_process(first, Signal::KILL);
            // It ends once the last process has.
            let _ = self.child.wait();
        }
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a script behind these words, with arguments.
pub(super) fn run(words: &[String], script: &str, arguments: &[&str]) {
    let output = Command::new(&words[0])
        .args(&words[1..])
        .args(["sh", "-ec", script, "sh"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("a shell can be started");
    assert!(output.status.success(), "{script}: {output:?}");
}

/// Returns a program of this package, as it is built beside the tests.
pub(super) fn beside_the_tests(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("tests lie two folders deep");
    profile.join(name)
}
