//! The services of Linux for a parent of processes: prctl(2), proc(5).

use std::{
    fs, io,
    path::Path,
    process, thread,
    time::{Duration, Instant},
};

use nix::sys::signal::SigHandler;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{
        Pid, PidfdFlags, Signal, getpid, pidfd_open, set_child_subreaper,
        set_parent_process_death_signal,
    },
};

/// How long to wait where the end of a process cannot be polled.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the ends of several processes are waited for, in total.
const ENDS: Duration = Duration::from_secs(1);

/// The disposition of SIGCHLD in a process that wants to be notified: the signal is blocked, and stays pending.
pub(super) const TOLD_OF_CHILDREN: SigHandler = SigHandler::SigDfl;

/// Makes the kernel send SIGTERM to this process once its parent ends. Makes only a system call.
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::TERM))?)
}

/// Makes this process the parent of its orphaned descendants.
pub(super) fn adopt_descendants() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Returns the children of this process; `None` where proc(5) does not list them, or shows another PID namespace.
pub(super) fn children() -> Option<Vec<i32>> {
    let lists = format!("/proc/self/task/{}/children", process::id());
    Path::new(&lists)
        .exists()
        .then(|| children_of(process::id().cast_signed()))
}

/// Returns the children of all threads of a process, where proc(5) lists them.
pub(super) fn children_of(pid: i32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let parse = |list: String| -> Vec<i32> {
        let numbers = list.split_ascii_whitespace();
        numbers.filter_map(|pid| pid.parse().ok()).collect()
    };
    lists.flat_map(parse).collect()
}

/// Returns when a process started, in ticks since the boot: with its pid, that identifies it.
pub(super) fn start_of(pid: i32) -> Option<u64> {
    field(&stat(pid)?, 19)
}

/// Returns the pid of a process's parent, 0 for one outside this PID namespace; `None` if it is not known.
pub(super) fn parent_of(pid: i32) -> Option<i32> {
    let parent = field(&stat(pid)?, 1)?;
    i32::try_from(parent).ok()
}

/// Returns a process's short name.
pub(super) fn name_of(pid: i32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// Returns all other processes that this one sees and that have not ended; `None` if proc(5) is missing, or shows those
/// of another PID namespace than this process's.
pub(super) fn living_others() -> Option<Vec<i32>> {
    let own = process::id().to_string();
    if fs::read_link("/proc/self").ok()? != Path::new(&own) {
        return None;
    }
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let pids = names.filter(|name| *name != own);
    let pids = pids.filter_map(|name| name.parse().ok());
    Some(pids.filter(|pid| is_living(*pid)).collect())
}

/// Returns whether a process has a thread that has not ended. Its parent may not have waited for it yet.
fn is_living(pid: i32) -> bool {
    let Some(stat) = stat(pid) else {
        return false;
    };
    let is_zombie = stat.starts_with(['Z', 'X']);
    !is_zombie || field(&stat, 17).is_some_and(|threads| threads > 1)
}

/// Returns the part of `/proc/PID/stat` behind the name, which may hold anything.
fn stat(pid: i32) -> Option<String> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = stat.get(name_end + 2..)?;
    String::from_utf8(rest.to_vec()).ok()
}

fn field(stat: &str, nth: usize) -> Option<u64> {
    stat.split(' ').nth(nth)?.trim_end().parse().ok()
}

/// Waits until each of these has ended, children or not, or cannot be polled; for a bounded time.
pub(super) fn await_ends(pids: &[i32]) {
    let begun = Instant::now();
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        let left = ENDS.saturating_sub(begun.elapsed());
        let left = Timespec::try_from(left).ok();
        let ended = pidfd_open(pid, PidfdFlags::empty())
            .and_then(|it| poll(&mut [PollFd::new(&it, PollFlags::IN)], left.as_ref()));
        // The process is gone already, or there is no descriptor left.
        if ended.is_err() {
            thread::sleep(PAUSE);
        }
    }
}
