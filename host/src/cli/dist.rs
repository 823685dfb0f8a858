//! The files for packages, made from the definition of the command line: the manual's pages, and the shells'
//! completions. The files lie in `host/dist`, so that a packager does not have to run the program. The tables of
//! `docs/cli.md` are made from the same.

mod man;
mod tables;

use std::{fs, io, path::Path};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Arguments, help, manual::COMMANDS};

const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dist");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");

/// Returns the command line as it is on every target, with plain texts.
fn command() -> clap::Command {
    let version = env!("CARGO_PKG_VERSION");
    let mut command = Arguments::command()
        .long_version(version)
        .mut_subcommands(|subcommand| subcommand.disable_help_flag(true));
    command.build();
    command
}

/// Returns a subcommand of it.
fn subcommand<'a>(command: &'a clap::Command, name: &str) -> &'a clap::Command {
    let subcommand = command.find_subcommand(name);
    subcommand.expect("each command of the manual is one of the program")
}

/// Returns the forms of a command's usage, as the help prints them.
fn usage(name: &str) -> Vec<String> {
    let mut command = help::command();
    command.build();
    let usage = match name {
        "" => command.render_usage(),
        name => subcommand(&command, name).clone().render_usage(),
    };
    let usage = usage.to_string();
    let forms = usage.trim_start_matches("Usage: ").lines();
    forms.map(|form| form.trim().to_owned()).collect()
}

/// Returns a help text as paragraphs, each ended by a full stop.
fn paragraphs(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").map(|it| it.replace('\n', " "));
    let ended = paragraphs.map(|it| match it.ends_with(['.', ':']) {
        true => it,
        false => it + ".",
    });
    ended.collect()
}

/// Returns the options of a command under their headings.
fn groups(command: &clap::Command) -> Vec<(String, Vec<&clap::Arg>)> {
    let mut groups: Vec<(String, Vec<&clap::Arg>)> = Vec::new();
    for option in command.get_arguments().filter(|it| !it.is_positional()) {
        let heading = option.get_help_heading().unwrap_or("Options").to_owned();
        match groups.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, options)) => options.push(option),
            None => groups.push((heading, vec![option])),
        }
    }
    groups
}

/// Returns the values that an option takes, with their meanings.
fn values(option: &clap::Arg) -> Vec<(String, String)> {
    let values = option.get_possible_values().into_iter();
    // An option without a value counts as true or false.
    let values = values.filter(|_| option.get_action().takes_values());
    let described = values.filter_map(|it| {
        let help = it.get_help()?.to_string();
        Some((it.get_name().to_owned(), help))
    });
    described.collect()
}

/// Returns the value that an option has by default.
fn default(option: &clap::Arg) -> Option<String> {
    let value = option.get_default_values().first()?;
    let is_given = option.get_action().takes_values();
    is_given.then(|| value.to_string_lossy().into_owned())
}

/// Returns the whole help of an option or a positional argument.
fn description(option: &clap::Arg) -> String {
    let help = option.get_long_help().or(option.get_help());
    help.expect("each option has a help").to_string()
}

#[test]
fn the_manual_and_the_completions_are_those_of_the_command_line() {
    let mut files = man::pages(&command());
    for (shell, name) in [
        (Shell::Bash, "completions/lockhost.bash"),
        (Shell::Fish, "completions/lockhost.fish"),
        (Shell::Zsh, "completions/_lockhost"),
    ] {
        let mut text = Vec::new();
        generate(shell, &mut command(), "lockhost", &mut text);
        files.push((name.to_owned(), text));
    }
    let stale: Vec<_> = files.iter().filter(|it| is_stale(it).unwrap()).collect();
    let stale: Vec<_> = stale.iter().map(|(name, _)| name).collect();
    assert!(
        stale.is_empty(),
        "were out of date and are written anew: {stale:?}; test again"
    );
    let mut expected: Vec<_> = files.iter().map(|(name, _)| name.clone()).collect();
    expected.sort();
    assert_eq!(
        present().unwrap(),
        expected,
        "host/dist has a file that nothing makes"
    );
}

#[test]
fn the_page_about_the_program_has_the_options_of_the_program() {
    let page = fs::read_to_string(PAGE).unwrap();
    let made = tables::joined(&page, &command());
    if page != made {
        fs::write(PAGE, made).unwrap();
        panic!("docs/cli.md was out of date and is written anew: read it, and test again");
    }
    // Each command has its tables.
    for name in COMMANDS {
        assert!(page.contains(&format!("options of {name} ")), "{name}");
        assert!(page.contains(&format!("exit codes of {name} ")), "{name}");
    }
}

/// Returns whether a file was not up to date. It is, afterwards.
fn is_stale((name, text): &(String, Vec<u8>)) -> io::Result<bool> {
    let path = Path::new(DIST).join(name);
    if fs::read(&path).is_ok_and(|present| present == *text) {
        return Ok(false);
    }
    fs::create_dir_all(path.parent().expect("it is in a folder"))?;
    fs::write(path, text)?;
    Ok(true)
}

/// Returns the files that exist.
fn present() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in ["completions", "man"] {
        for entry in fs::read_dir(Path::new(DIST).join(folder))? {
            names.push(format!("{folder}/{}", entry?.file_name().to_string_lossy()));
        }
    }
    names.sort();
    Ok(names)
}
