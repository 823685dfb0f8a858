//! The tables of `docs/cli.md`. Each stands between two comments, which an editor keeps and a reader does not see; the
//! prose around them is written by hand.

use std::fmt::Write;

use clap::{Arg, Command};

use super::{default, description, groups, paragraphs, subcommand, usage, values};
use crate::cli::{
    help::TOPICS,
    manual::{COMMANDS, READ, SET, page},
};

const BEGIN: &str = "<!-- made from the program: ";
const END: &str = "<!-- end -->";

/// Returns the page with its tables made anew.
///
/// # Panics
/// If the page has a comment that begins a table without its end, or one that names no table.
pub(super) fn joined(page: &str, command: &Command) -> String {
    let mut made = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        made += line;
        made.push('\n');
        let Some(name) = line
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        let table = table(name, command);
        writeln!(made, "\n{}\n\n{END}", table.trim_end()).expect("a string takes all");
        assert!(lines.any(|line| line == END), "{name} has no end");
    }
    made
}

fn table(name: &str, command: &Command) -> String {
    match name {
        "synopsis" => synopsis(),
        "environment" => variables(),
        "general options" => options(subcommand(command, "status"), true),
        "topics" => rows(
            "command",
            "prints",
            &TOPICS.map(|(name, text)| (format!("lockhost help {name}"), text)),
        ),
        name => {
            let (kind, of) = name
                .split_once(" of ")
                .expect("a kind of table, and a command");
            match kind {
                "options" => options(subcommand(command, of), false),
                "exit codes" => exit_codes(of),
                kind => panic!("{kind} is no kind of table"),
            }
        }
    }
}

/// Returns the forms of all usages, as code.
fn synopsis() -> String {
    let forms = COMMANDS.into_iter().chain(["help"]).flat_map(usage);
    forms.map(|form| format!("    {form}\n")).collect()
}

fn exit_codes(name: &str) -> String {
    let codes = page(name).exit_codes.iter();
    let codes: Vec<_> = codes.map(|(code, meaning)| (*code, *meaning)).collect();
    let mut table = "| exit code | meaning |\n| --- | --- |\n".to_owned();
    for (code, meaning) in codes {
        table += &format!("| {code} | {} |\n", cell(meaning));
    }
    table
}

fn variables() -> String {
    let read = READ.map(|it| (it.name, it.meaning));
    format!(
        "{}\nA command gets these variables from `lockhost acquire`:\n\n{}",
        rows("variable", "effect", &read),
        rows("variable", "value", &SET)
    )
}

fn rows<T: AsRef<str>>(word: &str, meaning: &str, rows: &[(T, &str)]) -> String {
    let mut table = format!("| {word} | {meaning} |\n| --- | --- |\n");
    for (word, meaning) in rows {
        table += &format!("| `{}` | {} |\n", word.as_ref(), cell(meaning));
    }
    table
}

/// Returns the options that all commands have, or those that only this one has, in a table for each heading.
fn options(command: &Command, are_general: bool) -> String {
    let is_general = |option: &&Arg| option.get_help_heading() == Some(crate::cli::GENERAL);
    let arguments = command.get_positionals().filter(|_| !are_general);
    let mut text = String::new();
    let mut rows: Vec<String> = arguments.map(argument).collect();
    for (heading, options) in groups(command) {
        let options: Vec<_> = options
            .into_iter()
            .filter(|it| is_general(it) == are_general)
            .collect();
        if options.is_empty() {
            continue;
        }
        // The arguments need no table of their own.
        let first = if heading == "Options" || are_general {
            "option"
        } else {
            &*heading
        };
        if first != "option" && !rows.is_empty() {
            text += &with_head("argument", &rows);
            rows.clear();
        }
        rows.extend(options.into_iter().map(option));
        text += &with_head(first, &rows);
        rows.clear();
    }
    if !rows.is_empty() {
        text += &with_head("argument", &rows);
    }
    text
}

fn with_head(head: &str, rows: &[String]) -> String {
    format!("| {head} | effect |\n| --- | --- |\n{}\n", rows.concat())
}

fn argument(argument: &Arg) -> String {
    let name = argument.get_value_names().expect("it has one")[0].to_string();
    format!("| `{name}` | {} |\n", cell(&description(argument)))
}

fn option(option: &Arg) -> String {
    let long = option.get_long().expect("each option has one");
    let takes_value = option.get_action().takes_values();
    let value = option.get_value_names().and_then(|names| names.first());
    let value = match value.filter(|_| takes_value) {
        Some(value) if option.get_num_args().expect("built").min_values() == 0 => {
            format!("[={value}]")
        }
        Some(value) => format!("={value}"),
        None => String::new(),
    };
    let short = option
        .get_short()
        .map_or_else(String::new, |it| format!("`-{it}`, "));
    let mut effect = cell(&description(option));
    for (value, meaning) in values(option) {
        effect += &format!(" `{value}`: {}", cell(&meaning));
    }
    if let Some(default) = default(option) {
        effect += &format!(" The default is `{default}`.");
    }
    format!("| {short}`--{long}{value}` | {effect} |\n")
}

/// Returns a help text as a cell of a table.
fn cell(text: &str) -> String {
    paragraphs(text).join(" ").replace('|', r"\|")
}
