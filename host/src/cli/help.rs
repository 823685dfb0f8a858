//! The help: the command line with examples and exit codes, and `lockhost help` with its topics.

use anyhow::Context;
use clap::{
    Arg, CommandFactory,
    builder::{PossibleValuesParser, StyledStr},
};

use super::{
    Arguments, UNTOLD,
    exit_code::ExitCode,
    manual::{COMMANDS, FILES, PROGRAM, READ, Row, SET, page},
    say,
    style::{Palette, STYLES},
};

/// The topics beside the commands.
pub(crate) const TOPICS: [Row; 3] = [
    ("exit-codes", "Exit codes of every command"),
    ("environment", "Environment variables"),
    ("files", "Files in a locked directory"),
];

/// The width of the help, in columns.
const WIDTH: usize = 98;

/// The longest word that stands beside its meaning, and not above it.
const BESIDE: usize = 28;

#[derive(Debug, clap::Args)]
pub(crate) struct Help {
    /// The command or the topic
    #[arg(value_name = "TOPIC", value_parser = topics())]
    topic: Option<String>,
}

fn topics() -> PossibleValuesParser {
    COMMANDS
        .into_iter()
        .chain(TOPICS.map(|(name, _)| name))
        .collect::<Vec<_>>()
        .into()
}

/// Runs the command.
pub(crate) fn run(arguments: &Help) -> anyhow::Result<ExitCode> {
    let text = text(arguments.topic.as_deref());
    let text = Palette::output().clap(&text);
    say(format!("{}\n", text.trim_end()).as_bytes()).context(UNTOLD)?;
    Ok(ExitCode::SUCCESS)
}

fn text(topic: Option<&str>) -> StyledStr {
    let Some(topic) = topic else {
        return command().render_long_help();
    };
    match topic {
        "exit-codes" => exit_codes().into(),
        "environment" => environment().into(),
        "files" => section("Files", &FILES).into(),
        topic => {
            let mut command = command();
            command.build();
            let subcommand = command.find_subcommand_mut(topic);
            subcommand.map_or_else(StyledStr::new, clap::Command::render_long_help)
        }
    }
}

fn exit_codes() -> String {
    let section =
        |command: &&str| section(&format!("lockhost {command}"), page(command).exit_codes);
    let sections: Vec<_> = COMMANDS.iter().map(section).collect();
    sections.join("\n")
}

fn environment() -> String {
    let read = READ.map(|variable| {
        let readers = match variable.commands.len() == COMMANDS.len() {
            true => String::new(),
            false => format!(" ({})", variable.commands.join(", ")),
        };
        (variable.name, format!("{}{readers}", variable.meaning))
    });
    let read: Vec<_> = read
        .iter()
        .map(|(name, meaning)| (*name, &**meaning))
        .collect();
    format!(
        "{}\n{}\n\n{}",
        section("Variables that lockhost reads", &read),
        "An option on the command line wins. An empty variable counts as not set.",
        section("Variables that lockhost acquire sets for the command", &SET)
    )
}

/// Returns the command line as it is parsed, without the texts of the help. To make them costs more than all else that a
/// start computes.
pub(crate) fn grammar() -> clap::Command {
    // The flag for help is one for all commands.
    Arguments::command().mut_subcommands(|subcommand| subcommand.disable_help_flag(true))
}

/// Returns the command line as it is shown by the help, and by errors of usage. It is parsed as [`grammar`].
pub(crate) fn command() -> clap::Command {
    grammar()
        .styles(STYLES)
        .after_help(after_program())
        .mut_subcommands(|subcommand| {
            let page = page(subcommand.get_name());
            if subcommand.get_name() == "help" {
                return subcommand;
            }
            let examples = section("Examples", page.examples);
            let codes = section("Exit codes", page.exit_codes);
            let subcommand = match page.usage {
                [] => subcommand,
                forms => subcommand.override_usage(usage(forms)),
            };
            let about = subcommand
                .get_long_about()
                .map(|it| paragraphs(&it.to_string(), WIDTH));
            let subcommand = match about {
                Some(about) => subcommand.long_about(about),
                None => subcommand,
            };
            subcommand
                .mut_args(wrapped)
                .after_help(format!("{examples}\n{}", pointer()))
                .after_long_help(format!("{codes}\n{examples}\n{}", pointer()))
        })
}

