//! Directories as any process may have left them.

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::{ffi::OsStringExt, fs::symlink, net::UnixListener},
    path::Path,
    process::{Child, Command},
    time::{Duration, SystemTime},
};

use fastrand::Rng;
use lockhost_tests::identity::Identity;
use rustix::fs::{CWD, FileType, Mode, mknodat};

/// A pid that no process has.
const NO_PROCESS: &str = "999999999";

/// Processes of every kind that a claim can be of.
pub(crate) struct Owners {
    identities: Vec<String>,
    numbers: Vec<String>,
    zombie: Child,
}

impl Owners {
    /// Makes the owners. `mine` is this process, which is alive to `asking`, the process that will examine the
    /// directory.
    pub(crate) fn new(mine: Identity, asking: &str) -> Self {
        let zombie = Command::new("true").spawn().unwrap();
        until_ended(zombie.id());
        let asking_pid = &asking.split('-').nth(1).unwrap()[1..];
        let dead = mine.clone().with('p', NO_PROCESS);
        let elsewhere = [
            dead.clone().with('b', "0123456789abcdef0123456789abcdef"),
            dead.clone().with('n', "1"),
            mine.clone().with('n', "1"),
            mine.clone().with('t', "1"),
        ];
        let vague = ['s', 'b', 'n', 'e', 't'].map(|fact| mine.clone().without(fact));
        let mut identities: Vec<_> = elsewhere
            .iter()
            .chain(&vague)
            .chain(&[
                dead.clone(),
                dead.without('e'),
                mine.clone().with('s', "1"),
                mine.clone().with('e', "7"),
                mine.clone().of(zombie.id()),
                mine.clone().of(1),
                mine.clone(),
            ])
            .map(Identity::text)
            .collect();
        identities.extend([
            asking.to_owned(),
            format!("{asking}-a1"),
            format!("{asking}-a2"),
            format!("{asking}-a7"),
            format!("1-p{NO_PROCESS}"),
            "1-q1".to_owned(),
            "2-p7-later".to_owned(),
        ]);
        let numbers = [
            NO_PROCESS,
            "1",
            mine.pid(),
            asking_pid,
            &zombie.id().to_string(),
            // A thread's, most likely, or no process's.
            &rustix::thread::gettid().as_raw_nonzero().to_string(),
        ]
        .map(str::to_owned);
        Self {
            identities,
            numbers: numbers.into(),
            zombie,
        }
    }
}

impl Drop for Owners {
    fn drop(&mut self) {
        let _ = self.zombie.wait();
    }
}

/// Waits until a child has ended, and leaves it to be reaped.
fn until_ended(pid: u32) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid), options).unwrap();
}

#[derive(Clone, Debug)]
enum Entry {
    /// Under these names, of which the first may be a claim's.
    File {
        names: Vec<String>,
        content: Vec<u8>,
        modified: SystemTime,
        locked: bool,
    },
    Directory(String),
    Link(String, String),
    Pipe(String),
    Socket(String),
    /// A file whose name is not UTF-8.
    Untold,
}

/// A directory, and the task to do with it.
#[derive(Clone, Debug)]
pub(crate) struct Scenery {
    entries: Vec<Entry>,
    pub(crate) name: String,
    pub(crate) assume_dead: Option<String>,
    pub(crate) release: bool,
}

impl Scenery {
    /// Generates a scenery, the same for the same seed, except for times and pids.
    pub(crate) fn generate(owners: &Owners, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let name = match rng.u32(..100) {
            0 => "tinyforge".to_owned(),
            1 => "a/b.lock".to_owned(),
            2 => format!("{}.lock", "a".repeat(250)),
            3..10 => "app.pid".to_owned(),
            _ => "tinyforge.lock".to_owned(),
        };
        let mut generator = Generator {
            owners,
            rng,
            name: name.clone(),
            entries: Vec::new(),
            claims: Vec::new(),
        };
        generator.levels();
        generator.litter();
        let assume_dead = generator.assumption();
        let release = generator.rng.u32(..4) > 0;
        Self {
            entries: generator.entries,
            name,
            assume_dead,
            release,
        }
    }

    /// Makes it. Returns the files that are kept locked for their owners.
    pub(crate) fn make(&self, directory: &Path) -> Vec<File> {
        fs::create_dir(directory).unwrap();
        let entries = self.entries.iter();
        entries.filter_map(|entry| entry.make(directory)).collect()
    }
}

impl Entry {
    fn make(&self, directory: &Path) -> Option<File> {
        let at = |name: &String| directory.join(name);
        match self {
            Self::File {
                names,
                content,
                modified,
                locked,
            } => {
                let first = at(&names[0]);
                fs::write(&first, content).unwrap();
                for name in &names[1..] {
                    fs::hard_link(&first, at(name)).unwrap();
                }
                let file = File::options().write(true).open(first).unwrap();
                file.set_modified(*modified).unwrap();
                if *locked {
                    file.lock().unwrap();
                    return Some(file);
                }
            }
            Self::Directory(name) => fs::create_dir(at(name)).unwrap(),
            Self::Link(name, target) => symlink(target, at(name)).unwrap(),
            Self::Pipe(name) => mknodat(CWD, at(name), FileType::Fifo, Mode::RUSR, 0).unwrap(),
            // Names too long for an address are left out.
            Self::Socket(name) => drop(UnixListener::bind(at(name))),
            Self::Untold => {
                let name = OsString::from_vec(b"\xff\xfe".to_vec());
                fs::write(directory.join(name), "").unwrap();
            }
        }
        None
    }
}

struct Generator<'a> {
    owners: &'a Owners,
    rng: Rng,
    name: String,
    entries: Vec<Entry>,
    claims: Vec<String>,
}

