//! A process of lockhost on a machine, with a command.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};

use crate::processes::{children, name_of};

/// Longer than any wait in a test, also on a machine that is busy.
const LONG: Duration = Duration::from_secs(120);

/// D, P, τ and K, as options of lockhost.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    deadline: Duration,
    period: Duration,
    timeout: Duration,
    stop: Duration,
}

impl Intervals {
    /// Intervals with which an owner is soon counted as dead.
    pub const SHORT: Self = Self {
        deadline: Duration::from_secs(3),
        period: Duration::from_millis(300),
        timeout: Duration::from_millis(600),
        stop: Duration::from_millis(600),
    };

    /// The usual intervals: an owner survives a coordinator that is out of reach for three seconds.
    pub const USUAL: Self = Self {
        deadline: Duration::from_secs(10),
        period: Duration::from_secs(1),
        timeout: Duration::from_secs(2),
        stop: Duration::from_secs(3),
    };

    pub(super) fn options(&self) -> [String; 4] {
        let option = |name, it: Duration| format!("--{name}={}ms", it.as_millis());
        [
            option("deadline", self.deadline),
            option("confirm-period", self.period),
            option("confirm-timeout", self.timeout),
            option("stop-time", self.stop),
        ]
    }
}

/// A process that wants the lock, or has it. It ends with the value.
pub struct Owner {
    name: String,
    child: Child,
    lines: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl Owner {
    /// Starts a command that prints `acting` once it acts.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn of(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let lines = lines(child.stdout.take().expect("a pipe"));
        let complaints = child.stderr.take().map(complaints);
        Self {
            name: name.to_owned(),
            child,
            lines,
            complaints,
        }
    }

    /// Waits until its command acts.
    ///
    /// # Panics
    /// If it does not.
    pub fn acts(&mut self) {
        let line = self.lines.recv_timeout(LONG);
        if line.as_deref() != Ok("acting") {
            let name = self.name.clone();
            panic!("{name} does not act: {line:?}: {:?}", self.ends());
        }
    }

    /// Returns whether its command has begun to act.
    pub fn has_begun(&mut self) -> bool {
        self.lines.try_recv().is_ok()
    }

    /// Waits until it ends. Returns its status, and what it has written on standard error.
    ///
    /// # Panics
    /// If it does not end.
    pub fn ends(&mut self) -> (ExitStatus, String) {
        assert!(self.ends_within(LONG), "{} does not end", self.name);
        let status = self.child.wait().expect("it ends");
        let complaints = self.complaints.take().map(JoinHandle::join);
        let complaints = complaints.map_or_else(String::new, |it| it.expect("it reads"));
        println!("{}: {status}: {complaints}", self.name);
        (status, complaints)
    }

    /// Waits until it ends, and checks that it reports a failure. Returns what it has written on standard error.
    ///
    /// # Panics
    /// If it does not end, or reports success.
    pub fn fails(&mut self) -> String {
        let (status, why) = self.ends();
        assert!(!status.success(), "{why}");
        why
    }

    /// Waits until it ends, and checks that another owner is the reason. Returns what it has written on standard error.
    ///
    /// # Panics
    /// If it does not end, or does not report that.
    pub fn is_refused(&mut self) -> String {
        let (status, why) = self.ends();
        assert_eq!(status.code(), Some(75), "{why}");
        why
    }

    fn ends_within(&self, limit: Duration) -> bool {
        let process = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty());
        let process = process.expect("it was not waited for");
        let limit = Timespec {
            tv_sec: limit.as_secs().cast_signed(),
            tv_nsec: 0,
        };
        let mut events = [PollFd::new(&process, PollFlags::IN)];
        poll(&mut events, Some(&limit)).is_ok_and(|ready| ready > 0)
    }

    /// Returns whether it still runs.
    ///
    /// # Panics
    /// If that cannot be found out.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a status").is_none()
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Panics
    /// If it does not end.
    pub fn stop(&mut self) -> (ExitStatus, String) {
        signal(self.renewer(), Signal::TERM);
        self.ends()
    }

    /// Returns the pid of `lockhost` itself, which confirms the session.
    ///
    /// # Panics
    /// If it has not started yet.
    #[must_use]
    pub fn renewer(&self) -> u32 {
        // nsenter(1) is the parent.
        match children(self.child.id())[..] {
            [renewer] => renewer,
            ref many => panic!("{}: {many:?}", self.name),
        }
    }

    /// Returns the pids of the processes that `lockhost` has started, except the command.
    #[must_use]
    pub fn helpers(&self) -> Vec<u32> {
        children(self.renewer())
    }

    /// Returns the pid of the deadman.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn deadman(&self) -> u32 {
        let of_lockhost = children(self.renewer());
        // The other one connects the coordinator.
        let others = of_lockhost
            .into_iter()
            .filter(|it| name_of(*it) != "lockhost-etcd");
        match others.collect::<Vec<_>>()[..] {
            [deadman] => deadman,
            ref many => panic!("{}: {many:?}", self.name),
        }
    }

    /// Sends a signal to the deadman.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal_deadman(&self, what: Signal) {
        signal(self.deadman(), what);
    }

    /// Sends a signal to the command.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal_command(&self, what: Signal) {
        match children(self.deadman())[..] {
            [command] => signal(command, what),
            ref many => panic!("{}: {many:?}", self.name),
        }
    }

    /// Kills `lockhost` and its deadman, one directly after the other.
    ///
    /// # Panics
    /// If there are none.
    pub fn kill_both(&self, deadman_first: bool) {
        let (renewer, deadman) = (self.renewer(), self.deadman());
        let [first, second] = match deadman_first {
            true => [deadman, renewer],
            false => [renewer, deadman],
        };
        signal(first, Signal::KILL);
        // The kernel may have ended it with the first one.
        let second = Pid::from_raw(second.cast_signed()).expect("a pid");
        let _ = kill_process(second, Signal::KILL);
    }

    /// Sends a signal to `lockhost` itself.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal_renewer(&self, what: Signal) {
        signal(self.renewer(), what);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        for child in children(self.child.id()) {
            let pid = Pid::from_raw(child.cast_signed()).expect("a pid");
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a pid");
    kill_process(pid, signal).expect("it runs");
}

fn lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn complaints(mut output: ChildStderr) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = output.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    })
}
