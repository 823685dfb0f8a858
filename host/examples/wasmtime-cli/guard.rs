//! A guest of wasmtime's own program: a command that guards the directory `/data` until its standard input ends.

wit_bindgen::generate!({
    path: ["wit", "guard.wit"],
    world: "example:guard/guard",
    generate_all,
});

use std::{
    io,
    process::ExitCode,
    thread::sleep,
    time::{Duration, Instant},
};

use lockhost::lockfile::lockfile::{Attempt, Cause, Error, Lock, Options};
use wasi::filesystem::preopens::get_directories;

fn main() -> ExitCode {
    match guard() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("guard: {message}");
            ExitCode::FAILURE
        }
    }
}

fn guard() -> Result<(), String> {
    let mut directories = get_directories().into_iter();
    let data = directories.find(|(_, path)| path == "/data");
    let (directory, _) = data.ok_or("the host gives no /data")?;
    let options = Options {
        name: "tinyforge.lock".to_owned(),
        assume_dead: None,
    };
    let lock = acquire(Attempt::new(directory, &options)).map_err(explain)?;
    let report = lock.report();
    for dead in &report.replaced {
        let pid = dead.pid.unwrap_or_default();
        println!("replaced /data/{} (pid {pid}): {:?}", dead.file, dead.reason);
    }
    println!("acquired /data/{} (pid {})", report.file, report.pid);
    // The lock is held for as long as the input lasts.
    io::copy(&mut io::stdin(), &mut io::sink()).map_err(|error| error.to_string())?;
    Lock::release(lock).map_err(|error| format!("{}: {:?}", error.file, error.cause))
}

/// Acquires the lock. A refusal by another owner is an error at once.
fn acquire(attempt: Attempt) -> Result<Lock, Error> {
    let began = Instant::now();
    loop {
        match attempt.try_(began.elapsed().as_millis() as u64) {
            // Another program may be writing the lock file at this moment.
            Err(Error {
                cause: Cause::Again(waiting),
                ..
            }) => sleep(Duration::from_millis(waiting.retry_ms.into())),
            outcome => return outcome,
        }
    }
}

/// Names the owner that refused the lock, or what else failed.
fn explain(error: Error) -> String {
    match error.cause {
        Cause::Held(refusal) => {
            let pid = refusal.holder.pid.unwrap_or_default();
            format!("/data/{} is held by pid {pid}", error.file)
        }
        cause => format!("/data/{}: {cause:?}", error.file),
    }
}
