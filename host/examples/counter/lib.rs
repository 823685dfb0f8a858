//! A plugin that counts in a directory, which it guards with a lock. The page *Plugins that lock* explains it.

wit_bindgen::generate!({
    path: ["wit", "counter.wit"],
    world: "example:counter/counter",
    generate_all,
});

use std::{
    cell::RefCell,
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use lockhost::lockfile::lockfile::{Attempt, Cause, Error, Lock, Options};
use wasi::filesystem::preopens::get_directories;

thread_local! {
    static LOCK: RefCell<Option<Lock>> = const { RefCell::new(None) };
}

struct Counter;

export!(Counter);

impl Guest for Counter {
    fn start(name: String) -> Result<(), String> {
        let mut directories = get_directories().into_iter();
        let data = directories.find(|(_, path)| path == "/data");
        let (directory, _) = data.ok_or("the host gives no /data")?;
        let options = Options {
            name,
            assume_dead: None,
        };
        // The attempt keeps the descriptor. The plugin opens its files by their paths, as any program does.
        let lock = acquire(Attempt::new(directory, &options));
        let lock = lock.map_err(|error| format!("{}: {:?}", error.file, error.cause))?;
        LOCK.set(Some(lock));
        Ok(())
    }

    fn count() -> Result<u64, String> {
        LOCK.with_borrow(|lock| {
            let lock = lock.as_ref().ok_or("not started")?;
            if !lock.still_held().map_err(|failure| failure.to_string())? {
                return Err("the lock is lost".into());
            }
            let count = fs::read_to_string("/data/count").unwrap_or_default();
            let count = count.trim().parse().unwrap_or(0) + 1;
            fs::write("/data/count", format!("{count}\n")).map_err(|error| error.to_string())?;
            Ok(count)
        })
    }

    fn stop() -> Result<(), String> {
        let lock = LOCK.take().ok_or("not started")?;
        Lock::release(lock).map_err(|error| format!("{}: {:?}", error.file, error.cause))
    }

    fn spin() {
        loop {
            std::hint::spin_loop();
        }
    }
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
            }) => {
                sleep(Duration::from_millis(waiting.retry_ms.into()));
            }
            outcome => return outcome,
        }
    }
}
