//! Owners that confirm at one etcd, more and more of them, until confirms fail or the processors have no time left.
//!
//! Each is a whole `lockhost acquire --coordinator`, with a directory of its own. etcd keeps its data on a disk.

use std::{
    env, fs,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lockhost_etcd_tests::{
    bed::{Bed, Machine},
    processes::children,
    programs::{folder_of_the_coordinator, lockhost},
    server::Server,
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::meters::{bytes, machine, processor, written};

const NUMBERS: [usize; 7] = [1, 10, 50, 100, 200, 400, 800];
const STAGE: Duration = Duration::from_secs(20);

/// How many owners start at the same time.
const STARTING: usize = 8;

/// How much of the processors may be left for them to count as saturated.
const LEFT: f64 = 0.05;

/// How much memory has to be left for more owners.
const MEMORY: f64 = 4.0 * 1024.0 * 1024.0;

pub(super) fn measure() {
    let bed = Bed::new();
    let (member, owners) = (bed.machine("etcd"), bed.machine("owners"));
    let disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let servers = Server::cluster_at(&[member.place().with_data_in(disk.path())], &[]);
    let mut crowd = Crowd::new(&owners, &servers[0]);
    println!(
        "| owners | etcd, of a processor | etcd, an owner an hour | lockhost, an owner an hour | network, an owner an hour | \
         etcd writes to its disk an hour | of all processors | confirms failed |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for number in NUMBERS {
        if memory_left() < MEMORY {
            println!("\nNo memory is left for {number} owners.");
            break;
        }
        crowd.grow(number);
        if !crowd.stage() {
            break;
        }
    }
    println!();
}

/// The owners.
struct Crowd<'a> {
    machine: &'a Machine,
    server: &'a Server,
    folder: TempDir,
    owners: Vec<Child>,
}

/// What was used so far.
struct Meters {
    time: Instant,
    etcd: f64,
    disk: f64,
    owners: f64,
    network: f64,
    /// The seconds in which a processor worked, and all of them.
    machine: (f64, f64),
    failures: usize,
}

impl<'a> Crowd<'a> {
    fn new(machine: &'a Machine, server: &'a Server) -> Self {
        Self {
            machine,
            server,
            folder: tempfile::tempdir().expect("a folder"),
            owners: Vec::new(),
        }
    }

    /// Starts owners until there are so many.
    fn grow(&mut self, number: usize) {
        while self.owners.len() < number {
            let next = self.owners.len()..number.min(self.owners.len() + STARTING);
            let mut starting: Vec<_> = next.map(|nth| self.start(nth)).collect();
            starting.iter_mut().for_each(acts);
            self.owners.append(&mut starting);
        }
    }

    fn start(&self, nth: usize) -> Child {
        let directory = self.folder.path().join(nth.to_string());
        fs::create_dir(&directory).expect("a folder");
        let mut log = File::options();
        let log = log.create(true).append(true).open(self.log());
        let program = lockhost();
        let mut command: Command = self
            .machine
            .place()
            .command(program.to_str().expect("a text"));
        let path = env::var("PATH").unwrap_or_default();
        command
            .env(
                "PATH",
                format!("{}:{path}", folder_of_the_coordinator().display()),
            )
            .env("LOCKHOST_LOG", "debug")
            .args(["acquire", "--quiet"])
            .arg(format!(
                "--coordinator={}?directory={nth}",
                self.server.url()
            ))
            .arg(directory)
            .args(["--", "sh", "-c", "echo acting; exec sleep infinity"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.expect("a file"))
            .spawn()
            .expect("it starts")
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("log")
    }

    /// Measures for some time, and prints a row. Returns whether there may be more owners.
    fn stage(&mut self) -> bool {
        let before = self.read();
        thread::sleep(STAGE);
        let after = self.read();
        let hours = (after.time - before.time).as_secs_f64() / 3600.0;
        let (number, mebi) = (self.owners.len() as f64, f64::from(1 << 20));
        let etcd = (after.etcd - before.etcd) / hours;
        let owners = (after.owners - before.owners) / hours;
        let network = (after.network - before.network) / hours / mebi;
        let disk = (after.disk - before.disk) / hours / mebi;
        let worked = after.machine.0 - before.machine.0;
        let worked = worked / (after.machine.1 - before.machine.1);
        let failures = after.failures - before.failures;
        println!(
            "| {number} | {:.1} % | {:.2} s | {:.2} s | {:.1} MiB | {disk:.1} MiB | {:.0} % | {failures} |",
            etcd / 36.0,
            etcd / number,
            owners / number,
            network / number,
            worked * 100.0,
        );
        let ended = |it: &mut Child| it.try_wait().expect("a status").is_some();
        let lost = self.owners.iter_mut().any(ended);
        failures == 0 && !lost && worked < 1.0 - LEFT
    }

    fn read(&self) -> Meters {
        let families = self.owners.iter().map(|it| {
            let pid = it.id();
            let family = children(pid).into_iter().chain([pid]);
            family.map(processor).sum::<f64>()
        });
        Meters {
            owners: families.sum(),
            etcd: processor(self.server.pid()),
            disk: written(self.server.pid()),
            network: bytes(self.machine),
            machine: machine(),
            failures: failures(&self.log()),
            time: Instant::now(),
        }
    }
}

impl Drop for Crowd<'_> {
    fn drop(&mut self) {
        for owner in &self.owners {
            let _ = kill_process(Pid::from_child(owner), Signal::TERM);
        }
        for owner in &mut self.owners {
            let _ = owner.wait();
        }
    }
}

/// Waits until the command of an owner acts.
fn acts(owner: &mut Child) {
    let output = owner.stdout.as_mut().expect("a pipe");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("a line");
    assert_eq!(line, "acting\n");
}

/// Returns how many confirms have failed.
fn failures(log: &Path) -> usize {
    let log = fs::read_to_string(log).expect("a file");
    log.matches("a confirm failed").count()
}

/// Returns the memory that is left for processes, in KiB.
fn memory_left() -> f64 {
    let facts = fs::read_to_string("/proc/meminfo").expect("a file");
    let mut lines = facts.lines();
    let left = lines.find_map(|line| line.strip_prefix("MemAvailable:"));
    let left = left.expect("it is there").trim().trim_end_matches(" kB");
    left.parse().expect("a number")
}
