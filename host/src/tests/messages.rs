//! The library's part of `docs/messages.md`, the list of all messages. `docs/troubleshooting.md` explains each.

mod samples;

use std::{fs, io, path::Path, time::Duration};

use self::samples::{
    ALIVE, UNKNOWN, errors, held, holder, holders, keepers, lock, named, now, replaced, restored,
    unread, warnings,
};
use crate::{
    Error, ErrorKind,
    lock::{
        error::Kind,
        hint::{WayOut, Whose},
        holder::Holder,
        message::{Circumstance, Instead},
        place::Place,
        warning::Warning,
    },
    outcome,
    process::keeper::{Keeper, Kept},
};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/troubleshooting.md");

/// The part of the list that comes from here. `tests/tests/cli/messages.rs` writes the other one.
const PART: [&str; 2] = ["<!-- from the library -->\n", "<!-- until here -->"];

#[test]
fn the_list_has_every_message_of_the_library() {
    let page = fs::read_to_string(LIST).unwrap();
    let (before, rest) = page.split_once(PART[0]).unwrap();
    let (present, after) = rest.split_once(PART[1]).unwrap();
    let list = list();
    if present == list {
        return;
    }
    let [begin, end] = PART;
    fs::write(LIST, format!("{before}{begin}{list}{end}{after}")).unwrap();
    panic!("docs/messages.md was out of date and is written anew: read it, and test again");
}

/// What a line of a terminal has space for.
const WIDTH: usize = 120;

/// Returns the length of a line without the parts that are as long as they are: identities, and what is behind a lock's
/// name in that of a reclaim lock.
fn length(line: &str) -> usize {
    let fixed = ["IDENTITY", "OTHER", ".reclaim"];
    let own = fixed
        .iter()
        .fold(line.to_owned(), |line, part| line.replace(part, ""));
    own.chars().count()
}

#[test]
fn every_message_is_two_lines_of_a_terminal_at_most() {
    let mut longest = 0;
    let of_today = all().into_iter().flat_map(|group| group.messages);
    // An explanation is part of a status, which has no such limit.
    let of_today = of_today.filter(|message| !message.prefix.is_empty());
    let later = [2, 24, 40 * 24].map(|hours| {
        errors().into_iter().map(move |mut error| {
            error.at = now() + Duration::from_secs(hours * 60 * 60);
            Message::new("lockhost: ", &error, error.hint())
        })
    });
    for message in of_today.chain(later.into_iter().flatten()) {
        for line in message.lines() {
            longest = longest.max(length(&line));
            assert!(length(&line) <= WIDTH, "{}: {line}", length(&line));
        }
        let text = message.text + &message.hint.unwrap_or_default();
        assert!(!text.contains('\n'), "{text}");
    }
    assert!(longest > WIDTH - 5, "{longest}");
}

#[test]
fn each_refusal_has_a_hint() {
    for error in errors() {
        let text = error.to_string();
        assert!(error.hint().is_some() || !error.is_refusal(), "{text}");
        // The way out is in the second line alone.
        for advice in ["try again", "lockhost break", "--wait"] {
            assert!(!text.contains(advice), "{text}");
        }
    }
}

#[test]
fn every_refusal_and_failure_names_a_file_or_a_directory() {
    let name = |it: &Error| it.path().display().to_string();
    for error in errors() {
        assert!(error.to_string().contains(&name(&error)), "{error}");
    }
}

#[test]
fn nothing_from_outside_is_printed_as_it_is() {
    let rude = "\u{1b}[2J\n\u{202e}x";
    let keeper = Keeper::new(7, rude.to_owned());
    let path = || Path::new("D").join(rude);
    let way_out = WayOut {
        name: format!("{rude}.lock"),
        directory: path(),
        beside: Some((rude.to_owned(), path())),
    };
    let doubtful = named(rude, UNKNOWN[0], true);
    let other = Instead::Other(named(rude, ALIVE[1], true));
    let kinds = [
        Kind::Held(doubtful, Circumstance::Owning, way_out),
        Kind::NotTheOwner(rude.to_owned(), other),
        Kind::Host(rude.to_owned()),
        Kind::Io(
            "open".to_owned(),
            io::Error::other(rude),
            Some(Whose {
                fact: rude.to_owned(),
                hint: rude.to_owned().into(),
            }),
        ),
        Kind::BadName,
        Kind::Lost,
    ];
    let trap = Error::internal(&path(), wasmtime::Error::msg(rude));
    let errors = kinds.map(|kind| Error::new(path(), kind));
    let errors: Vec<_> = errors.into_iter().chain([trap]).collect();
    let mut texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let hints = [&errors[0], &errors[3]].map(|it| it.hint().unwrap());
    texts.extend(hints.map(String::from));
    texts.extend(errors.iter().map(|it| format!("{it:?}")));
    let remark = outcome::Remark::OtherReclaim(None);
    let file = String::new();
    texts.push(Warning::new(&Place::new(&path()), outcome::Warning { file, remark }).to_string());
    texts.push(keeper.to_string());
    texts.push(format!("{keeper:?}"));
    texts.push(Kept(&[keeper]).to_string());
    for text in texts {
        assert!(text.contains("[2J"), "{text}");
        assert!(!text.contains(crate::printable::is_escaped), "{text:?}");
    }
}

#[test]
fn a_refusal_in_doubt_has_the_way_out_a_certain_one_the_holder() {
    for holder in holders() {
        let error = held(holder.clone(), Circumstance::Owning);
        let hint = error.hint().unwrap_or_default();
        let has_way_out = hint.contains("lockhost break --owner=IDENTITY D");
        assert_eq!(has_way_out, holder.doubt().is_some(), "{error}: {hint}");
        assert!(error.to_string().contains("pid 4711"), "{error}");
    }
}

