//! The files for packages, made from the definition of the command line: the manual's pages, and the shells'
//! completions. The files lie in `host/dist`, so that a packager does not have to run the program.

use std::{fs, io, path::Path};

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::Arguments;

const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dist");

/// Returns the command line, as it is on every target.
fn command() -> clap::Command {
    let version = env!("CARGO_PKG_VERSION");
    let mut command = Arguments::command()
        .long_version(version)
        .disable_help_subcommand(true);
    command.build();
    command
}

#[test]
fn the_manual_and_the_completions_are_those_of_the_command_line() {
    let mut files = Vec::new();
    pages(&command(), &mut files).unwrap();
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
        "in host/dist, and nobody's any more"
    );
}

/// Adds a page for the command, and one for each of its subcommands.
fn pages(command: &clap::Command, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let man = Man::new(command.clone()).manual("lockhost");
    let mut text = Vec::new();
    man.render(&mut text)?;
    files.push((format!("man/{}", man.get_filename()), text));
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| pages(command, files))
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
