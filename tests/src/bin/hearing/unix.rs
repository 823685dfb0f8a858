use std::{
    env,
    io::{self, Write},
    process,
};

use nix::{
    sys::signal::{SigSet, Signal, killpg},
    unistd::{Pid, alarm, getpgrp, setpgid, setsid},
};

fn tell(what: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{what}")?;
    out.flush()
}

pub(crate) fn main() -> io::Result<()> {
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
    let how = env::args().nth(1);
    match how.as_deref() {
        Some("apart") => setpgid(Pid::from_raw(0), Pid::from_raw(0))?,
        Some("elsewhere") => drop(setsid()?),
        _ => {}
    }
    let owner = env::var("LOCKHOST_PID").unwrap_or_default();
    tell(&format!("ready {} {owner}", process::id()))?;
    if how.as_deref() == Some("all") {
        killpg(getpgrp(), Signal::SIGTERM)?;
    }
    loop {
        match heard.wait()? {
            Signal::SIGUSR2 => process::exit(3),
            signal => tell(&format!("heard {signal}"))?,
        }
    }
}
