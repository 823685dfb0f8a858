//! The place of a test bed: namespaces of its own, with a bridge between its machines and a file system in memory.
//!
//! The first process of its PID namespace reads a pipe that the test keeps open. When the test ends, however it ends, so
//! does that process; then the kernel ends all others of the namespace, and removes network and mounts.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use crate::log::Log;

/// How many machines a bed has room for.
pub const MACHINES: u8 = 3;

/// The folder of the bed's files, in its mount namespace.
pub const FOLDER: &str = "/mnt";

const SETUP: &str = "
    mount -t tmpfs -o mode=755 bed /mnt
    ip link set lo up
    ip link add bridge type bridge
    ip link set bridge up
    for nth in $(seq \"$0\"); do
        ip tuntap add tap$nth mode tap
        ip link set tap$nth master bridge up
    done
    nft 'add table bridge bed; add chain bridge bed forward { type filter hook forward priority 0; }'
    echo ready
    exec cat";

/// A place for machines.
pub struct Bed {
    holder: Child,
    pid: u32,
    /// The log of all machines.
    pub log: Arc<Log>,
}

impl Bed {
    /// Makes one.
    ///
    /// # Panics
    /// If that is not possible here.
    #[must_use]
    pub fn new() -> Self {
        let namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child"];
        let mut holder = Command::new("unshare")
            .args(namespaces)
            .args(["--mount-proc", "sh", "-ec", SETUP, &MACHINES.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare can be started");
        let mut line = String::new();
        let output = holder.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n", "no bed");
        let pid = child_of(holder.id()).expect("unshare has a child");
        Self {
            holder,
            pid,
            log: Log::start().expect("a pipe"),
        }
    }

    /// Returns a command that runs in the bed, on the host's kernel.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid.to_string()])
            .args(["--net", "--mount", "--pid", "--"])
            .args(words);
        command
    }

    /// Runs a script in the bed, on the host's kernel.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, script: &str) {
        let output = self.command(&["sh", "-ec", script]).output();
        let output = output.expect("nsenter can be started");
        assert!(output.status.success(), "{script}: {output:?}");
    }

    /// Returns the path of a file of the bed, as this process sees it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{FOLDER}/{name}", self.pid))
    }

    /// Drops every packet from and to the machine of this number.
    ///
    /// # Panics
    /// If that fails.
    pub fn cut(&self, number: u8) {
        let drop = |way: &str| format!("add rule bridge bed forward {way} tap{number} drop;");
        self.run(&format!("nft '{} {}'", drop("iifname"), drop("oifname")));
    }

    /// Drops no packet any more.
    ///
    /// # Panics
    /// If that fails.
    pub fn mend(&self) {
        self.run("nft flush chain bridge bed forward");
    }
}

impl Default for Bed {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Returns the only child of a process.
pub(crate) fn child_of(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_ascii_whitespace().next()?.parse().ok()
}
