//! One identity in 64 sweeps the directory whenever it takes a lock, though it has no cause. It is another row.

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
};

use lockhost_machine::{machine::sweeps_unasked, names};
use lockhost_tests::{fixture::Fixture, identity::Identity};

use super::Outcome;

/// Whether this process does, on the file system of a directory: the type of that is a part of the identity.
pub(crate) fn sweeps(directory: &Path) -> Outcome<bool> {
    let fixture = Fixture::free_in(directory);
    let mine = names::Identity::new(&Identity::mine(fixture.path()).text());
    Ok(sweeps_unasked(&mine.ok_or("this is no identity")?))
}

/// This program once more, as another process.
pub(crate) fn again() -> Outcome<ExitCode> {
    let mut program = Command::new(env::current_exe()?);
    let status = program.args(env::args_os().skip(1)).status()?;
    match status.success() {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}
