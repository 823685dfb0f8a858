//! Takes a lock, and an attempt that waits, and forks: the child tells what it sees of them, drops both and ends; then
//! the parent tells what is left.
//!
//! `forked DIRECTORY OTHER`: the lock is on the first, the attempt on the second, where a fresh file that names nobody
//! has to settle.

use std::{env, error::Error, path::PathBuf, process};

use lockhost::{Options, Progress};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (first, second) = arguments
        .next()
        .zip(arguments.next())
        .ok_or("which two directories?")?;
    let lock = lockhost::acquire(&first)?;
    let mut attempt = Options::new().attempt(second)?;
    if !matches!(attempt.proceed()?, Progress::Waiting(_)) {
        return Err("the second directory's lock has settled".into());
    }
    // SAFETY: this process has one thread, so the child finds nothing half done.
    match unsafe { libc::fork() } {
        -1 => Err("it cannot fork".into()),
        0 => {
            println!("child: held {}", lock.still_held()?);
            println!("child: goes on {}", attempt.proceed().is_ok());
            let identity = lock.identity().to_owned();
            println!("child: released {}", lock.release().is_ok());
            drop(attempt);
            // What it takes itself is its own.
            let refused = lockhost::acquire(&first).err().ok_or("two owners")?;
            let holder = refused.holder().ok_or("no holder")?;
            println!(
                "child: refused by its parent {}",
                holder.identity() == Some(identity.as_str())
            );
            println!("child: by itself {}", holder.is_this_process());
            Ok(())
        }
        child => {
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
