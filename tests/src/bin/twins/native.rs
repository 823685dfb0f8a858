//! The twin's side.

use std::{fmt::Write, io, path::Path};

use lockhost_guest::contract::{Cause, Error};
use lockhost_tests::twin::{self, Twin};

use super::{TRIES, Task};

/// Inspects, and then tries for the lock, and skips the waits that it asks for. Returns the result as a line.
pub(crate) fn run(task: &Task, directory: &Path) -> io::Result<String> {
    let directory = twin::open(directory)?;
    let mut told = format!("{:?}", twin::inspect(&directory, &task.name));
    let mut twin = Twin::new(directory, &task.name, task.assume_dead.as_deref());
    let mut held = false;
    let mut elapsed = 0;
    for _ in 0..TRIES {
        match twin.proceed(elapsed) {
            Ok(()) => {
                let _ = write!(told, " {:?} {:?}", twin.report(), twin.still_held());
                held = true;
                break;
            }
            Err(error) => {
                let _ = write!(told, " {error:?}");
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
    if held && task.release {
        let _ = write!(told, " {:?}", twin.release());
    }
    Ok(told)
}
