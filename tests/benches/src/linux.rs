//! What a lock costs, beside what it would cost without a sandbox, and beside others.
//!
//! `cargo bench -p lockhost-benches` measures all parts, and prints a table; `-- PART…` measures some, `-- --brief` takes
//! a tenth of the samples, and `-- --write` puts the table into `docs/benchmarks.md`, and the plots into `docs/plots/`.
//!
//! As root, each part has a new ext4 on the disk; otherwise the disk's own file system is measured. Of ext4 without a
//! journal that tells little: it keeps away from what was removed there in the last minutes.
//!
//! Neither criterion nor divan compares two sides within one run, sample by sample, nor measures whole processes, and
//! ratios are what is asked for here: so samples are taken by a loop of [`paired`].

mod child;
mod cold;
mod contenders;
mod cycle;
mod ext4;
mod first;
mod growth;
mod handover;
mod large;
mod library;
mod many;
mod memory;
mod paired;
mod place;
mod plot;
mod processor;
mod program;
mod refused;
mod report;
mod stale;
mod unasked;

use std::{env, error::Error, process::ExitCode};

use self::{place::Place, report::Row};

/// What can go wrong is told, and ends the run.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Measures some rows in all places. The number is how many samples to take, where they are cheap.
type Part = fn(&[Place], u32) -> Outcome<Vec<Row>>;

const PARTS: &[(&str, Part)] = &[
    ("cycle", cycle::measure),
    ("refused", refused::measure),
    ("stale", stale::measure),
    ("cold", cold::measure),
    ("first", first::measure),
    ("memory", memory::measure),
    ("library", library::measure),
    ("large", large::measure),
    ("many", many::measure),
    ("handover", handover::measure),
    ("crowd", handover::crowd),
    ("contenders", contenders::measure),
    ("growth", growth::files),
    ("growth", growth::locks),
];

pub(crate) fn main() -> Outcome<ExitCode> {
    // What cargo puts there says nothing.
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    if arguments.first().is_some_and(|first| first == child::MARK) {
        child::run(&arguments[1..])?;
        return Ok(ExitCode::SUCCESS);
    }
    let (options, wanted): (Vec<_>, Vec<_>) = arguments.iter().partition(|it| it.starts_with("--"));
    let options: Vec<&str> = options.into_iter().map(String::as_str).collect();
    let known = |part: &&String| PARTS.iter().any(|(name, _)| *name == part.as_str());
    if let Some(unknown) = wanted.iter().find(|it| !known(it)) {
        eprintln!("there is no part {unknown}; there are:");
        PARTS.iter().for_each(|(name, _)| eprintln!("  {name}"));
        return Ok(ExitCode::FAILURE);
    }
    let samples = if options.contains(&"--brief") {
        10
    } else {
        100
    };
    let places = place::all()?;
    for place in &places {
        if unasked::sweeps(place.path())? {
            return unasked::again();
        }
    }
    let parts = measure(&wanted, samples)?;
    let mut table = format!("{}\n", place::machine(&places)?);
    table.push_str(&report::head(&places));
    for (part, row) in &parts {
        table.push_str(&row.line(part));
    }
    print!("{table}");
    if options.contains(&"--write") {
        let plots: Vec<_> = parts.iter().filter_map(|(_, row)| row.plot()).collect();
        report::write(&table, &plots)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows of all parts that are wanted, or of all; each with its part. Each is measured in places of its own, so that
/// nothing which others have left there, or removed, matters to it.
fn measure(wanted: &[&String], samples: u32) -> Outcome<Vec<(&'static str, Row)>> {
    let mut rows = Vec::new();
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            eprintln!("{name} …");
            let measured = part(&place::all()?, samples)?;
            rows.extend(measured.into_iter().map(|row| (*name, row)));
        }
    }
    Ok(rows)
}