impl Generator<'_> {
    /// Fills the lock's name and those of its reclaim locks.
    fn levels(&mut self) {
        let depth = match self.rng.u32(..100) {
            0..20 => return,
            20..60 => 1,
            60..80 => 2,
            80..97 => self.rng.usize(3..6),
            _ => 10,
        };
        if self.name.len() > 200 || self.name.contains('/') {
            return;
        }
        let mut name = self.name.clone();
        for level in 0..depth {
            // Of the levels behind the first, some are free.
            if level == 0 || self.rng.u32(..8) > 0 {
                self.occupy(name.clone());
            }
            name.push_str(".reclaim");
        }
    }

    fn occupy(&mut self, name: String) {
        match self.rng.u32(..100) {
            0..4 => self.odd(name),
            4..40 => self.bare(name),
            40..48 => match self.entries.last_mut() {
                Some(Entry::File { names, .. }) => names.push(name),
                _ => self.claimed(vec![name]),
            },
            _ => self.claimed(vec![name]),
        }
    }

    /// Adds a file that another program may have written, or that names no process.
    fn bare(&mut self, name: String) {
        let content = match self.rng.u32(..10) {
            0..6 => {
                let number = self.rng.choice(&self.owners.numbers).unwrap();
                format!("{number}\n").into_bytes()
            }
            6 => b" \t+00999999999\r\n".to_vec(),
            7 => Vec::new(),
            8 => self
                .rng
                .choice([&b"garbage"[..], b"-1\n", b"0\n", b"\xff", b"12 34\n"])
                .unwrap()
                .to_vec(),
            _ => vec![b'9'; self.rng.usize(60..70)],
        };
        self.file(vec![name], content);
    }

    /// Adds a claim, with these further names.
    fn claimed(&mut self, names: Vec<String>) {
        let identity = self.rng.choice(&self.owners.identities).unwrap().clone();
        let claim = format!("{}.{identity}", self.name);
        if self.claims.contains(&claim) {
            return;
        }
        self.claims.push(claim.clone());
        let number = identity.split('-').nth(1).map_or("", |part| &part[1..]);
        let content = match self.rng.u32(..8) {
            // A crash before the pid was written.
            0 => Vec::new(),
            _ => format!("{number}\n").into_bytes(),
        };
        self.file([vec![claim], names].concat(), content);
    }

    fn file(&mut self, names: Vec<String>, content: Vec<u8>) {
        let now = SystemTime::now();
        let modified = match self.rng.u32(..8) {
            0 | 1 => now,
            2 => now - Duration::from_secs(20),
            3 => now + Duration::from_secs(3600),
            4 => SystemTime::UNIX_EPOCH - Duration::from_secs(86_400),
            _ => now - Duration::from_secs(3600),
        };
        self.entries.push(Entry::File {
            names,
            content,
            modified,
            locked: self.rng.u32(..3) == 0,
        });
    }

    /// Adds something that is not a lock file.
    fn odd(&mut self, name: String) {
        self.entries.push(match self.rng.u32(..5) {
            0 => Entry::Directory(name),
            1 => Entry::Link(name, "nowhere".to_owned()),
            2 => Entry::Link(name, self.name.clone()),
            3 => Entry::Pipe(name),
            _ => Entry::Socket(name),
        });
    }

    /// Adds claims that no name needs any more, and other programs' files.
    fn litter(&mut self) {
        if self.name.len() > 200 || self.name.contains('/') {
            return;
        }
        for number in 0..self.rng.usize(..6) {
            match self.rng.u32(..8) {
                0 => self.odd(format!("{number}.odd")),
                1 => self.odd(format!("{}.1-p{number}-odd", self.name)),
                2 => self.bare(format!("{}.bak{number}", self.name)),
                3 if !self.entries.iter().any(|it| matches!(it, Entry::Untold)) => {
                    self.entries.push(Entry::Untold);
                }
                _ => self.claimed(Vec::new()),
            }
        }
    }

    /// Sometimes returns an owner to assume dead: the lock's owner, or any other.
    fn assumption(&mut self) -> Option<String> {
        if self.rng.u32(..4) > 0 {
            return None;
        }
        let first = self.entries.first();
        if let Some(Entry::File {
            names,
            content,
            modified,
            ..
        }) = first
            && names.len() == 1
            && names[0] == self.name
        {
            let number = String::from_utf8_lossy(content);
            let since = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let (seconds, rest) = (since.as_secs(), since.subsec_nanos());
            return Some(format!("{}@{seconds}.{rest}", number.trim()));
        }
        let claim = match self.claims.first() {
            Some(claim) if self.rng.bool() => claim.clone(),
            _ => return self.rng.choice(&self.owners.identities).cloned(),
        };
        claim
            .strip_prefix(&format!("{}.", self.name))
            .map(str::to_owned)
    }
}

/// Returns the result of a task in a few words: the state that was seen, and the end of the attempt.
pub(crate) fn kind_of(told: &str) -> String {
    let word = |text: &str, mark: &str| {
        let rest = text.split(mark).nth(1)?;
        let end = rest.find(|c: char| !c.is_alphanumeric())?;
        Some(rest[..end].to_owned())
    };
    let seen = word(told, "state: ").unwrap_or_else(|| "not judged".to_owned());
    let came = match told.contains("Report {") {
        true if told.contains("Replaced {") => Some("taken over".to_owned()),
        true => Some("taken".to_owned()),
        false => told
            .rsplit("Err(Error {")
            .next()
            .and_then(|it| word(it, "cause: ")),
    };
    format!("{seen}, then {}", came.unwrap_or_default())
}
