//! `lockhost doctor`: what a lock on a directory guarantees, checked by trying its parts.

mod coordinator;
mod finding;
mod machine;
mod scratch;
#[cfg_attr(processes = "linux", path = "doctor/system/linux.rs")]
#[cfg_attr(processes = "windows", path = "doctor/system/windows.rs")]
#[cfg_attr(
    any(processes = "macos", processes = "unknown"),
    path = "doctor/system/unix.rs"
)]
mod system;
mod times;
mod trials;
mod verdict;

use std::path::PathBuf;

use anyhow::Context;
use lockhost::{BACKEND, process};

use self::{coordinator::Trial, machine::Machine, trials::Trials, verdict::Verdict};
use super::{
    UNTOLD, coordination::Coordination, done, exit_code::ExitCode, file_system, hint, printable,
    say, signals::Signals, style::Palette,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The directory to check.
    directory: PathBuf,
    #[command(flatten)]
    coordination: Coordination,
}

/// Runs the command.
pub(crate) fn run(arguments: &Doctor) -> ExitCode {
    match examine(arguments) {
        Ok(verdict) if verdict.is_usable() => ExitCode::SUCCESS,
        Ok(_) => super::FAILED.into(),
        Err(error) => done(Err(error)),
    }
}

fn examine(arguments: &Doctor) -> anyhow::Result<Verdict> {
    // From here on a signal does not make the program leave files behind.
    let _signals = Signals::catch().context("cannot catch signals")?;
    let path = &arguments.directory;
    // As a lock opens it: the directory need not be readable.
    let directory =
        &process::open_directory(path).map_err(|error| hint::cannot_open(path, &error))?;
    let me = process::current(directory)?;
    let trials = Trials::run(path, &me);
    let machine = Machine::seen(&me, directory);
    let coordinator = Trial::run(&arguments.coordination, &trials.links);
    let verdict = Verdict::on(&trials, &machine, coordinator.outcome);
    let kind = file_system::named(path);
    let mut text = printable(&format_args!(
        "{}, on a file system of type {kind}",
        path.display()
    ));
    text.push('\n');
    let palette = Palette::output();
    let findings = trials.findings.iter().chain(&machine.findings);
    for finding in findings.chain(&coordinator.findings) {
        text += &finding.line(palette);
    }
    text += &format!("backend: {BACKEND}\n");
    text += &verdict.line(palette);
    say(text.as_bytes()).context(UNTOLD)?;
    Ok(verdict)
}
