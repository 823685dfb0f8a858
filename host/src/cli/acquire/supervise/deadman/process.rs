//! The deadman's process.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lockhost::BorrowedDescriptor;
use nix::libc;
use rustix::{
    io::{FdFlags, fcntl_setfd},
    mm::{MlockAllFlags, mlockall},
    process::{Pid, Signal, chdir, getpid, getppid, set_parent_process_death_signal},
    time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    },
};

use super::{
    super::{
        super::events::Events, Guard, Supervision, dispositions::Dispositions, kernel, spawn::spawn,
    },
    arguments::{Arguments, DEADMAN, INIT, has},
    backstop::Backstop,
    cgroup::Cgroup,
    clocks, containment,
    decision::{Decision, Step},
    init,
    link::{Link, Received, Report},
};
use crate::cli::{exit_code::ExitCode, inherited, signals::Signals};

/// By how much the timer's clock may be too slow, in thousandths. It is slewed, and each time it wakes, both clocks are
/// read anew.
const RATE_ERROR: u32 = 110;

/// The pause between two rounds of killing.
const ROUND: Duration = Duration::from_millis(5);

/// The name of this process, for ps(1).
const NAME: &str = "deadman";

/// Runs a deadman, or the first process of a namespace, if these words are of one. Returns its exit code, which is the
/// command's.
pub(crate) fn run_as_one(words: &[OsString]) -> Option<ExitCode> {
    let run = match (has(DEADMAN, words), has(INIT, words)) {
        (true, _) => run,
        (_, true) => init::run,
        _ => return None,
    };
    Some(Arguments::read(words).map_or(ExitCode::FAILURE, run))
}

fn run(arguments: Arguments) -> ExitCode {
    match start(arguments) {
        Ok(deadman) => deadman.run(),
        // Reported to lockhost, which prints it.
        Err(()) => ExitCode::FAILURE,
    }
}

/// A deadman whose command runs.
struct Deadman {
    events: Events,
    supervision: Supervision,
    watch: Watch,
}

/// What the deadman watches for.
struct Watch {
    link: Link,
    /// Whether lockhost is still there.
    linked: bool,
    decision: Decision,
    timer: OwnedFd,
    backstop: Backstop,
    pause: Duration,
    cgroup: Option<Cgroup>,
    /// The connection to the first process of the command's namespace, which ends when this is dropped.
    init: Option<Link>,
    killing: bool,
}

fn start(arguments: Arguments) -> Result<Deadman, ()> {
    let link = &arguments.link;
    let failed = |error: &io::Error| {
        link.report(Report::of_failure(error));
    };
    let prepared = prepare(&arguments).map_err(|error| failed(&error))?;
    let Received::Message(deadline) = arguments.link.deadline() else {
        // lockhost is gone.
        return Err(());
    };
    let mut decision = Decision::new(arguments.stop, deadline);
    if !matches!(decision.step(clocks::now()), Step::Wait(_)) {
        failed(&io::Error::from_raw_os_error(libc::ETIMEDOUT));
        return Err(());
    }
    let (events, timer, mut backstop) = prepared;
    backstop.set(decision.left(clocks::now()));
    let joined = AtomicBool::new(false);
    let (command, init) = match arguments.namespace {
        true => init::start(&arguments, &events.signals).map(|(init, link)| (init, Some(link))),
        false => spawn_command(&arguments, &events.signals, &joined).map(|command| (command, None)),
    }
    .map_err(|error| failed(&error))?;
    // In a namespace, it is the first process there that waits for all of them.
    let all = arguments.all && init.is_none();
    let mut cgroup = arguments.cgroup;
    if cgroup.is_some() && !joined.load(Ordering::Relaxed) {
        arguments.link.report(Report::Uncontained);
        cgroup = None;
    }
    arguments
        .link
        .report(Report::Started(command.as_raw_nonzero().get()));
    drop(arguments.evidence);
    let watch = Watch {
        linked: arguments.link.never_wait().is_ok(),
        link: arguments.link,
        decision,
        timer,
        backstop,
        pause: Duration::ZERO,
        cgroup,
        init,
        killing: false,
    };
    watch.let_go(&events);
    Ok(Deadman {
        events,
        supervision: Supervision::beside(command, all),
        watch,
    })
}

fn prepare(arguments: &Arguments) -> io::Result<(Events, OwnedFd, Backstop)> {
    let events = catch(&arguments.link)?;
    // If it is stopped when lockhost ends, it goes on, and sees the end of the connection.
    set_parent_process_death_signal(Some(Signal::CONT))?;
    if let Some(cgroup) = &arguments.cgroup {
        fcntl_setfd(cgroup, FdFlags::CLOEXEC)?;
    }
    kernel::adopt_descendants()?;
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
    Ok((events, timer, Backstop::new(arguments.stop)?))
}

