//! lockhost's half: it starts the deadman, supervises it as a command, and reports what it does.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use lockhost::{BorrowedDescriptor, Lock};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{
    super::{
        super::{
            Acquire,
            events::Events,
            hold::Ended,
            loss::{Change, Losses},
        },
        Guard, Inheritance, Supervision, kernel, start,
    },
    arguments::{self, DEADMAN},
    cgroup::Cgroup,
    containment,
    decision::Deadline,
    forward::{Forward, send},
    leave::unconfirmed,
    link::{Link, Received, Report},
    namespace,
    program::Program,
    watchdog::Watchdog,
};
use crate::cli::hint::hinted;

/// A command with a deadman.
pub(in super::super::super) struct Guarded<'a> {
    lock: &'a Lock,
    supervision: Supervision,
    link: Arc<Link>,
    cgroup: Option<Arc<Cgroup>>,
    /// The children that do not come from the command: the coordinator's program, and what the process had before.
    spared: BTreeSet<i32>,
}

impl<'a> Guarded<'a> {
    /// Starts the deadman, which starts the command. The error reports that the command could not be started, and why.
    pub(in super::super::super) fn start(
        arguments: &Acquire,
        locks: &'a [Lock],
        inheritance: Inheritance,
    ) -> io::Result<Self> {
        let session = locks
            .first()
            .and_then(|lock| Some((lock, lock.confirms()?)));
        let (lock, confirms) =
            session.ok_or_else(|| io::Error::other("the lock has no session"))?;
        let spared = kernel::children().unwrap_or_default().into_iter().collect();
        // Also this process: if the deadman is killed alone, its descendants come here.
        kernel::adopt_descendants()?;
        let (cgroup, namespace) = contain(arguments, locks);
        let (link, theirs) = Link::pair()?;
        // It is there when the deadman reads it first.
        send(&confirms, &link);
        let deadman = start_deadman(
            arguments,
            locks,
            inheritance,
            theirs,
            (cgroup.as_ref(), namespace),
        )?;
        let (link, stop) = (Arc::new(link), arguments.coordination.timing().stop);
        let mut supervision = Supervision::beside(deadman, false);
        await_start(&link, &mut supervision, |message| {
            arguments.reporter().warning(locks, message);
        })?;
        link.never_wait()?;
        let forward = Forward {
            confirms,
            link: Arc::clone(&link),
            stop,
            deadman: pidfd_open(deadman, PidfdFlags::empty()).ok(),
            cgroup: cgroup.clone(),
            watchdog: Watchdog::of(arguments),
        };
        // If it fails, the deadman ends at once: the link is dropped.
        forward.start()?;
        Ok(Self {
            lock,
            supervision,
            link,
            cgroup,
            spared,
        })
    }

