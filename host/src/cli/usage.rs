//! The command line as it was typed: what is wrong with it, before anything is touched.

mod typos;

use std::ffi::OsString;

use clap::{
    ArgMatches, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use self::typos::Typo;
use super::{Arguments, Command, help, manual::COMMANDS};

/// The word that announces a command.
const ANNOUNCEMENT: &str = "--";

/// Reads the command line.
///
/// # Errors
/// Wrong usage, and requests for help.
pub(super) fn parse(words: &[OsString]) -> clap::error::Result<Arguments> {
    let matches = help::grammar()
        .try_get_matches_from(words)
        // An error has texts of the help in it, and is the help if that was asked for.
        .or_else(|_| help::command().try_get_matches_from(words))
        .map_err(|error| explained(error, words))?;
    let mut arguments = Arguments::from_arg_matches(&matches)?;
    check_name(&mut arguments, &matches)?;
    if let Command::Acquire(acquire) = &arguments.command {
        check_command(acquire.has_command(), words)?;
        if let Some(misuse) = acquire.misuse_of_coordinator() {
            return Err(wrong_usage("acquire", ErrorKind::InvalidValue, misuse));
        }
        if let Some(typo) = Typo::find(acquire, words) {
            return Err(wrong_usage("acquire", ErrorKind::InvalidValue, &typo));
        }
    }
    Ok(arguments)
}

/// Wrong usage of a subcommand, with the usage of that one.
fn wrong_usage(name: &str, kind: ErrorKind, message: impl std::fmt::Display) -> clap::Error {
    let mut command = help::command();
    command.build();
    match command.find_subcommand_mut(name) {
        Some(subcommand) => subcommand.error(kind, message),
        None => command.error(kind, message),
    }
}

/// Refuses a double hyphen without a command behind it, as a script writes it whose variable is empty: otherwise the lock
/// would be held for nothing, for ever.
fn check_command(has_command: bool, words: &[OsString]) -> clap::error::Result<()> {
    let is_announced = words.last().is_some_and(|last| last == ANNOUNCEMENT);
    if !is_announced || has_command {
        return Ok(());
    }
    let message = "missing command after --";
    Err(wrong_usage(
        "acquire",
        ErrorKind::MissingRequiredArgument,
        message,
    ))
}

/// An empty name is none. In the environment it is a variable that could not be removed.
fn check_name(arguments: &mut Arguments, matches: &ArgMatches) -> clap::error::Result<()> {
    let Some((subcommand, matches)) = matches.subcommand() else {
        return Ok(());
    };
    let Some(name) = arguments.command.name_mut() else {
        return Ok(());
    };
    let is_inherited = matches.value_source("name") == Some(ValueSource::EnvVariable);
    if name.is_empty() && is_inherited {
        lockhost::DEFAULT_NAME.clone_into(name);
    }
    let message = match (is_inherited, name.is_empty()) {
        (_, true) => "invalid empty --name: expected a file name, or no --name".to_owned(),
        (true, _) if !is_plain(name) => format!(
            "invalid lock name '{}' in LOCKHOST_NAME: expected a file name ending in .lock or .pid",
            super::printable(name)
        ),
        _ => return Ok(()),
    };
    Err(wrong_usage(subcommand, ErrorKind::InvalidValue, message))
}

/// Whether a name may be one of a lock file's: the component decides, and its error does not know of the variable.
fn is_plain(name: &str) -> bool {
    let has_ending = [".lock", ".pid"].iter().any(|it| name.ends_with(it));
    has_ending && !name.contains('/')
}

/// An error in the terms in which the value was given: a variable is named instead of the option that it stands for, and a
/// forgotten double hyphen instead of an option that is the command's.
fn explained(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let is_command = |word: &OsString| COMMANDS.iter().any(|command| *word == **command);
    let Some(nth) = words.iter().position(is_command) else {
        return error;
    };
    let subcommand = words[nth].to_str().unwrap_or_default();
    if error.kind() == ErrorKind::UnknownArgument
        && subcommand == "acquire"
        && let Some(typo) = Typo::before_option(&words[nth + 1..])
    {
        return wrong_usage("acquire", ErrorKind::UnknownArgument, &typo);
    }
    if let Some(variable) = variable_of(&error, subcommand, words) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}

/// The variable that an invalid value comes from.
fn variable_of(error: &clap::Error, subcommand: &str, words: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(invalid)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let mut command = help::command();
    // Before that an option does not know its own text.
    command.build();
    let mut options = command.find_subcommand(subcommand)?.get_arguments();
    let option = options.find(|it| it.to_string() == *invalid)?;
    let typed = format!("--{}", option.get_long()?);
    let mut before = words.iter().take_while(|it| *it != ANNOUNCEMENT);
    let is_typed = before.any(|it| {
        let rest = it.as_encoded_bytes().strip_prefix(typed.as_bytes());
        matches!(rest, Some([] | [b'=', ..]))
    });
    let variable = option.get_env().filter(|_| !is_typed)?;
    Some(variable.to_string_lossy().into_owned())
}
