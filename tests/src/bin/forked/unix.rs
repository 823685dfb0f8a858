use std::{
    env,
    error::Error,
    io::{Read, Write, pipe},
    path::{Path, PathBuf},
    process,
};

use lockhost::{ErrorKind, Lock, Options, Progress, acquire};
use lockhost_tests::identity::start_of;

#[path = "daemon.rs"]
mod daemon;

/// Returns whether a lock reports the same facts about this process as the kernel.
fn is_its_own(lock: &Lock) -> bool {
    let pid = process::id();
    let facts = format!("-p{pid}-s{}-", start_of(pid));
    let claim = format!("{}.{}", lock.path().display(), lock.identity());
    lock.pid() == pid
        && lock.identity().contains(&facts)
        // The first claim of a process in a directory, which another process finds without a search.
        && !lock.identity().contains("-a")
        && Path::new(&claim).exists()
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    match arguments.len() {
        3 => shared(arguments),
        _ => daemon::run(
            &arguments.next().ok_or("which directory?")?,
            arguments.next(),
        ),
    }
}

fn shared(mut arguments: impl Iterator<Item = PathBuf>) -> Result<(), Box<dyn Error>> {
    let mut next = || arguments.next().ok_or("which three directories?");
    let (first, second, third) = (next()?, next()?, next()?);
    let (mut up, mut tell_parent) = pipe()?;
    let (mut down, mut tell_child) = pipe()?;
    // Before the fork, this fills every cache that could survive it.
    println!("parent: its own {}", is_its_own(&acquire(&third)?));
    let lock = acquire(&first)?;
    let mut attempt = Options::new().attempt(second)?;
    if !matches!(attempt.proceed()?, Progress::Waiting(_)) {
        return Err("the second directory's lock has settled".into());
    }
    // SAFETY: this process has one thread, so the child finds nothing half done.
    match unsafe { libc::fork() } {
        -1 => Err("it cannot fork".into()),
        0 => {
            // If one of the two fails, the other does not wait for it.
            drop(tell_child);
            println!("child: held {}", lock.still_held()?);
            println!("child: goes on {}", attempt.proceed().is_ok());
            let identity = lock.identity().to_owned();
            let is_inherited = |error: lockhost::Error| error.kind() == ErrorKind::Inherited;
            println!("child: verified {}", lock.verify().is_err_and(is_inherited));
            println!(
                "child: released {}",
                !lock.release().is_err_and(is_inherited)
            );
            drop(attempt);
            // A lock that the child acquires itself is its own.
            let refused = acquire(&first).err().ok_or("two owners")?;
            let holder = refused.holder().ok_or("no holder")?;
            println!(
                "child: refused by its parent {}",
                holder.identity() == Some(identity.as_str())
            );
            println!("child: by itself {}", holder.is_this_process());
            println!("child: by its forker {}", holder.is_forker());
            let own = acquire(&third)?;
            println!("child: its own {}", is_its_own(&own));
            tell_parent.write_all(b"taken\n")?;
            down.read_exact(&mut [0; 6])?;
            println!("child: held {}", own.still_held()?);
            own.release()?;
            Ok(())
        }
        child => {
            drop(tell_parent);
            up.read_exact(&mut [0; 6])?;
            let refused = acquire(&third).err().ok_or("two owners")?;
            let holder = refused.holder().ok_or("no holder")?;
            println!(
                "parent: refused by its child {}",
                holder.pid() == child.try_into().ok() && !holder.is_this_process()
            );
            tell_child.write_all(b"asked\n")?;
            let mut status = 0;
            // SAFETY: the status is written to a variable of ours.
            unsafe { libc::waitpid(child, &mut status, 0) };
            println!("parent: held {}", lock.still_held()?);
            println!("parent: goes on {}", attempt.proceed().is_ok());
            drop(attempt);
            println!("parent: released {}", lock.release().is_ok());
            process::exit(i32::from(status != 0));
        }
    }
}
