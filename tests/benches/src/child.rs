//! This program as a child of itself, for what is to be measured in a process that has done nothing yet.

use std::{env, path::Path, process::Stdio};

use super::{
    Outcome, contenders, first, growth, large, many, memory, place::Place, program, stale, unasked,
};

/// The first argument of a child.
pub(crate) const MARK: &str = "--child";

/// The last word of a child that [sweeps unasked](unasked).
const SWEEPS: &str = "sweeps";

/// What a child does, by its second argument: what it finds goes to standard output, as numbers.
pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    match arguments {
        [what, count, program, directory] if what == "contend" => {
            contenders::contend(count, program.as_ref(), directory.as_ref())
        }
        [what, program, directory] if what == "line-up" => {
            contenders::line_up(program.as_ref(), directory.as_ref())
        }
        [what, directory, of @ ..] => {
            measure(what, directory.as_ref(), of)?;
            // Not before: it would have had its first lock.
            if unasked::sweeps(directory.as_ref())? {
                println!("{SWEEPS}");
            }
            Ok(())
        }
        _ => Err("a child is started by its parent only".into()),
    }
}

fn measure(what: &str, directory: &Path, of: &[String]) -> Outcome<()> {
    match (what, of) {
        ("first", []) => first::alone(directory),
        ("memory", []) => memory::alone(directory),
        ("stale", []) => stale::alone(directory),
        ("locks", []) => growth::beside_locks(directory),
        ("many at once", []) => many::alone(directory, many::at_once),
        ("many in turn", []) => many::alone(directory, many::in_turn),
        ("sweep", [full, samples]) => large::sweeping(directory, full.as_ref(), samples),
        _ => Err("a child is started by its parent only".into()),
    }
}

/// Starts a child on an empty directory, and waits for its numbers; and another one if that sweeps unasked.
pub(crate) fn ask<const N: usize>(what: &str, place: &Place) -> Outcome<[f64; N]> {
    ask_of(&env::current_exe()?, what, place)
}

/// The same of this program as another commit has it.
pub(crate) fn ask_of<const N: usize>(
    program: &Path,
    what: &str,
    place: &Place,
) -> Outcome<[f64; N]> {
    loop {
        let fixture = place.fixture();
        let (numbers, sweeps) = start(program, &[what.as_ref(), fixture.path()])?;
        if !sweeps {
            return Ok(numbers.try_into().map_err(|_| "a number is missing")?);
        }
    }
}

/// The same with a child that does sweep: its arguments are what it does, a directory and what else it is told.
pub(crate) fn ask_who_sweeps(arguments: &[&Path]) -> Outcome<Vec<f64>> {
    loop {
        let (numbers, sweeps) = start(&env::current_exe()?, arguments)?;
        if sweeps {
            return Ok(numbers);
        }
    }
}

/// A child's numbers, and whether it sweeps unasked.
fn start(program: &Path, arguments: &[&Path]) -> Outcome<(Vec<f64>, bool)> {
    let mut child = program::command(program);
    child.arg(MARK).args(arguments);
    let output = child.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{child:?}: {}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let sweeps = words.pop_if(|last| *last == SWEEPS).is_some();
    let numbers: Result<_, _> = words.into_iter().map(str::parse).collect();
    Ok((numbers?, sweeps))
}
