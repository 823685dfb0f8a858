//! Processes that acquire and release a lock all the time, some of them killed meanwhile, and the counts of their
//! results.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt, fs,
    io::{BufRead, BufReader},
    ops::AddAssign,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{exclusion_oracle::ExclusionOracle, jitter::Jitter, program};

/// How long no process acquires the lock before that counts as a wedge. No acquisition takes a hundredth of it.
const WEDGED: Duration = Duration::from_secs(60);

/// The processes of a churn.
#[derive(Clone, Debug)]
pub struct Crew {
    /// The worker, `tests/src/bin/churn.rs`.
    pub program: PathBuf,
    /// The task of each process: the worker's KIND, and how many threads.
    pub workers: Vec<(&'static str, usize)>,
    /// The original, if there is one among them.
    pub original: PathBuf,
    /// One in this many acquisitions is followed by a kill; 0 for none.
    pub kill_one_in: u32,
}

/// The counts of a churn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often a process acquired the lock.
    pub acquisitions: usize,
    /// Of these, how often an original did.
    pub by_originals: usize,
    /// How many dead owners' locks were replaced.
    pub reclaims: usize,
    /// How often a process was refused, as far as is known of those that were killed later.
    pub refusals: usize,
    /// How many processes were killed.
    pub kills: usize,
    /// How often a process acquired the lock beside an owner, or still had it when another acquired it.
    pub double_owners: usize,
    /// How often a lockhost owner found its lock removed or replaced.
    pub losses: usize,
    /// How often no process acquired the lock for a minute.
    pub wedges: usize,
    /// How often an attempt or a release failed.
    pub failures: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.acquisitions += other.acquisitions;
        self.by_originals += other.by_originals;
        self.reclaims += other.reclaims;
        self.refusals += other.refusals;
        self.kills += other.kills;
        self.double_owners += other.double_owners;
        self.losses += other.losses;
        self.wedges += other.wedges;
        self.failures += other.failures;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acquisitions ({} by originals), {} reclaims, {} refusals, {} kills: {} double owners, {} losses, {} wedges, {} failures",
            self.acquisitions,
            self.by_originals,
            self.reclaims,
            self.refusals,
            self.kills,
            self.double_owners,
            self.losses,
            self.wedges,
            self.failures
        )
    }
}

impl Crew {
    /// Lets them churn until they have acquired the lock this many times, and ends them.
    ///
    /// # Panics
    /// If processes cannot be started, or files not be read.
    #[must_use]
    pub fn churn(&self, directory: &Path, acquisitions: usize) -> Counts {
        let mut churn = Churn::begin(self, directory);
        churn.run(acquisitions);
        churn.end()
    }

    /// Lets them churn and kills them, several at once and at any moment, until this many have been killed, and the
    /// rest at the end. After each kill, some process acquires the lock. Also returns the largest number of files.
    ///
    /// # Panics
    /// As [`Crew::churn`].
    #[must_use]
    pub fn churn_under_kills(&self, directory: &Path, kills: usize) -> (Counts, usize) {
        let mut churn = Churn::begin(self, directory);
        let most = churn.run_under_kills(kills);
        (churn.end(), most)
    }
}

/// A process's line; `None` once it prints no more.
type Told = (usize, Option<String>);

struct Worker {
    /// Its place in the crew.
    place: usize,
    kind: &'static str,
    child: Child,
}

struct Churn<'a> {
    crew: &'a Crew,
    directory: &'a Path,
    told: Sender<Told>,
    listener: Receiver<Told>,
    /// How many processes were started, which also numbers them.
    started: usize,
    /// How many of them may still print.
    talking: usize,
    workers: BTreeMap<usize, Worker>,
    killed: BTreeSet<String>,
    counts: Counts,
    /// Removed after the workers, which write there.
    oracles: TempDir,
}

impl<'a> Churn<'a> {
    fn begin(crew: &'a Crew, directory: &'a Path) -> Self {
        let (told, listener) = mpsc::channel();
        let mut churn = Churn {
            crew,
            directory,
            oracles: TempDir::with_prefix("lockhost-oracle-").expect("a temporary directory"),
            told,
            listener,
            started: 0,
            talking: 0,
            workers: BTreeMap::new(),
            killed: BTreeSet::new(),
            counts: Counts::default(),
        };
        for place in 0..crew.workers.len() {
            churn.start(place);
        }
        churn
    }

    fn start(&mut self, place: usize) {
        let (kind, threads) = self.crew.workers[place];
        let number = self.started;
        self.started += 1;
        self.talking += 1;
        let mut command = Command::new(program::churn(&self.crew.program));
        command.args([&number.to_string(), kind, &threads.to_string()]);
        command.args([self.directory, self.oracles.path(), &self.crew.original]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a worker can be started");
        let output = child.stdout.take().expect("it is piped");
        let told = self.told.clone();
        thread::spawn(move || {
            // No receiver is left once the churn is over.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = told.send((number, Some(line)));
            }
            let _ = told.send((number, None));
        });
        self.workers.insert(number, Worker { place, kind, child });
    }

