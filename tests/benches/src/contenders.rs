//! The system calls of programs that start on one directory at once, as strace(1) sees them: one gets the lock, and keeps
//! it until all others have been refused.

use std::{
    collections::HashSet,
    env, fs, io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tempfile::NamedTempFile;

use super::{
    Outcome,
    child::MARK,
    place::Place,
    plot::{Plot, slope},
    program,
    report::{Measured, Row},
};

pub(crate) fn measure(places: &[Place], _samples: u32) -> Outcome<Vec<Row>> {
    let mut row = Row::new(
        "system calls per contender, 1, 4, 16, 64, 256 at once",
        "-",
        "flat",
    );
    let mut curves = Vec::new();
    for place in places {
        let mut curve = Vec::new();
        for contenders in [1, 4, 16, 64, 256] {
            curve.push((f64::from(contenders), each(place, contenders)?));
        }
        let counts: Vec<String> = curve.iter().map(|it| format!("{:.0}", it.1)).collect();
        let slope = slope(&curve);
        let counts = counts.join(", ");
        row.push(Measured::plain(format!("{counts}; slope {slope:.3}")));
        curves.push((place.kind().to_owned(), curve));
    }
    let plot = Plot {
        name: "contenders",
        title: "System calls per contender",
        amount: "contenders at once",
        cost: "system calls",
        curves,
    };
    Ok(vec![row.pictured(plot)])
}

/// How many system calls each makes, from its start to its end.
fn each(place: &Place, contenders: u32) -> Outcome<f64> {
    loop {
        let (log, owner) = traced(place, contenders)?;
        if !sweeps(&log, &owner) {
            return Ok(count(&log) / f64::from(contenders));
        }
    }
}

/// The log of all processes, and which of them had the lock.
fn traced(place: &Place, contenders: u32) -> Outcome<(String, String)> {
    let fixture = place.fixture();
    let log = NamedTempFile::new()?;
    let mut strace = program::command("strace");
    strace.args(["-f", "-qq", "-e", "signal=none", "-o"]);
    strace.arg(log.path()).arg(env::current_exe()?);
    strace.args([MARK, "contend", &contenders.to_string()]);
    strace.arg(program::lockhost()).arg(fixture.path());
    let output = strace.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{contenders} contenders: {}", output.status).into());
    }
    let owner = String::from_utf8(output.stdout)?;
    Ok((fs::read_to_string(log.path())?, owner.trim().to_owned()))
}

/// Whether the owner lists the directory. It is free, so that has no cause: one identity in 64 does.
fn sweeps(log: &str, owner: &str) -> bool {
    let lines = log.lines().filter_map(|line| line.split_once(' '));
    let mut of_owner = lines.filter(|(pid, _)| *pid == owner);
    of_owner.any(|(_, call)| call.trim_start().starts_with("getdents64("))
}

/// The system calls of all processes that have become the program, from then on.
fn count(log: &str) -> f64 {
    let start = format!("execve(\"{}\"", program::lockhost().display());
    let mut programs = HashSet::new();
    let mut calls = 0.0;
    for line in log.lines() {
        let (pid, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        if call.starts_with(&start) {
            programs.insert(pid);
        }
        // The rest of a call that another came between.
        if programs.contains(pid) && !call.starts_with("<...") {
            calls += 1.0;
        }
    }
    calls
}

/// In a child: has so many programs line up, starts all at once, and waits until one is left; ends that, and tells its
/// number.
pub(crate) fn contend(contenders: &str, lockhost: &Path, directory: &Path) -> Outcome<()> {
    let (closed, open) = io::pipe()?;
    let line_up = |_| -> Outcome<Child> {
        let mut command = program::command(env::current_exe()?);
        command.args([MARK, "line-up"]).arg(lockhost).arg(directory);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command.stdin(closed.try_clone()?).spawn()?)
    };
    let contenders: Outcome<Vec<Child>> = (0..contenders.parse()?).map(line_up).collect();
    let mut left: HashSet<u32> = contenders?.iter().map(Child::id).collect();
    drop(open);
    while left.len() > 1 {
        let ended = waitpid(None, WaitOptions::empty())?.ok_or("no process is left")?;
        left.remove(&ended.0.as_raw_nonzero().get().unsigned_abs());
    }
    let owner = left.into_iter().next().ok_or("no process is left")?;
    let owner = Pid::from_raw(owner.try_into()?).ok_or("this is no pid")?;
    // A lone contender may not have the lock yet.
    let lock = directory.join(lockhost::DEFAULT_NAME);
    while !lock.exists() {
        std::thread::yield_now();
    }
    kill_process(owner, Signal::TERM)?;
    waitpid(Some(owner), WaitOptions::empty())?;
    println!("{}", owner.as_raw_nonzero());
    Ok(())
}

/// In a child: becomes the program once standard input ends.
pub(crate) fn line_up(lockhost: &Path, directory: &Path) -> Outcome<()> {
    io::copy(&mut io::stdin(), &mut io::sink())?;
    let mut command = program::command(lockhost);
    command.arg("acquire").arg(directory).stdin(Stdio::null());
    Err(command.exec().into())
}
