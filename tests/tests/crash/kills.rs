//! What those who are killed at any moment leave behind holds nobody up, and the next who replaces a dead lock sweeps
//! it.
//!
//! `LOCKHOST_KILLS` says how many processes are killed (400 by default).

use std::{
    env, fs,
    io::{PipeReader, PipeWriter, Read, pipe},
    path::Path,
    process::{Child, Command},
};

use lockhost::acquire;
use lockhost_tests::{
    files,
    fixture::{Fixture, NOBODY},
    jitter::Jitter,
};
use tempfile::NamedTempFile;

/// How many are on one directory at a time.
const PROCESSES: usize = 4;

/// How often in a row somebody may be refused before it is said that nobody gets in.
const PATIENCE: usize = 20_000;

fn kills() -> usize {
    let kills = env::var("LOCKHOST_KILLS").ok();
    kills.map_or(400, |kills| {
        kills.parse().expect("LOCKHOST_KILLS is a number")
    })
}

/// A process that takes the lock and gives it up, over and over. It is killed with the value.
struct Churning(Child);

impl Churning {
    fn kill(&mut self) {
        self.0.kill().expect("it is there until it is waited for");
    }

    fn reap(&mut self) {
        self.0.wait().expect("it can be waited for");
    }
}

impl Drop for Churning {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the processes have told.
#[derive(Debug, Default)]
struct Counts {
    kills: usize,
    owners: usize,
    takeovers: usize,
    refusals: usize,
}

/// Some processes on one directory, and the pipe into which all of them tell what happens.
struct Churn<'a> {
    directory: &'a Path,
    oracle: NamedTempFile,
    told: PipeReader,
    tell: PipeWriter,
    processes: Vec<Churning>,
    started: u64,
    counts: Counts,
}

impl<'a> Churn<'a> {
    fn new(directory: &'a Path) -> Self {
        let (told, tell) = pipe().expect("a pipe");
        Self {
            directory,
            oracle: NamedTempFile::new().expect("a temporary file"),
            told,
            tell,
            processes: Vec::new(),
            started: 0,
            counts: Counts::default(),
        }
    }

    fn fill_up(&mut self) {
        while self.processes.len() < PROCESSES {
            let child = Command::new(env!("CARGO_BIN_EXE_churning"))
                .args([self.directory, self.oracle.path()])
                .arg(self.started.to_string())
                .stdout(self.tell.try_clone().expect("a descriptor"))
                .spawn()
                .expect("it can be started");
            self.started += 1;
            self.processes.push(Churning(child));
        }
    }

    /// The next event; whether somebody got in.
    fn event(&mut self) -> bool {
        let mut event = [0];
        self.told
            .read_exact(&mut event)
            .expect("this process has an end of the pipe too");
        match event[0] {
            b'r' => {}
            b'x' => self.counts.refusals += 1,
            b'a' => self.counts.owners += 1,
            b't' => {
                self.counts.owners += 1;
                self.counts.takeovers += 1;
            }
            b'!' => panic!("two owners: {:?}", self.counts),
            b'?' => panic!("a living owner lost its lock: {:?}", self.counts),
            other => panic!("{:?}: {:?}", char::from(other), self.counts),
        }
        matches!(event[0], b'a' | b't')
    }

    /// Kills so many of them at once, wherever they are.
    fn kill(&mut self, victims: usize, jitter: &Jitter) {
        let mut killed: Vec<_> = (0..victims)
            .map(|_| {
                let place = jitter.below(self.processes.len() as u64) as usize;
                self.processes.swap_remove(place)
            })
            .collect();
        killed.iter_mut().for_each(Churning::kill);
        killed.iter_mut().for_each(Churning::reap);
        self.counts.kills += victims;
    }

    /// Whatever was told until now.
    fn drain(&mut self) {
        let told = files::length_of(&self.told).expect("a pipe tells how much there is");
        for _ in 0..told {
            self.event();
        }
    }

    /// Somebody gets in from now on.
    fn somebody_gets_in(&mut self) {
        self.drain();
        for _ in 0..PATIENCE {
            if self.event() {
                return;
            }
        }
        panic!("wedged: nobody gets in; {:?}", self.counts);
    }
}

#[test]
fn a_kill_at_any_moment_holds_up_none_and_leaves_nothing() {
    let fixture = Fixture::free().with("tinyforge.lock.bak", NOBODY);
    let kills = kills();
    let jitter = Jitter::new(5);
    let mut churn = Churn::new(fixture.path());
    churn.fill_up();
    let mut most = 0;
    while churn.counts.kills < kills {
        for _ in 0..jitter.below(4) {
            churn.event();
        }
        jitter.pause(12);
        churn.kill(1 + jitter.below(PROCESSES as u64) as usize, &jitter);
        most = most.max(fixture.files().len());
        churn.fill_up();
        churn.somebody_gets_in();
    }
    churn.kill(PROCESSES, &jitter);
    churn.drain();
    let before = fixture.files().len() - 1;
    let after = swept(&fixture);
    println!(
        "{:?}, two owners 0, wedged 0; left before the sweep {before}, {most} at most on the way; after it {after}",
        churn.counts
    );
    assert_eq!(after, 0, "{:?}", fixture.files());
    assert!(churn.counts.takeovers > 0 && churn.counts.refusals > 0);
}

/// How many files are left after somebody has replaced a dead lock, and so has swept; without the one that was there
/// from the start.
fn swept(fixture: &Fixture) -> usize {
    if !fixture.lock().exists() {
        fs::write(fixture.lock(), NOBODY).expect("a file in a temporary directory");
    }
    let lock = acquire(fixture.path()).expect("everybody is dead");
    assert!(!lock.replaced().is_empty());
    assert!(lock.warnings().is_empty(), "{:?}", lock.warnings());
    lock.release().expect("it is still held");
    let left = fixture.files();
    let left = left
        .iter()
        .filter(|name| !files::is_of_a_removed_file(&name.to_string_lossy()));
    left.count() - 1
}
