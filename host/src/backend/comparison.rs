//! Both backends side by side, for the tests that compare them. Not part of the interface of this crate: it may change
//! in any version. It exists only with both features, so no program pays for it.

#![allow(missing_docs, reason = "not for users of the crate")]

use std::{fmt::Write, fs::File, io, path::Path};

use super::{Answer, Backend, Run, component::ComponentRun, native::NativeRun};
use crate::{
    outcome::{Cause, Error, Options},
    process::{mode::Mode, platform},
};

/// How often an attempt that has to wait goes on.
const TRIES: u32 = 8;

/// A task for either backend.
#[derive(Clone, Debug)]
pub struct Task {
    pub name: String,
    pub assume_dead: Option<String>,
    pub release: bool,
}

/// Inspects, and then tries for the lock, and skips the waits that it asks for. Returns all answers as one line.
///
/// # Errors
/// If there is no such directory, or the backend itself fails.
pub fn run(backend: Backend, task: &Task, directory: &Path) -> io::Result<String> {
    match backend {
        Backend::Component => answers::<ComponentRun>(task, directory),
        Backend::Native => answers::<NativeRun>(task, directory),
    }
}

fn answers<R: Run>(task: &Task, directory: &Path) -> io::Result<String> {
    let inspected = answered(R::inspect(open(directory)?, &task.name, None))?;
    let mut line = format!("{inspected:?}");
    let mut run = begin::<R>(task, directory)?;
    let mut elapsed = 0;
    for _ in 0..TRIES {
        match answered(run.proceed(elapsed))? {
            Ok(()) => {
                let report = run.report().map_err(io::Error::other)?;
                let held = answered(run.still_held())?;
                let _ = write!(line, " {report:?} {held:?}");
                if task.release {
                    let _ = write!(line, " {:?}", answered(run.release())?);
                } else {
                    run.give_up();
                }
                return Ok(line);
            }
            Err(error) => {
                let _ = write!(line, " {error:?}");
                let Error {
                    cause: Cause::Again(waiting),
                    ..
                } = error
                else {
                    break;
                };
                elapsed += u64::from(waiting.retry_ms);
            }
        }
    }
    run.give_up();
    Ok(line)
}

/// A lock of the native backend, in a process in which the component decides. Dropping it releases it.
pub struct Native(Option<NativeRun>);

/// Tries natively for the lock of this name, without waiting. The inner error is the reason why there is no lock.
///
/// # Errors
/// If there is no such directory.
pub fn acquire_natively(directory: &Path, name: &str) -> io::Result<Result<Native, String>> {
    let task = Task {
        name: name.to_owned(),
        assume_dead: None,
        release: true,
    };
    let mut run = begin::<NativeRun>(&task, directory)?;
    Ok(match answered(run.proceed(0))? {
        Ok(()) => Ok(Native(Some(run))),
        Err(error) => {
            run.give_up();
            Err(format!("{error:?}"))
        }
    })
}

impl Native {
    /// Returns how many dead files were replaced.
    ///
    /// # Errors
    /// None.
    pub fn replaced(&mut self) -> io::Result<usize> {
        let report = self.0.as_mut().map(Run::report).transpose();
        let report = report.map_err(io::Error::other)?;
        Ok(report.map_or(0, |report| report.replaced.len()))
    }

    /// Releases it.
    ///
    /// # Errors
    /// The step that failed.
    pub fn release(mut self) -> io::Result<()> {
        let Some(run) = self.0.take() else {
            return Ok(());
        };
        answered(run.release())?.map_err(|error| io::Error::other(format!("{error:?}")))
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run.give_up();
        }
    }
}

fn begin<R: Run>(task: &Task, directory: &Path) -> io::Result<R> {
    let options = Options {
        name: task.name.clone(),
        assume_dead: task.assume_dead.clone(),
        mode: Mode::PRIVATE,
        member: None,
    };
    R::begin(open(directory)?, options).map_err(io::Error::other)
}

fn open(directory: &Path) -> io::Result<File> {
    platform::open_directory(directory)
}

fn answered<T, E>(answer: Answer<T, E>) -> io::Result<Result<T, E>> {
    answer.map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
