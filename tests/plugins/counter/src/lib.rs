//! A plugin that counts in a directory, which it guards with a lock.

// Generated code, apart from our rules; its `unsafe` is what carries values across the component's border.
#[allow(
    missing_docs,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    rust_2018_idioms,
    unreachable_pub,
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    unused_qualifications
)]
mod generated {
    wit_bindgen::generate!({
        path: ["../../../wit", "counter.wit"],
        world: "example:counter/counter",
        generate_all,
    });

    #[cfg(target_family = "wasm")]
    export!(Counter with_types_in self);
    #[cfg(target_family = "wasm")]
    use crate::Counter;
}

use std::cell::RefCell;

pub use generated::Guest;
use generated::{
    lockhost::lockfile::lockfile::{Attempt, Cause, Lock, Options, inspect},
    wasi::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags},
};

/// Implements the world `counter`.
pub struct Counter;

/// What it has while it may count.
struct Guarded {
    dir: Descriptor,
    lock: Lock,
}

thread_local! {
    static GUARDED: RefCell<Option<Guarded>> = const { RefCell::new(None) };
}

impl Guest for Counter {
    fn start(dir: Descriptor, name: String) -> Result<(), String> {
        // The lock keeps the directory that it is given, and the counter needs it too.
        let attempt = attempt(&dir, name).map_err(told)?;
        // Once. Who has a clock tries again while the answer is `again`, and tells the milliseconds since.
        let lock = attempt
            .try_(0)
            .map_err(|error| format!("{}: {:?}", error.file, error.cause))?;
        GUARDED.set(Some(Guarded { dir, lock }));
        Ok(())
    }

    fn count() -> Result<u64, String> {
        GUARDED.with_borrow(|guarded| {
            let Guarded { dir, lock } = guarded.as_ref().ok_or("it is not started")?;
            if !lock.still_held().map_err(|failure| failure.to_string())? {
                return Err("another process has taken the lock away".into());
            }
            count_in(dir).map_err(told)
        })
    }

    fn stop() -> Result<(), String> {
        let Guarded { lock, .. } = GUARDED.take().ok_or("it is not started")?;
        Lock::release(lock).map_err(|error| format!("{}: {:?}", error.file, error.cause))
    }

    fn crash() {
        panic!("this plugin is told to crash");
    }

    fn forge(handle: u32) {
        // SAFETY: memory stays as it is whatever the number means: a handle is an index into a table outside of it, and
        // that this one may be none is what is to be found out.
        let lock = unsafe { Lock::from_handle(handle) };
        let _ = Lock::release(lock);
    }

    fn hoard(dir: Descriptor, name: String, count: u32) -> u32 {
        let attempts = (0..count).filter_map(|_| attempt(&dir, name.clone()).ok());
        let attempts: Vec<_> = attempts.collect();
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.try_(0)).collect();
        let not_permitted = outcomes.iter().filter(|outcome| {
            let error = outcome.as_ref().err();
            error.is_some_and(|error| matches!(error.cause, Cause::Host(_)))
        });
        not_permitted.count().try_into().unwrap_or(u32::MAX)
    }

    fn learn(dir: Descriptor, name: String) -> String {
        let status = inspect(&dir, &name);
        GUARDED.with_borrow(|guarded| {
            let report = guarded.as_ref().map(|guarded| guarded.lock.report());
            format!("{status:?} {report:?}")
        })
    }
}

/// An attempt on a directory, with a descriptor of its own.
fn attempt(dir: &Descriptor, name: String) -> Result<Attempt, ErrorCode> {
    let own = dir.open_at(
        PathFlags::empty(),
        ".",
        OpenFlags::DIRECTORY,
        DescriptorFlags::READ,
    )?;
    let options = Options {
        name,
        assume_dead: None,
    };
    Ok(Attempt::new(own, &options))
}

fn told(code: ErrorCode) -> String {
    code.name().to_owned()
}

/// Counts one more. Two who did this at once would count one for both.
fn count_in(dir: &Descriptor) -> Result<u64, ErrorCode> {
    let file = dir.open_at(
        PathFlags::empty(),
        "count",
        OpenFlags::CREATE,
        DescriptorFlags::READ | DescriptorFlags::WRITE,
    )?;
    let (bytes, _) = file.read(20, 0)?;
    let count = String::from_utf8_lossy(&bytes).parse().unwrap_or(0) + 1;
    file.write(count.to_string().as_bytes(), 0)?;
    Ok(count)
}