    fn run(&mut self, acquisitions: usize) {
        while self.counts.acquisitions < acquisitions {
            let Some((worker, got_in)) = self.next() else {
                break;
            };
            let one_in = self.crew.kill_one_in;
            if got_in && one_in > 0 && fastrand::u32(..one_in) == 0 {
                self.kill(worker);
            }
        }
    }

    /// Returns the largest number of files.
    fn run_under_kills(&mut self, kills: usize) -> usize {
        let jitter = Jitter::new(5);
        let mut most = 0;
        while self.counts.kills < kills && self.counts.wedges == 0 {
            for _ in 0..jitter.below(4) {
                self.next();
            }
            jitter.pause(12);
            let mut numbers: Vec<usize> = self.workers.keys().copied().collect();
            let victims = 1 + jitter.below(numbers.len() as u64);
            let victims: Vec<usize> = (0..victims)
                .map(|_| numbers.swap_remove(jitter.below(numbers.len() as u64) as usize))
                .collect();
            let places = self.kill_at_once(&victims);
            most = most.max(self.files().len());
            places.into_iter().for_each(|place| self.start(place));
            // A line from before the kill proves nothing about the time after it.
            while let Ok((worker, line)) = self.listener.try_recv() {
                self.hear(worker, line);
            }
            while let Some((_, false)) = self.next() {}
        }
        let rest: Vec<usize> = self.workers.keys().copied().collect();
        self.kill_at_once(&rest);
        most
    }

    fn files(&self) -> Vec<OsString> {
        let files = fs::read_dir(self.directory).expect("it can be read");
        files.flatten().map(|file| file.file_name()).collect()
    }

    /// Returns the process that prints next, and whether it acquired the lock; `None` if no process does for too long.
    fn next(&mut self) -> Option<(usize, bool)> {
        match self.listener.recv_timeout(WEDGED) {
            Ok((worker, line)) => Some((worker, self.hear(worker, line))),
            Err(RecvTimeoutError::Timeout) => {
                self.counts.wedges += 1;
                println!("no process gets in: {:?}", self.files());
                None
            }
            Err(RecvTimeoutError::Disconnected) => unreachable!("there is a sender here"),
        }
    }

    /// Returns whether a process acquired the lock.
    fn hear(&mut self, worker: usize, line: Option<String>) -> bool {
        let Some(line) = line else {
            self.talking -= 1;
            return false;
        };
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["owns", replaced, refused] => {
                let number = |text: &str| text.parse::<usize>().expect("a number");
                self.counts.acquisitions += 1;
                let original = self
                    .workers
                    .get(&worker)
                    .is_some_and(|it| it.kind != "lockhost");
                self.counts.by_originals += usize::from(original);
                self.counts.reclaims += number(replaced);
                self.counts.refusals += number(refused);
                return true;
            }
            ["killed"] => self.counts.kills += 1,
            ["lost"] => self.counts.losses += 1,
            _ => {
                println!("worker {worker}: {line}");
                self.counts.failures += 1;
            }
        }
        false
    }

    /// Kills the process that has just acquired the lock, and others at random, and starts new ones in their place.
    fn kill(&mut self, owner: usize) {
        let mortal = |worker: &Worker| worker.kind == "lockhost";
        let victims: Vec<usize> = self
            .workers
            .iter()
            .filter(|&(number, worker)| mortal(worker) && (*number == owner || fastrand::bool()))
            .map(|(number, _)| *number)
            .collect();
        let victim: Vec<usize> = fastrand::choice(victims).into_iter().collect();
        let places = self.kill_at_once(&victim);
        places.into_iter().for_each(|place| self.start(place));
    }

    /// Kills all of these, and then waits for them. Returns their places in the crew.
    fn kill_at_once(&mut self, victims: &[usize]) -> Vec<usize> {
        let mut workers: Vec<Worker> = victims
            .iter()
            .map(|victim| self.workers.remove(victim).expect("it is one of them"))
            .collect();
        for worker in &mut workers {
            worker.child.kill().expect("it is ours");
        }
        for worker in &mut workers {
            worker.child.wait().expect("it ends");
        }
        self.killed.extend(victims.iter().map(usize::to_string));
        self.counts.kills += victims.len();
        workers.iter().map(|worker| worker.place).collect()
    }

    /// Ends them in order.
    fn end(mut self) -> Counts {
        for worker in self.workers.values_mut() {
            drop(worker.child.stdin.take());
        }
        while self.talking > 0 {
            match self.listener.recv_timeout(WEDGED) {
                Ok((worker, line)) => drop(self.hear(worker, line)),
                Err(_) => {
                    self.counts.wedges += 1;
                    break;
                }
            }
        }
        let verdict = ExclusionOracle::new(self.oracles.path())
            .judge(&self.killed)
            .expect("the journal can be read");
        // Some were killed before they could print it.
        self.counts.acquisitions = verdict.owners;
        self.counts.double_owners = verdict.beside + verdict.unexplained;
        self.counts
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail if the process has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
