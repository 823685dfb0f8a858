//! The owner for which a user at a terminal waits, and how long: one line, redrawn in place, and erased in the end.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lockhost::{Awaited, Holder, ProcessInfo, Waiting};

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
        match self.how {
            // Looking at the process takes system calls.
            How::Drawn if self.now != now => {
                self.subject = printable(&drawn(waiting));
                self.now = now;
            }
            How::Listed if is_news => complain(&format_args!("waiting for {now}")),
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
            let end = format!(", {}", humantime::format_duration(waited));
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
        (Awaited::Directory, _) => format!("directory {file}, which is missing"),
        (Awaited::Settling, _) => format!("{file} to settle: it names no owner"),
        (_, _) => format!("another program to replace {file}"),
    }
}

fn owner(holder: &Holder) -> Option<String> {
    let pid = holder.pid()?;
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
            ([], Some(pid)) => format!("pid {pid}, which holds {file}"),
            ([], None) => format!("the owner of {file}"),
        },
        (Awaited::Release, None) => format!("{file}, which another process is using"),
        (Awaited::Directory, _) => format!("directory {file}, which is missing"),
        (Awaited::Settling, _) => format!("{file} to settle: it names no owner"),
        (_, _) => format!("another program to replace {file}"),
    }
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