/// Returns an argument whose long help fits into the help's width, behind clap's indentation.
fn wrapped(argument: Arg) -> Arg {
    let help = argument
        .get_long_help()
        .map(|it| paragraphs(&it.to_string(), WIDTH - 10));
    match help {
        Some(help) => argument.long_help(help),
        None => argument,
    }
}

fn after_program() -> String {
    let topics = TOPICS.map(|(name, meaning)| (format!("lockhost help {name}"), meaning));
    let options = (
        "lockhost COMMAND --help",
        "Options, exit codes and examples of a command",
    );
    let topics = topics.iter().map(|(line, meaning)| (&**line, *meaning));
    let more: Vec<_> = [options].into_iter().chain(topics).collect();
    format!(
        "{}\n{}",
        section("Examples", PROGRAM.examples),
        section("More help", &more)
    )
}

fn pointer() -> String {
    let palette = Palette::styled();
    let [codes, environment, files] = TOPICS.map(|(topic, _)| {
        palette
            .literal(format!("lockhost help {topic}"))
            .to_string()
    });
    format!("See also: {codes}, {environment}, {files}")
}

/// Returns a heading with a table below it, each line ended.
fn section(title: &str, rows: &[(&str, &str)]) -> String {
    let palette = Palette::styled();
    let longest = rows.iter().map(|(word, _)| word.len()).max().unwrap_or(0);
    let mut text = format!("{}\n", palette.header(format!("{title}:")));
    for (word, meaning) in rows {
        let (first, indent) = match longest <= BESIDE {
            true => (
                format!("  {}  ", palette.literal(format!("{word:<longest$}"))),
                longest + 4,
            ),
            false => (format!("  {}\n          ", palette.literal(word)), 10),
        };
        let lines = wrap(meaning, WIDTH - indent);
        text += &first;
        text += &lines.join(&format!("\n{:indent$}", ""));
        text.push('\n');
    }
    text
}

/// Returns the forms of a usage, painted as clap paints its own.
fn usage(forms: &[&str]) -> StyledStr {
    let forms: Vec<_> = forms.iter().map(|form| painted(form)).collect();
    forms.join("\n       ").into()
}

fn painted(form: &str) -> String {
    let palette = Palette::styled();
    let words = form
        .split(' ')
        .map(|word| match word.starts_with(['<', '[']) {
            true => palette.placeholder(word).to_string(),
            false => palette.literal(word).to_string(),
        });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns paragraphs with lines that are no longer than this.
fn paragraphs(text: &str, width: usize) -> String {
    let lines = text.lines().map(|line| wrap(line, width).join("\n"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns a text in lines that are no longer than this, if no word is.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a last line");
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("a bc def", 3), ["a", "bc", "def"]);
        assert_eq!(wrap("longer a", 3), ["longer", "a"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(paragraphs("a b\n\nc", 2), "a\nb\n\nc");
    }

    #[test]
    fn a_command_line_is_parsed_without_texts_of_the_help() {
        let mut grammar = grammar();
        grammar.build();
        let subcommands: Vec<_> = grammar.get_subcommands().collect();
        assert!(subcommands.len() > COMMANDS.len());
        for command in [&grammar].into_iter().chain(subcommands) {
            let texts = [command.get_after_help(), command.get_after_long_help()];
            assert_eq!(texts, [None, None], "{}", command.get_name());
        }
    }

    #[test]
    fn no_line_of_the_help_is_longer_than_its_width() {
        for topic in COMMANDS.into_iter().chain(TOPICS.map(|(name, _)| name)) {
            let text = text(Some(topic)).to_string();
            for line in text.lines() {
                assert!(line.len() <= WIDTH + 2, "{topic}: {line}");
            }
        }
    }

    #[test]
    fn every_command_has_its_parts_and_its_variables() {
        let mut command = command();
        command.build();
        let names: Vec<_> = command
            .get_subcommands()
            .map(|it| it.get_name().to_owned())
            .collect();
        assert_eq!(names[..COMMANDS.len()], COMMANDS);
        for name in COMMANDS {
            assert!(!page(name).exit_codes.is_empty() && !page(name).examples.is_empty());
        }
        for subcommand in command.get_subcommands() {
            for option in subcommand.get_arguments() {
                let variable = option.get_env().map(|it| it.to_string_lossy());
                let is_read = |name: &str| {
                    let mut variables = READ.iter();
                    variables
                        .any(|it| it.name == name && it.commands.contains(&subcommand.get_name()))
                };
                assert!(variable.is_none_or(|it| is_read(&it)), "{option}");
            }
        }
    }
}