/// Catches all signals, for a process that has this connection.
pub(super) fn catch(link: &Link) -> io::Result<Events> {
    // Its name helps people only.
    let _ = fs::write("/proc/self/comm", NAME);
    fcntl_setfd(link, FdFlags::CLOEXEC)?;
    let mut signals = Signals::catch()?;
    signals.catch_all(inherited::ignores_pipe())?;
    Ok(Events {
        signals,
        input: false,
    })
}

/// Starts the command, with all that lockhost was started with. Sets `joined` if it is in its cgroup.
pub(super) fn spawn_command(
    arguments: &Arguments,
    signals: &Signals,
    joined: &AtomicBool,
) -> io::Result<Pid> {
    let dispositions = Dispositions::for_waiting()?;
    let mask = signals.inherited();
    let door = arguments.cgroup.as_ref().map(Cgroup::door);
    let door: Option<File> = door.and_then(Result::ok);
    let parent = getpid();
    let prepare = || {
        if let Some(door) = &door
            && rustix::io::write(door, b"0").is_ok()
        {
            joined.store(true, Ordering::Relaxed);
        }
        dispositions.restore()?;
        // It does not outlive this process, whatever ends that.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid().is_some_and(|now| now != parent) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(mask.thread_set_mask()?)
    };
    spawn(&arguments.command, &[], &[], prepare)
}

impl Watch {
    fn let_go(&self, events: &Events) {
        let mut kept = vec![
            self.link.as_fd(),
            self.timer.as_fd(),
            events.signals.as_fd(),
        ];
        kept.extend(self.cgroup.iter().map(AsFd::as_fd));
        kept.extend(self.init.iter().map(AsFd::as_fd));
        let_go(&kept);
    }

    /// Receives what lockhost has sent.
    fn receive(&mut self) {
        while self.linked {
            match self.link.deadline() {
                Received::Message(deadline) => {
                    self.decision.extend(deadline);
                    self.backstop.set(self.decision.left(clocks::now()));
                }
                Received::Nothing => break,
                Received::Ended => {
                    self.linked = false;
                    self.decision.lose();
                }
            }
        }
    }

    /// Wakes this process in so long, or a little earlier.
    fn wake_in(&mut self, left: Duration) {
        self.pause = (left * (1000 - RATE_ERROR) / 1000).max(Duration::from_millis(1));
        let time = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec::try_from(self.pause).unwrap_or_default(),
        };
        // Without the timer, the end of the pause wakes it.
        let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &time);
    }
}

impl Guard for Watch {
    fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>> {
        let link = self.linked.then(|| self.link.as_fd());
        [self.timer.as_fd()].into_iter().chain(link).collect()
    }

    fn pause(&self) -> Duration {
        self.pause
    }

    fn look(&mut self) -> bool {
        self.receive();
        match self.decision.step(clocks::now()) {
            Step::Wait(left) => {
                self.wake_in(left);
                false
            }
            Step::Ask => {
                self.link.report(Report::Asked);
                self.pause = Duration::ZERO;
                true
            }
            Step::Kill => {
                if !self.killing {
                    self.killing = true;
                    self.link.report(Report::Killed);
                }
                containment::kill(self.cgroup.as_ref(), &BTreeSet::new());
                self.wake_in(ROUND);
                false
            }
        }
    }
}

impl Deadman {
    fn run(self) -> ExitCode {
        let Self {
            events,
            supervision,
            mut watch,
        } = self;
        let ended = supervision.until_end_by(&events, &mut watch, |_| {});
        // Without --all too, the lock is not released under a process of the command.
        containment::end_all(watch.cgroup.as_ref(), &BTreeSet::new());
        if let Some(cgroup) = &watch.cgroup {
            cgroup.remove();
        }
        watch.link.report(Report::Finished);
        ended.code(watch.decision.ends())
    }
}

/// Lets go of everything that may lie on the share: the working directory, the standard streams, and what else was
/// inherited. From here on, a process uses nothing but its cgroup, proc(5) and these descriptors.
pub(super) fn let_go(kept: &[BorrowedFd<'_>]) {
    let _ = chdir("/");
    let kept: Vec<_> = kept.iter().map(AsRawFd::as_raw_fd).collect();
    close_others(&kept);
    let _ = mlockall(MlockAllFlags::CURRENT);
}

/// Closes all descriptors except these, and makes the standard streams `/dev/null`.
#[allow(unsafe_code)]
fn close_others(kept: &[RawFd]) {
    let entries = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let open: Vec<RawFd> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    for number in open.into_iter().filter(|it| *it > 2 && !kept.contains(it)) {
        // SAFETY: this process has one thread, and uses none but the kept ones from here on; values that own others were
        // dropped before. The directory that was listed is closed already, which is an error that has no effect.
        unsafe { libc::close(number) };
    }
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        for stream in 0..=2 {
            // SAFETY: both numbers are open or no descriptors, and the standard streams have no owner.
            unsafe { libc::dup2(null.as_raw_fd(), stream) };
        }
    }
}
