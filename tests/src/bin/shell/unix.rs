use std::{
    env,
    error::Error,
    io::{self, Write},
    os::unix::process::CommandExt,
    process::Command,
};

use nix::sys::signal::{SigSet, Signal, killpg};
use rustix::{
    process::{Pid, WaitOptions, getpgrp, waitpid},
    termios::tcsetpgrp,
};

fn tell(what: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{what}")?;
    out.flush()
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let program = arguments.next().ok_or("which program?")?;
    let job = Command::new(program)
        .args(arguments)
        .process_group(0)
        .spawn()?;
    let job = Pid::from_raw(job.id().try_into()?).ok_or("no job")?;
    // Otherwise the shell would stop when it takes the terminal back.
    SigSet::from(Signal::SIGTTOU).thread_block()?;
    tcsetpgrp(io::stdin(), job)?;
    tell("foreground")?;
    loop {
        let (_, status) = waitpid(Some(job), WaitOptions::UNTRACED)?.ok_or("no job")?;
        if let Some(signal) = status.stopping_signal() {
            tcsetpgrp(io::stdin(), getpgrp())?;
            tell(&format!("stopped {signal}"))?;
            io::stdin().read_line(&mut String::new())?;
            tcsetpgrp(io::stdin(), job)?;
            killpg(
                nix::unistd::Pid::from_raw(job.as_raw_nonzero().get()),
                Signal::SIGCONT,
            )?;
            continue;
        }
        tell(&match status.terminating_signal() {
            Some(signal) => format!("killed {signal}"),
            None => format!("exited {}", status.exit_status().unwrap_or(-1)),
        })?;
        return Ok(());
    }
}
