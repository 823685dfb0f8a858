//! The owner for which a user at a terminal waits, and how long: one line, redrawn in place, and erased in the end.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lockhost::{AliveReason, Awaited, Holder, Liveness, ProcessInfo, Waiting};

use super::terminal;
use crate::cli::{
    complain, live_line, printable,
    reporter::{Level, Reporter},
};

/// The shortest time between two draws, so that a lock that many processes pass on does not make the line flicker.
const INTERVAL: Duration = Duration::from_millis(250);

/// The time between two checks whether the terminal is this process's again.
const IN_BACKGROUND: Duration = Duration::from_secs(1);

/// The spinner. It is ASCII, since the program does not know what the terminal's font has.
const FRAMES: [char; 4] = ['|', '/', '-', '\\'];

/// The width of a terminal that does not report one.
const USUAL_WIDTH: usize = 80;

pub(super) struct WaitingLine {
    reporter: Reporter,
    since: Instant,
    how: How,
    /// The owner that was last reported for each file, so that an owner that is met again is not reported again.
    reported: BTreeMap<PathBuf, String>,
    /// What is waited for now, as it is listed; empty before the first wait.
    now: String,
    /// The same, as it is drawn.
    subject: String,
    /// The session that is watched, if one is.
    watch: Option<Watch>,
    frame: usize,
    next: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Drawn,
    /// A line for each owner that is waited for.
    Listed,
    Not,
}

impl WaitingLine {
    pub(super) fn new(reporter: Reporter) -> Self {
        let now = Instant::now();
        Self {
            reporter,
            since: now,
            how: match reporter.level() {
                _ if reporter.is_json() => How::Not,
                Level::Quiet => How::Not,
                _ if terminal::can_draw() => How::Drawn,
                Level::Verbose => How::Listed,
                Level::Normal => How::Not,
            },
            reported: BTreeMap::new(),
            now: String::new(),
            subject: String::new(),
            watch: None,
            frame: 0,
            next: now,
        }
    }

    /// Reports what is waited for now.
    pub(super) fn report(&mut self, waiting: &Waiting) {
        let now = listed(waiting);
        let before = self.reported.insert(waiting.path().to_owned(), now.clone());
        let is_news = before.as_ref() != Some(&now);
        if is_news {
            self.reporter.waiting(waiting);
        }
        self.watch = Watch::of(waiting);
        match self.how {
            // Looking at the process takes system calls.
            How::Drawn if self.now != now => {
                self.subject = printable(&drawn(waiting));
                self.now = now;
            }
            How::Listed if is_news => {
                let watch = self.watch.map(Watch::text).unwrap_or_default();
                complain(&format_args!("waiting for {now}{watch}"));
            }
            How::Drawn | How::Listed | How::Not => {}
        }
    }

    /// Draws the line if that is due. Returns how long it can stay: for ever where none is drawn.
    pub(super) fn draw(&mut self) -> Duration {
        if self.how != How::Drawn || self.subject.is_empty() {
            return Duration::MAX;
        }
        let now = Instant::now();
        let left = self.next.saturating_duration_since(now);
        if !left.is_zero() {
            return left;
        }
        // In the background, the line would run into the output of the foreground, or stop this process.
        let lasts = if terminal::is_in_foreground() {
            let waited = Duration::from_secs((now - self.since).as_secs());
            let watch = self.watch.map(Watch::text).unwrap_or_default();
            let end = format!("{watch}, {}", humantime::format_duration(waited));
            let spinner = FRAMES[self.frame % FRAMES.len()];
            self.frame += 1;
            live_line::draw(&fitted(
                &format!("{spinner} waiting for {}", self.subject),
                &end,
                terminal::width(),
            ));
            INTERVAL
        } else {
            live_line::forget();
            IN_BACKGROUND
        };
        self.next = now + lasts;
        lasts
    }
}

/// A session that is watched, as the last check found it. It counts down between two checks.
#[derive(Clone, Copy)]
struct Watch {
    gone: Duration,
    left: Duration,
    at: Instant,
}

impl Watch {
    fn of(waiting: &Waiting) -> Option<Self> {
        let (gone, left) = waiting.watched()?;
        let at = Instant::now();
        Some(Self { gone, left, at })
    }

    fn text(self) -> String {
        let since = self.at.elapsed();
        counted(self.gone + since, self.left.saturating_sub(since))
    }
}

/// Returns for how long a session is gone, and in how long its owner counts as dead, in whole seconds. The second number is
/// rounded up: the owner is not dead before it is zero.
fn counted(gone: Duration, left: Duration) -> String {
    let left = left.as_millis().div_ceil(1000);
    format!(" gone for {} s, dead in {left} s", gone.as_secs())
}

impl Drop for WaitingLine {
    fn drop(&mut self) {
        if self.how == How::Drawn && terminal::is_in_foreground() {
            live_line::erase();
        } else {
            live_line::forget();
        }
    }
}

/// Returns a line that is narrower than the terminal: one that fills it would be wrapped, and only its end be erased. The
/// middle gives way, so that the end stays.
fn fitted(begin: &str, end: &str, width: usize) -> String {
    const GAP: &str = "...";
    let room = match width {
        0 => USUAL_WIDTH - 1,
        width => width - 1,
    };
    if columns(begin) + columns(end) <= room {
        return format!("{begin}{end}");
    }
    let kept = room.saturating_sub(GAP.len() + columns(end));
    let line = format!("{}{GAP}{end}", cut(begin, kept));
    cut(&line, room).to_owned()
}

