//! The program `lockhost` under other boots of this machine, which is all that it needs to judge owners by their sessions. The
//! volume seems to be of a file system on which no kernel keeps evidence.
//!
//! Processes and networks are those of the tests. A [`Machine`](crate::bed::Machine) has its own, and takes longer to start.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;
use tempfile::TempDir;

/// Intervals that fit each other, and are short.
pub const SHORT: [&str; 4] = [
    "--deadline=4s",
    "--confirm-period=200ms",
    "--confirm-timeout=1s",
    "--stop-time=500ms",
];

/// Returns the folder with the programs `lockhost` and `lockhost-etcd`: that of `LOCKHOST_PROGRAM`, or one in which they are
/// built, without wasmtime.
///
/// # Panics
/// If they cannot be built.
#[must_use]
pub fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match env::var_os("LOCKHOST_PROGRAM") {
        Some(program) => {
            let folder = Path::new(&program).parent();
            folder.expect("the program is in a folder").to_owned()
        }
        None => build(),
    })
}

fn build() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let target = test.ancestors().nth(3).expect("it is in a target folder");
    // With other features, each package would be compiled once more in the usual folder.
    let target = target.join("native");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--bins",
            "--no-default-features",
        ])
        .args(["--package=lockhost", "--package=lockhost-etcd"])
        .arg("--features=lockhost/cli,lockhost/native,lockhost-etcd/cli")
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the programs cannot be built");
    target.join("debug")
}

/// A boot.
pub struct Boot {
    /// The file with its id.
    id: PathBuf,
    folder: TempDir,
    program: PathBuf,
}

impl Boot {
    /// Makes the boot with this number.
    ///
    /// # Panics
    /// If there is no folder.
    #[must_use]
    pub fn new(number: u8) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let id = folder.path().join("boot_id");
        let text = format!("01234567-89ab-cdef-0123-4567890000{number:02x}\n");
        fs::write(&id, text).expect("a file");
        Self {
            id,
            folder,
            program: programs().join("lockhost"),
        }
    }

    /// Returns a folder of this boot.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the command that runs the program under it.
    #[must_use]
    pub fn lockhost(&self, arguments: &[&str]) -> Command {
        let script = format!(
            "mount --bind '{}' /proc/sys/kernel/random/boot_id\nexec \"$@\"",
            self.id.display()
        );
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-ec", &script, "sh"])
            // As on NFS.
            .args(["strace", "-D", "-qqq", "-o", "/dev/null"])
            .args(["-e", "trace=fstatfs"])
            .args(["-e", "inject=fstatfs:poke_exit=@arg2=6969000000000000"])
            .arg(&self.program)
            .args(arguments)
            .env("PATH", path())
            .env_remove("LOCKHOST_COORDINATOR")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.lockhost(arguments).output();
        Ran(output.expect("it can be started"))
    }

    /// Acquires the lock on a directory, and holds it.
    ///
    /// # Panics
    /// If it does not get it.
    #[must_use]
    pub fn hold(&self, arguments: &[&str]) -> Owner {
        let mut command = self.lockhost(&[&["acquire", "--json"], arguments].concat());
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let lines = process.stdout.take().expect("a pipe");
        // Dropped, it ends the process.
        let mut owner = Owner {
            process,
            lines: BufReader::new(lines),
            identity: String::new(),
        };
        loop {
            let event = owner.next_event();
            if event["event"] == "acquired" {
                event["identity"]
                    .as_str()
                    .expect("a text")
                    .clone_into(&mut owner.identity);
                return owner;
            }
        }
    }
}

/// Returns `PATH` with the programs in front.
fn path() -> std::ffi::OsString {
    let others = env::var_os("PATH").unwrap_or_default();
    let folders = [programs().to_owned()]
        .into_iter()
        .chain(env::split_paths(&others));
    env::join_paths(folders).expect("a path without colons")
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ran(pub Output);

impl Ran {
    /// Returns its exit code.
    ///
    /// # Panics
    /// If a signal ended it.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.0.status.code().expect("it has ended by itself")
    }

    /// Returns what it has written to standard output.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// Returns what it has written to standard error.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Returns the objects on standard error, or else on standard output.
    ///
    /// # Panics
    /// If a line is none.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let text = match self.0.stderr.is_empty() {
            true => self.out(),
            false => self.err(),
        };
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
            .collect()
    }
}

/// A process that holds the lock.
pub struct Owner {
    process: Child,
    lines: BufReader<ChildStdout>,
    identity: String,
}

impl Owner {
    fn next_event(&mut self) -> Value {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line).expect("a line");
        assert!(length > 0, "it has not got the lock");
        serde_json::from_str(&line).expect("an event")
    }

    /// Returns its identity.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Waits until it ends by itself. Returns its exit code.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn ends(&mut self) -> Option<i32> {
        self.process.wait().expect("it can be reaped").code()
    }

    /// Kills it.
    ///
    /// # Panics
    /// If it has ended.
    pub fn kill(&mut self) {
        self.process.kill().expect("it can be killed");
        self.process.wait().expect("it can be reaped");
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