#[test]
fn times_are_relative_to_the_moment_of_the_refusal() {
    let mut error = held(holder(ALIVE[1], true), Circumstance::Owning);
    error.at = now() + Duration::from_secs(24 * 60 * 60);
    let text = error.to_string();
    assert!(
        text.ends_with(" since 2026-11-23 21:36Z (1d ago)"),
        "{text}"
    );
}

#[test]
fn the_page_explains_each_message() {
    let list = list();
    let page = fs::read_to_string(PAGE).unwrap();
    let (_, table) = page.split_once("\n## Messages").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut pieces = 0;
    for row in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let sentence = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for piece in pieces_of(sentence) {
            assert!(list.contains(piece), "only the page has {piece:?}");
            pieces += 1;
        }
    }
    assert!(pieces > 40, "{pieces}");
    for doubt in holders().iter().chain(&unread()).filter_map(Holder::doubt) {
        assert!(table.contains(doubt), "the page lacks {doubt:?}");
    }
    for error in errors() {
        let kind = format!("`{:?}`", error.kind());
        assert!(table.contains(&kind), "the page lacks {kind}");
    }
}

/// Returns the text between the names, alternatives and references of a message on the page.
fn pieces_of(sentence: &str) -> impl Iterator<Item = &str> {
    sentence
        .split(['…', '·', '*', '(', ')', ';', ','])
        .flat_map(|piece| piece.split(" OTHER"))
        .flat_map(|piece| piece.split("IDENTITY"))
        .flat_map(|piece| piece.split("NAME"))
        .flat_map(|piece| piece.split("D/FILE"))
        .flat_map(|piece| piece.split(" D"))
        .map(|piece| piece.trim_matches([' ', '\'', '.']))
        .filter(|piece| piece.len() > 8)
        // A component's message is its own.
        .filter(|piece| *piece != "the text of the component")
}

/// A message, as the program prints it.
struct Message {
    /// What precedes the text in its line.
    prefix: &'static str,
    text: String,
    hint: Option<String>,
}

impl Message {
    fn new(prefix: &'static str, text: impl ToString, hint: Option<impl Into<String>>) -> Self {
        Self {
            prefix,
            text: text.to_string(),
            hint: hint.map(Into::into),
        }
    }

    fn lines(&self) -> Vec<String> {
        let first = format!("{}{}", self.prefix, self.text);
        let second = self.hint.iter().map(|hint| format!("  hint: {hint}"));
        [first].into_iter().chain(second).collect()
    }
}

/// Messages of one kind.
struct Group {
    heading: String,
    about: &'static str,
    messages: Vec<Message>,
}

/// Returns all messages, each group once.
fn all() -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for error in errors() {
        let heading = format!("{:?}", error.kind());
        let message = Message::new("lockhost: ", &error, error.hint());
        match groups.iter_mut().find(|group| group.heading == heading) {
            Some(group) => group.messages.push(message),
            None => groups.push(Group {
                heading,
                about: exit_code(error.kind()),
                messages: vec![message],
            }),
        }
    }
    let lives = holders().into_iter().chain(unread());
    let lives = lives.map(|holder| {
        let text = format!("{:?}: {}", holder.liveness(), holder.explanation());
        Message::new("", text, None::<String>)
    });
    let keepers = keepers();
    let kept = [1, 2, 4].map(|count| {
        let text = format!("Alive(Evidence): {}", Kept(&keepers[..count]));
        Message::new("", text, None::<String>)
    });
    let replaced = replaced().map(|it| {
        let text = format!("replaced {}: {it}", it.path().display());
        Message::new("lockhost: ", text, None::<String>)
    });
    let warnings = warnings();
    let warned = warnings
        .iter()
        .map(|it| Message::new("lockhost: warning: ", it, it.hint()));
    let restored = restored().map(|it| {
        let text = format!("{}: {it}", lock().display());
        Message::new("lockhost: warning: ", text, it.hint())
    });
    groups.extend([
        Group {
            heading: "How an owner is judged".to_owned(),
            about: "`Holder::liveness()`, and its `explanation()` in words.",
            messages: lives.chain(kept).collect(),
        },
        Group {
            heading: "What was replaced".to_owned(),
            about: "The lock is held. `Lock::replaced()` has the same.",
            messages: replaced.collect(),
        },
        Group {
            heading: "Warnings".to_owned(),
            about: "The lock is held. `Lock::warnings()` has the same.",
            messages: warned.collect(),
        },
        Group {
            heading: "What was restored".to_owned(),
            about: "The lock is held. `Lock::restore()` returns the same.",
            messages: restored.collect(),
        },
    ]);
    groups
}

fn exit_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Held | ErrorKind::Ancestor | ErrorKind::Contended | ErrorKind::Unsettled => {
            "A refusal: exit code 75, or that of `-E`."
        }
        ErrorKind::BadName => "A failure: exit code 2.",
        _ => "A failure: exit code 1.",
    }
}

fn list() -> String {
    let mut list = String::new();
    for group in all() {
        list += &format!("\n### {}\n\n{}\n\n```text\n", group.heading, group.about);
        let mut seen = Vec::new();
        for message in group.messages {
            let lines = message.lines().join("\n");
            if !seen.contains(&lines) {
                list += &lines;
                list.push('\n');
                seen.push(lines);
            }
        }
        list += "```\n";
    }
    list.push('\n');
    list
}
