//! A command that tells each signal that it hears, and goes on. SIGUSR2 ends it, with code 3.
//!
//! `hearing` prints `ready`, its number and that of who has the lock, and then `heard` and the signal's name for each. It
//! stops by SIGTSTP as any other, and ends by itself after a minute, whatever has become of its test. `hearing all` first
//! sends SIGTERM to all its process group.

use std::{
    env,
    io::{self, Write},
    process,
};

use nix::{
    sys::signal::{SigSet, Signal, killpg},
    unistd::{alarm, getpgrp},
};

fn tell(what: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{what}")?;
    out.flush()
}

fn main() -> io::Result<()> {
    alarm::set(60);
    let heard: SigSet = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGWINCH,
        Signal::SIGCONT,
    ]
    .into_iter()
    .collect();
    heard.thread_block()?;
    let owner = env::var("LOCKHOST_PID").unwrap_or_default();
    tell(&format!("ready {} {owner}", process::id()))?;
    if env::args().nth(1).as_deref() == Some("all") {
        killpg(getpgrp(), Signal::SIGTERM)?;
    }
    loop {
        match heard.wait()? {
            Signal::SIGUSR2 => process::exit(3),
            signal => tell(&format!("heard {signal}"))?,
        }
    }
}
