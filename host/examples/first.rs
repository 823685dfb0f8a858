//! The program of the tutorial for Rust: it owns the directory `data` while it runs.
//!
//!     cargo run -p lockhost --example first [wait | crash]

use std::{env, process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let order = env::args().nth(1).unwrap_or_default();
    let mut options = lockhost::Options::new();
    if order == "wait" {
        options = options.patience(Duration::from_secs(10));
    }
    let lock = match options.acquire("data") {
        Ok(lock) => lock,
        Err(error) => {
            eprintln!("{error}");
            let refused = error.is_refusal();
            return ExitCode::from(if refused { 75 } else { 1 });
        }
    };
    for replaced in lock.replaced() {
        println!("after a crash: {replaced}");
    }
    println!("{} is ours", lock.path().display());
    if order == "crash" {
        // As after kill -9, nothing is dropped.
        std::process::exit(1);
    }
    // … use the directory …
    match lock.release() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
