//! The owner for which a user at a terminal waits, and how long: one line, redrawn each second, and cleared in the end.

use std::{
    collections::BTreeMap,
    io::{Write, stderr},
    path::PathBuf,
    time::{Duration, Instant},
};

use lockhost::{Awaited, Waiting};

use super::terminal;
use crate::cli::{
    complain, printable,
    reporter::{Level, Reporter},
};

/// How long a line stays unchanged.
const LASTS: Duration = Duration::from_secs(1);

/// Moves to the line's begin, and clears it.
const CLEAR: &str = "\r\x1b[K";

pub(super) struct WaitingLine {
    reporter: Reporter,
    since: Instant,
    how: How,
    /// The owner that was last reported for each file, so that an owner that is met again is not reported again.
    reported: BTreeMap<PathBuf, String>,
    drawn: bool,
}

enum How {
    Drawn,
    /// A line for each owner that is waited for.
    Listed,
    Not,
}

impl WaitingLine {
    pub(super) fn new(reporter: Reporter) -> Self {
        let level = reporter.level();
        Self {
            reporter,
            since: Instant::now(),
            how: match level {
                _ if reporter.is_json() => How::Not,
                Level::Quiet => How::Not,
                _ if terminal::can_draw() => How::Drawn,
                Level::Verbose => How::Listed,
                Level::Normal => How::Not,
            },
            reported: BTreeMap::new(),
            drawn: false,
        }
    }

    /// Reports what is waited for now.
    pub(super) fn tell(&mut self, waiting: &Waiting) {
        let now = subject(waiting);
        let before = self.reported.insert(waiting.path().to_owned(), now.clone());
        let is_news = before.as_ref() != Some(&now);
        if is_news {
            self.reporter.waiting(waiting);
        }
        match self.how {
            How::Drawn => self.draw(waiting),
            How::Listed if is_news => complain(&format_args!("waiting for {now}")),
            How::Listed | How::Not => {}
        }
    }

    /// Returns how long the line can stay unchanged.
    pub(super) fn lasts(&self) -> Duration {
        match self.how {
            How::Drawn => LASTS,
            How::Listed | How::Not => Duration::MAX,
        }
    }

    fn draw(&mut self, waiting: &Waiting) {
        // In the background, the line would run into the output of the foreground.
        if !terminal::is_in_foreground() {
            return;
        }
        let waited = Duration::from_secs(self.since.elapsed().as_secs());
        let line = printable(&format_args!(
            "lockhost: waiting since {} for {}",
            humantime::format_duration(waited),
            subject(waiting)
        ));
        // A line that is too long would be wrapped, and only its end be cleared.
        let line: String = match terminal::width() {
            0 => line,
            width => line.chars().take(width - 1).collect(),
        };
        let _ = stderr().write_all(format!("{CLEAR}{line}").as_bytes());
        self.drawn = true;
    }
}

impl Drop for WaitingLine {
    fn drop(&mut self) {
        if self.drawn {
            let _ = stderr().write_all(CLEAR.as_bytes());
        }
    }
}

fn subject(waiting: &Waiting) -> String {
    let file = waiting.path().display();
    match (waiting.awaited(), waiting.holder()) {
        (Awaited::Release, Some(holder)) => match (holder.keepers(), holder.pid()) {
            ([keeper, ..], _) => {
                let (pid, command) = (keeper.pid(), keeper.command());
                format!("pid {pid} ({command}), which keeps {file} locked")
            }
            ([], Some(pid)) => format!("pid {pid}, which has {file}"),
            ([], None) => format!("whoever has {file}"),
        },
        (Awaited::Release, None) => format!("{file}, which another process is using"),
        (Awaited::Directory, _) => format!("directory {file}, which is missing"),
        (Awaited::Settling, _) => format!("{file}, which names nobody, to settle"),
        (_, _) => format!("{file} of another program"),
    }
}
