//! The lines that commands write while they act, and the judgement about them.

use std::{fs, path::Path};

/// A turn of one owner: its lines, with none of another owner between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The owner.
    pub name: String,
    /// The epoch and the token, as the command had them in its environment.
    pub fence: (String, String),
    /// The kernel's time at the first line and the last one, in seconds.
    pub times: (f64, f64),
    /// How many lines.
    pub lines: usize,
}

/// Returns the turns in the order in which the lines were written: the kernel appends each line as a whole.
///
/// # Panics
/// If the file is malformed.
#[must_use]
pub fn turns(file: &Path) -> Vec<Turn> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut turns: Vec<Turn> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, epoch, token, time] = words[..] else {
            panic!("no line of an owner: {line}")
        };
        let time: f64 = time.parse().expect("a time");
        match turns.last_mut() {
            Some(turn) if turn.name == name => {
                turn.times.1 = turn.times.1.max(time);
                turn.lines += 1;
            }
            _ => turns.push(Turn {
                name: name.to_owned(),
                fence: (epoch.to_owned(), token.to_owned()),
                times: (time, time),
                lines: 1,
            }),
        }
    }
    turns
}

/// Checks that these owners acted, one after the other: no line of one comes after a line of the next one, in the order of the
/// file or by the kernel's time, and tokens rise in each epoch.
///
/// # Panics
/// If it is not so.
pub fn acted(file: &Path, names: &[&str]) {
    let turns = turns(file);
    let found: Vec<&str> = turns.iter().map(|turn| turn.name.as_str()).collect();
    assert_eq!(found, names, "{turns:#?}");
    for pair in turns.windows(2) {
        let [before, after] = pair else { continue };
        println!(
            "{} acted for {:.3} s, and {} {:.3} s later",
            before.name,
            before.times.1 - before.times.0,
            after.name,
            after.times.0 - before.times.1
        );
        assert!(before.times.1 < after.times.0, "two owners act: {turns:#?}");
        if before.fence.0 == after.fence.0 && before.fence.1 != "-" {
            let token = |turn: &Turn| turn.fence.1.parse::<u64>().expect("a number");
            assert!(token(before) < token(after), "no higher token: {turns:#?}");
        }
    }
}
