//! This program as a child of itself, for what is to be measured in a process that has done nothing yet.

use std::{env, path::Path, process::Stdio};

use super::{Outcome, contenders, first, growth, memory, program};

/// The first argument of a child.
pub(crate) const MARK: &str = "--child";

/// What a child does, by its second argument: what it finds goes to standard output, as numbers.
pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    match arguments {
        [what, directory] if what == "first" => first::alone(directory.as_ref()),
        [what, directory] if what == "memory" => memory::alone(directory.as_ref()),
        [what, directory] if what == "locks" => growth::beside_locks(directory.as_ref()),
        [what, count, program, directory] if what == "contend" => {
            contenders::contend(count, program.as_ref(), directory.as_ref())
        }
        [what, program, directory] if what == "line-up" => {
            contenders::line_up(program.as_ref(), directory.as_ref())
        }
        _ => Err("a child is started by its parent only".into()),
    }
}

/// Starts a child on a directory, and waits for its numbers.
pub(crate) fn ask<const N: usize>(what: &str, directory: &Path) -> Outcome<[f64; N]> {
    let mut child = program::command(env::current_exe()?);
    child.arg(MARK).arg(what).arg(directory);
    let output = child.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{child:?}: {}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace();
    let mut told = [0.0; N];
    for number in &mut told {
        *number = numbers.next().ok_or("a number is missing")?.parse()?;
    }
    Ok(told)
}
