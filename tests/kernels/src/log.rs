//! The one log of a test bed: lines of all machines, in the order in which they were written.
//!
//! All machines write into one pipe of the host, a whole line at once. A line is in the pipe before the write of the process
//! on that machine returns. So the order of lines in the log is the order of events, on whichever machine they were, and
//! without any clock.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead, BufReader, PipeReader, Write, pipe},
    os::fd::AsRawFd,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// How long a line is waited for that has to come. No machine takes a tenth of it for anything here.
const LOST: Duration = Duration::from_secs(240);

/// The lines, and the end of the pipe that machines get.
pub struct Log {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
    input: File,
}

/// What the log says of owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How often a process began to own a lock.
    pub owners: usize,
    /// How often it did so while another one owned it.
    pub beside: usize,
}

impl Log {
    /// Starts a log.
    ///
    /// # Errors
    /// If there is no pipe.
    pub fn start() -> io::Result<std::sync::Arc<Self>> {
        let (output, input) = pipe()?;
        let log = std::sync::Arc::new(Self {
            lines: Mutex::default(),
            grown: Condvar::new(),
            input: reopen(&input)?,
        });
        drop(input);
        let reader = std::sync::Arc::clone(&log);
        thread::spawn(move || reader.read(output));
        Ok(log)
    }

    /// Returns another open file of the pipe, for one machine: it sets flags of the file that it gets.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn input(&self) -> io::Result<File> {
        reopen(&self.input)
    }

    fn read(&self, output: PipeReader) {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            self.lines().push(line);
            self.grown.notify_all();
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line of the test itself, and waits until it is there. Then each line written before is there too.
    ///
    /// # Panics
    /// If the pipe is broken.
    pub fn note(&self, what: &str) {
        let before = self.len();
        let line = format!("test {what}");
        let whole = format!("{line}\n");
        (&self.input).write_all(whole.as_bytes()).expect("a pipe");
        self.wait(before, what, |it| (it == line).then_some(()));
    }

    /// Returns how many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines().len()
    }

    /// Returns whether there are no lines.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for a line, from the one of this number on, of which this makes something. Returns that.
    ///
    /// # Panics
    /// If none comes.
    pub fn wait<T>(&self, from: usize, what: &str, of: impl Fn(&str) -> Option<T>) -> T {
        let mut next = from;
        let mut lines = self.lines();
        loop {
            if let Some(found) = lines[next..].iter().find_map(|line| of(line)) {
                return found;
            }
            next = lines.len();
            let (more, wait) = self
                .grown
                .wait_timeout(lines, LOST)
                .unwrap_or_else(PoisonError::into_inner);
            lines = more;
            if wait.timed_out() && lines.len() == next {
                let first = lines.len().saturating_sub(40);
                let last = lines[first..].join("\n");
                drop(lines);
                panic!("no line for {what}, after:\n{last}");
            }
        }
    }

    /// Returns what this makes of each line, from the one of this number on.
    pub fn all<T>(&self, from: usize, of: impl Fn(&str) -> Option<T>) -> Vec<T> {
        self.lines()[from..]
            .iter()
            .filter_map(|it| of(it))
            .collect()
    }

    /// Judges the owners, from the line of this number on. An owner that was killed, or whose machine was, is one no more
    /// from the note `gone` of the test on, which names the owner or the machine.
    #[must_use]
    pub fn judge(&self, from: usize) -> Verdict {
        judge(self.lines()[from..].iter().map(String::as_str))
    }
}

fn judge<'a>(lines: impl Iterator<Item = &'a str>) -> Verdict {
    let mut verdict = Verdict::default();
    let mut open = BTreeSet::<(&str, &str)>::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [machine, "begin", owner] => {
                verdict.owners += 1;
                verdict.beside += usize::from(!open.is_empty());
                open.insert((machine, owner));
            }
            [machine, "end", owner] => drop(open.remove(&(machine, owner))),
            ["test", "gone", gone] => {
                open.retain(|&(machine, owner)| machine != gone && owner != gone);
            }
            _ => {}
        }
    }
    verdict
}

fn reopen(file: &impl AsRawFd) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    File::options().write(true).open(path)
}

/// Checks the oracle, with logs that are made up.
///
/// # Panics
/// If it is wrong.
pub fn check_the_oracle() {
    let verdict = |lines: &[&str]| {
        let Verdict { owners, beside } = judge(lines.iter().copied());
        (owners, beside)
    };
    let one_after_another = ["a begin 1", "a end 1", "b begin 2", "b end 2"];
    assert_eq!(verdict(&one_after_another), (2, 0));
    let both = ["a begin 1", "b begin 2", "a end 1", "b end 2"];
    assert_eq!(verdict(&both), (2, 1));
    let of_one_machine = ["a begin 1", "a begin 2"];
    assert_eq!(verdict(&of_one_machine), (2, 1));
    let not_ended = ["a begin 1", "b out text", "b begin 2"];
    assert_eq!(verdict(&not_ended), (2, 1));
    let killed = ["a begin 1", "test gone 1", "b begin 2"];
    assert_eq!(verdict(&killed), (2, 0));
    let with_its_machine = ["a begin 1", "test gone a", "b begin 2"];
    assert_eq!(verdict(&with_its_machine), (2, 0));
    let another_machine = ["a begin 1", "test gone c", "b begin 2"];
    assert_eq!(verdict(&another_machine), (2, 1));
}
