//! A status as text for users.

use std::{
    fmt::{self, Write},
    time::SystemTime,
};

use lockhost::{Holder, Liveness, ProcessInfo, State, Status};

use super::report::{Guarantee, Report};
use crate::cli::{file_system::BY_IDENTITY, printable, since::since, style::Palette, user};

/// Returns a line with the verdict, and one for each known fact.
pub(super) fn of(status: &Status, report: &Report, now: SystemTime) -> String {
    let mut text = Lines {
        text: String::new(),
        palette: Palette::output(),
        now,
    };
    text.verdict(status);
    if let Some(holder) = status.holder() {
        text.holder(holder);
    }
    for holder in status.reclaims() {
        text.reclaim(holder);
    }
    if let Some(failure) = status.coordinator_failure() {
        text.line("failure", &format_args!("of the coordinator: {failure}"));
    }
    text.line("locks here", &guarantee(report));
    text.line("to do", &report.advice);
    text.text
}

struct Lines {
    text: String,
    palette: Palette,
    /// The moment to which times are relative.
    now: SystemTime,
}

impl Lines {
    fn verdict(&mut self, status: &Status) {
        let palette = self.palette;
        let verdict = match status.state() {
            State::Free => palette.label("free"),
            State::Held => palette.good("held"),
            State::Stale => palette.doubtful("stale: its owner is dead"),
            State::Malformed => palette.doubtful("stale: it names no owner"),
            _ => palette.doubtful("unknown: its owner may be alive"),
        };
        let path = printable(&status.path().display());
        self.text += &format!("{}: {verdict}\n", palette.label(path));
    }

    /// Adds a line; whatever a name contains, it stays in its line.
    fn line(&mut self, what: &str, text: &dyn fmt::Display) {
        self.painted(what, &printable(text));
    }

    /// Adds a line whose text is printable already.
    fn painted(&mut self, what: &str, text: &str) {
        let what = self.palette.label(format!("{what:<11}"));
        self.text += &format!("  {what}{text}\n");
    }

    /// Returns the owner, and whether it lives.
    fn owner(&self, holder: &Holder) -> String {
        let life = match holder.liveness() {
            Liveness::Alive(_) => self.palette.good("alive"),
            Liveness::Dead(_) => self.palette.bad("dead"),
            Liveness::Unknown(_) => self.palette.doubtful("perhaps alive"),
        };
        let pid = holder
            .pid()
            .map_or("no pid".to_owned(), |pid| format!("pid {pid}"));
        format!("{pid}, {life}: {}", printable(&holder.explanation()))
    }

    fn holder(&mut self, holder: &Holder) {
        let owner = self.owner(holder);
        self.painted("owner", &owner);
        if let Some(since) = holder.since().and_then(|time| since(time, self.now)) {
            self.line("since", &since);
        }
        if let Some(identity) = holder.identity() {
            self.line("identity", &identity);
        }
        if let Some(process) = holder.process() {
            self.line("command", &Command(&process));
            if let Some(user) = process.user() {
                self.line("user", &User(user));
            }
        }
    }

    fn reclaim(&mut self, holder: &Holder) {
        let file = printable(&holder.file());
        let owner = self.owner(holder);
        self.painted("reclaim", &format!("{file}, {owner}"));
        if let Some(process) = holder.process() {
            self.line("", &format_args!("command {}", Command(&process)));
        }
    }
}

/// The words as a shell would take them, where the command can be seen.
struct Command<'a>(&'a ProcessInfo);

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, word) in self.0.command().iter().enumerate() {
            if nth > 0 {
                f.write_char(' ')?;
            }
            let word = word.to_string_lossy();
            if word.is_empty() || word.contains(|c: char| c.is_whitespace() || "'\"\\$".contains(c))
            {
                write!(f, "'{}'", word.replace('\'', r"'\''"))?;
            } else {
                f.write_str(&word)?;
            }
        }
        Ok(())
    }
}

struct User(u32);

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match user::name(self.0) {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}

fn guarantee(report: &Report) -> String {
    let by = match report.guarantee {
        Guarantee::Evidence => {
            "are judged by the kernel, which keeps them locked while their owners live: correctly also from other \
             containers and after a reboot"
        }
        Guarantee::Claim => &format!("are judged by their owners' identities: {BY_IDENTITY}"),
        Guarantee::Pid => {
            "are judged by the pid alone, without hard links: other machines and containers are not excluded"
        }
        Guarantee::Untried => {
            "are judged by their owners' identities, or by the pid alone: lockhost doctor checks which"
        }
    };
    match &report.file_system {
        Some(kind) => format!("{by} ({kind})"),
        None => by.to_owned(),
    }
}