/// Returns as many characters of a text as have room.
fn cut(text: &str, room: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, character)| {
        taken += column(*character);
        taken > room
    });
    end.map_or(text, |(end, _)| &text[..end])
}

fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// Returns the most columns that a printable character takes.
fn column(character: char) -> usize {
    match character.is_ascii() {
        true => 1,
        false => 2,
    }
}

/// Returns the subject of the drawn line: the process, as far as it can be seen.
fn drawn(waiting: &Waiting) -> String {
    let file = waiting.path().display();
    match (waiting.awaited(), waiting.holder()) {
        (Awaited::Release, Some(holder)) => match holder.keepers() {
            [keeper, ..] => format!("pid {} ({})", keeper.pid(), keeper.command()),
            [] => owner(holder).unwrap_or_else(|| format!("the owner of {file}")),
        },
        (Awaited::Release, None) => format!("another process that uses {file}"),
        (_, _) => other(waiting),
    }
}

/// Returns the subject of a line about anything but the release of a lock.
fn other(waiting: &Waiting) -> String {
    let file = waiting.path().display();
    match (waiting.awaited(), waiting.coordinator_failure()) {
        (Awaited::Directory, _) => format!("directory {file}, which is missing"),
        (Awaited::Settling, _) => format!("{file} to settle: it names no owner"),
        (Awaited::Session, _) if waiting.watched().is_some() => {
            format!("the owner of {file}: its session is")
        }
        (Awaited::Session, _) => format!("the session that has the directory of {file} to end"),
        (Awaited::Coordinator, Some(failure)) => format!("the coordinator: {failure}"),
        (Awaited::Coordinator, None) => "the coordinator".to_owned(),
        (_, _) => format!("another program to replace {file}"),
    }
}

fn owner(holder: &Holder) -> Option<String> {
    let pid = holder.pid()?;
    if has_session(holder) {
        return Some(format!("pid {pid}, whose session is there"));
    }
    let name = holder.process().and_then(|process| name(&process));
    Some(match name {
        Some(name) => format!("pid {pid} ({name})"),
        None => format!("pid {pid}"),
    })
}

/// Returns the name of a process's program; for lockhost, that of the command that it runs.
fn name(process: &ProcessInfo) -> Option<String> {
    let words = process.command();
    let program = file_stem(words.first()?);
    let command = words.iter().skip_while(|word| *word != "--").nth(1);
    Some(match command.filter(|_| program == "lockhost") {
        Some(command) => file_stem(command),
        None => program,
    })
}

fn file_stem(word: &OsStr) -> String {
    let name = Path::new(word)
        .file_name()
        .unwrap_or(word)
        .to_string_lossy();
    let name = name
        .strip_suffix(std::env::consts::EXE_SUFFIX)
        .unwrap_or(&name);
    // Where the system shows no arguments, the name is in brackets.
    name.trim_matches(['[', ']']).to_owned()
}

/// Returns the subject of a line in a list: the process, and the file.
fn listed(waiting: &Waiting) -> String {
    let file = waiting.path().display();
    match (waiting.awaited(), waiting.holder()) {
        (Awaited::Release, Some(holder)) => match (holder.keepers(), holder.pid()) {
            ([keeper, ..], _) => {
                let (pid, command) = (keeper.pid(), keeper.command());
                format!("pid {pid} ({command}), which keeps {file} locked")
            }
            ([], Some(pid)) if has_session(holder) => {
                format!("pid {pid}, which holds {file} and has its session")
            }
            ([], Some(pid)) => format!("pid {pid}, which holds {file}"),
            ([], None) => format!("the owner of {file}"),
        },
        (Awaited::Release, None) => format!("{file}, which another process is using"),
        (_, _) => other(waiting),
    }
}

/// Returns whether the owner lives by its session: it may be on another machine.
fn has_session(holder: &Holder) -> bool {
    holder.liveness() == Liveness::Alive(AliveReason::Session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_and_keeps_its_end() {
        let line = |subject: &str, width| fitted(subject, ", 12s", width);
        assert_eq!(line("| waiting for pid 1", 25), "| waiting for pid 1, 12s");
        assert_eq!(line("| waiting for pid 1", 24), "| waiting for p..., 12s");
        assert_eq!(line("| waiting for pid 1", 20), "| waiting f..., 12s");
        assert_eq!(line("| waiting", 4), "...");
        assert_eq!(line("| waiting", 1), "");
        assert_eq!(line(&"x".repeat(100), 0).len(), 79);
    }

    #[test]
    fn a_watch_is_counted_in_whole_seconds() {
        let text = |gone, left| counted(Duration::from_millis(gone), Duration::from_millis(left));
        assert_eq!(text(3_900, 7_100), " gone for 3 s, dead in 8 s");
        assert_eq!(text(0, 1), " gone for 0 s, dead in 1 s");
    }

    #[test]
    fn a_wide_character_counts_as_two() {
        let line = fitted(&"\u{4e2d}".repeat(20), ", 1s", 20);
        assert_eq!(line, format!("{}..., 1s", "\u{4e2d}".repeat(6)));
    }

    #[test]
    fn a_program_is_named_without_its_folder() {
        for (word, name) in [
            ("/usr/bin/app", "app"),
            ("app", "app"),
            ("[app]", "app"),
            ("/", "/"),
        ] {
            assert_eq!(file_stem(OsStr::new(word)), name);
        }
    }
}
