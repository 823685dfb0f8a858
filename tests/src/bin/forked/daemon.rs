//! Programs that go into the background.

use std::{
    error::Error,
    io::{Read, Write, pipe, stdin},
    path::{Path, PathBuf},
    process,
};

use lockhost::acquire;

pub(crate) fn run(directory: &Path, early: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    match early {
        None => late(directory),
        Some(_) => too_early(directory),
    }
}

/// Acquires the lock after the fork. The parent reports the result, and ends.
fn late(directory: &Path) -> Result<(), Box<dyn Error>> {
    let (mut up, mut tell_parent) = pipe()?;
    // SAFETY: this process has one thread, so the child finds nothing half done.
    match unsafe { libc::fork() } {
        -1 => Err("it cannot fork".into()),
        0 => {
            drop(up);
            let lock = acquire(directory)?;
            writeln!(tell_parent, "daemon: {}", lock.pid())?;
            drop(tell_parent);
            stdin().read_to_end(&mut Vec::new())?;
            lock.verify()?;
            lock.release()?;
            println!("released");
            Ok(())
        }
        _ => {
            drop(tell_parent);
            let mut report = String::new();
            up.read_to_string(&mut report)?;
            print!("{report}");
            process::exit(i32::from(report.is_empty()));
        }
    }
}

/// Acquires the lock before the fork, after which the parent ends.
fn too_early(directory: &Path) -> Result<(), Box<dyn Error>> {
    let lock = acquire(directory)?;
    let owner = lock.pid();
    let (mut parent, kept_by_parent) = pipe()?;
    // SAFETY: this process has one thread, so the child finds nothing half done.
    match unsafe { libc::fork() } {
        -1 => Err("it cannot fork".into()),
        0 => {
            drop(kept_by_parent);
            // The parent has ended, or has closed its files and is about to.
            parent.read_to_end(&mut Vec::new())?;
            let refused = acquire(directory).err().ok_or("two owners")?;
            let holder = refused.holder().ok_or("no holder")?;
            println!(
                "by its forker {}",
                holder.is_forker() && holder.pid() == Some(owner)
            );
            println!("by itself {}", holder.is_this_process());
            let said = refused.to_string();
            println!("says so {}", said.contains("it forked this process"));
            println!("verified {:?}", lock.verify().map_err(|error| error.kind()));
            println!(
                "restored {:?}",
                lock.restore().map_err(|error| error.kind())
            );
            println!(
                "released {:?}",
                lock.release().map_err(|error| error.kind())
            );
            // The parent's files are closed now, and so its lock is dead.
            let mut own = acquire(directory);
            while own.as_ref().is_err_and(lockhost::Error::is_refusal) {
                own = acquire(directory);
            }
            let own = own?;
            println!(
                "its own {}",
                own.pid() == process::id() && own.replaced().len() == 1
            );
            own.release()?;
            Ok(())
        }
        _ => process::exit(0),
    }
}