    /// Waits until the command has ended, and all that it has left. Calls `lost` with each loss. Adds the lock's path to
    /// `unconfirmed` if the command was ended because the session was not confirmed. Calls `failed` with the first error
    /// of the supervision, which goes on.
    pub(in super::super::super) fn until_end(
        self,
        arguments: &Acquire,
        events: &Events,
        losses: &mut Losses<'_>,
        lost: impl FnMut(Change<'_>) -> bool,
        unconfirmed: &mut Vec<PathBuf>,
        failed: impl FnOnce(io::Error),
    ) -> Ended {
        let mut watch = Watch {
            arguments,
            lock: self.lock,
            link: &self.link,
            linked: true,
            losses,
            lost,
            unconfirmed,
            is_lost: false,
            finished: false,
        };
        let ended = self.supervision.until_end_by(events, &mut watch, failed);
        // It may have reported something last.
        watch.look();
        let cgroup = self.cgroup.as_deref();
        if !watch.finished {
            containment::end_all(cgroup, &self.spared);
            arguments.reporter().failed(&hinted(
                "the deadman ended before COMMAND, so all processes of COMMAND were killed",
                "find out what killed it: the kernel's log names processes that were killed for memory",
            ));
        }
        if let Some(cgroup) = cgroup {
            cgroup.remove();
        }
        ended
    }
}

/// Makes a cgroup for the command. Otherwise returns whether it gets a PID namespace, or warns what is missing.
fn contain(arguments: &Acquire, locks: &[Lock]) -> (Option<Arc<Cgroup>>, bool) {
    let without = match Cgroup::make() {
        Ok(cgroup) => return (Some(Arc::new(cgroup)), false),
        Err(why) => why,
    };
    match namespace::check() {
        Ok(()) => (None, true),
        Err(why) => {
            let why = format!("{without}; {why}");
            arguments.reporter().warning(locks, &uncontained(&why));
            (None, false)
        }
    }
}

fn uncontained(why: &str) -> String {
    format!("COMMAND's processes are not killed as a whole but one by one: {why}")
}

fn start_deadman(
    arguments: &Acquire,
    locks: &[Lock],
    mut inheritance: Inheritance,
    theirs: OwnedFd,
    (cgroup, namespace): (Option<&Arc<Cgroup>>, bool),
) -> io::Result<Pid> {
    let evidence: Vec<_> = inheritance.evidence.iter().map(File::as_raw_fd).collect();
    let directory = cgroup
        .map(|it| it.as_fd().try_clone_to_owned())
        .transpose()?;
    let stop = arguments.coordination.timing().stop;
    let program = Program::own();
    let words = arguments::words(
        DEADMAN,
        program.path(),
        (theirs.as_raw_fd(), stop, arguments.all, namespace),
        cgroup
            .zip(directory.as_ref())
            .map(|(it, directory)| (&**it, directory.as_raw_fd())),
        &evidence,
        &arguments.command,
    );
    inheritance.evidence.push(theirs.into());
    inheritance.evidence.extend(directory.map(File::from));
    start::start(&words, locks, inheritance)
}

/// Waits until the command was started.
fn await_start(link: &Link, supervision: &mut Supervision, warn: impl Fn(&str)) -> io::Result<()> {
    loop {
        match link.reported() {
            Received::Message(Report::Started(command)) => {
                supervision.stands_for(command);
                return Ok(());
            }
            Received::Message(Report::Failed(error)) => {
                return Err(io::Error::from_raw_os_error(error));
            }
            Received::Message(Report::Uncontained) => {
                warn(&uncontained("it cannot be moved to its cgroup"));
            }
            Received::Message(Report::Asked | Report::Killed | Report::Finished) => {}
            // The deadman was ended by a signal, before or after it started the command.
            Received::Nothing | Received::Ended => return Ok(()),
        }
    }
}

/// What lockhost watches for.
struct Watch<'a, 'b, F> {
    arguments: &'a Acquire,
    lock: &'a Lock,
    link: &'a Link,
    /// Whether the deadman is still there.
    linked: bool,
    losses: &'a mut Losses<'b>,
    lost: F,
    unconfirmed: &'a mut Vec<PathBuf>,
    /// Whether a loss was reported.
    is_lost: bool,
    /// Whether the deadman has reported that nothing is left.
    finished: bool,
}

impl<F: FnMut(Change<'_>) -> bool> Watch<'_, '_, F> {
    fn reported(&mut self, report: Report) {
        let consequence = match report {
            Report::Asked => "so COMMAND was asked to end",
            Report::Killed => {
                self.losses.hurry();
                self.look_for_losses();
                "so COMMAND was killed"
            }
            Report::Finished => {
                self.finished = true;
                return;
            }
            Report::Started(_) | Report::Failed(_) | Report::Uncontained => return,
        };
        if !self.is_lost {
            let error = unconfirmed(self.lock, consequence);
            self.arguments.reporter().failed(&error);
            self.unconfirmed.push(self.lock.path().to_owned());
        }
    }

    fn look_for_losses(&mut self) {
        for change in self.losses.look() {
            if (self.lost)(change) {
                self.is_lost = true;
                self.link.send(Deadline::PASSED);
            }
        }
    }
}

impl<F: FnMut(Change<'_>) -> bool> Guard for Watch<'_, '_, F> {
    fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>> {
        let mut all = self.losses.descriptors();
        all.extend(self.linked.then(|| self.link.as_fd()));
        all
    }

    fn pause(&self) -> Duration {
        self.losses.pause()
    }

    fn look(&mut self) -> bool {
        while self.linked {
            match self.link.reported() {
                Received::Message(report) => self.reported(report),
                Received::Nothing => break,
                Received::Ended => self.linked = false,
            }
        }
        self.look_for_losses();
        false
    }
}
