//! A machine: a kernel of its own in a bed, and processes on it.

use std::{
    cell::Cell,
    fs,
    io::{PipeWriter, Write, pipe},
    process::Child,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    bed::{Bed, FOLDER, child_of},
    log::Log,
    programs::{self, text},
};

/// The block device of a machine: an image in the folder of the bed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// There is none.
    None,
    /// The image of this name, for one machine at a time.
    Own(&'static str),
    /// The image of this name, to which several machines write at once, as those of a cluster do.
    Shared(&'static str),
}

/// A machine, which runs or not.
pub struct Machine {
    name: &'static str,
    number: u8,
    disk: Disk,
    log: Arc<Log>,
    line: Arc<Mutex<Option<PipeWriter>>>,
    process: Option<Child>,
    boots: u32,
    tasks: Cell<u32>,
}

/// A process on a machine.
pub struct Task {
    id: String,
    line: Arc<Mutex<Option<PipeWriter>>>,
    log: Arc<Log>,
    from: usize,
}

/// How a process on a machine has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output and standard error, in lines.
    pub out: Vec<String>,
    /// Its standard error.
    pub err: Vec<String>,
}

impl Machine {
    /// Returns a machine of this name and number in a bed, which does not run yet.
    #[must_use]
    pub fn new(bed: &Bed, name: &'static str, number: u8, disk: Disk) -> Self {
        Self {
            name,
            number,
            disk,
            log: Arc::clone(&bed.log),
            line: Arc::default(),
            process: None,
            boots: 0,
            tasks: Cell::new(0),
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns its number in the bed, with which it is cut off.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Returns its address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("10.9.0.{}", self.number)
    }

    /// Returns whether it runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// Starts it, and does not wait for it.
    ///
    /// # Panics
    /// If it runs, or its kernel cannot be started.
    pub fn start(&mut self, bed: &Bed) {
        assert!(self.process.is_none(), "{} runs", self.name);
        self.boots += 1;
        let (name, number) = (self.name, self.number);
        let mut words: Vec<String> = [
            "unshare --pid --fork --kill-child --mount-proc linux.uml mem=192M quiet selinux=0",
            "rootfstype=hostfs rootflags=/ ro con=null con0=null,fd:2 ssl0=fd:0,fd:1",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        .iter()
        .flat_map(|it| it.split(' ').map(str::to_owned))
        .collect();
        words.push(format!("vec0:transport=tap,ifname=tap{number},depth=64"));
        words.push(format!("uml_dir={FOLDER}"));
        words.push(format!("umid={name}-{}", self.boots));
        words.push(format!("NAME={name}"));
        words.push(format!("ADDRESS={}", self.address()));
        words.push(format!("init={}", text(&programs::init())));
        match self.disk {
            Disk::None => {}
            Disk::Own(image) => words.push(format!("ubda={FOLDER}/{image}")),
            Disk::Shared(image) => words.push(format!("ubdac={FOLDER}/{image}")),
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let console = fs::File::create(bed.file(&format!("{name}.console")));
        let (requests, line) = pipe().expect("a pipe");
        let process = bed
            .command(&words)
            .env("LD_PRELOAD", env!("LOCKHOST_XSTATE"))
            .stdin(requests)
            .stdout(self.log.input().expect("the log"))
            .stderr(console.expect("a file"))
            .spawn();
        self.process = Some(process.expect("a kernel can be started"));
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    /// Waits until it runs commands. `from` is a length of the log before its start.
    ///
    /// # Panics
    /// If its setup has failed.
    pub fn wait_until_ready(&self, bed: &Bed, from: usize) {
        let begins = format!("{} - ", self.name);
        let state = |line: &str| line.strip_prefix(&begins).map(str::to_owned);
        let state = self
            .log
            .wait(from, &format!("{} to start", self.name), state);
        assert_eq!(state, "ready", "{}", self.console(bed));
    }

    /// Returns what its kernel has printed.
    #[must_use]
    pub fn console(&self, bed: &Bed) -> String {
        let path = bed.file(&format!("{}.console", self.name));
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Waits until its kernel has ended itself, by a panic.
    ///
    /// # Panics
    /// If it does not run.
    pub fn wait_for_its_panic(&mut self, bed: &Bed) {
        let console = format!("{FOLDER}/{}.console", self.name);
        bed.run(&format!(
            "until grep --quiet 'Kernel panic' {console}; do sleep 0.1; done"
        ));
        // A kernel that has panicked runs no process any more, and does not end by itself.
        self.kill();
    }

    /// Kills its kernel at once, as a power loss does.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let mut process = self.process.take().expect("it runs");
        // The kernel of the host has ended all processes of its PID namespace by then.
        process.wait().expect("it can be reaped");
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.log.note(&format!("gone {}", self.name));
    }

    /// Sends a signal to its kernel: STOP pauses the machine, CONT lets it go on.
    ///
    /// # Panics
    /// If it does not run.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed()).expect("a pid");
        kill_process(pid, signal).expect("the kernel runs");
    }

    /// Returns the pid of its kernel, which runs commands by now.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let mut pid = self.process.as_ref().expect("it runs").id();
        while is_wrapper(pid) {
            pid = child_of(pid).expect("a wrapper waits for its child");
        }
        pid
    }

    /// Starts a process.
    ///
    /// # Panics
    /// If the machine does not run.
    #[must_use]
    pub fn spawn(&self, words: &[&str]) -> Task {
        self.tasks.set(self.tasks.get() + 1);
        let task = Task {
            id: format!("{} {}.{}", self.name, self.boots, self.tasks.get()),
            line: Arc::clone(&self.line),
            log: Arc::clone(&self.log),
            from: self.log.len(),
        };
        let words: Vec<String> = words.iter().map(|it| it.replace('\n', "\x1e")).collect();
        task.request(&format!("run\x1f{}", words.join("\x1f")));
        task
    }

    /// Runs a script to its end.
    ///
    /// # Panics
    /// If the machine does not run.
    pub fn script(&self, script: &str) -> Ended {
        self.spawn(&["sh", "-ec", script]).ended()
    }

    /// Runs a script to its end. Returns its output.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, script: &str) -> String {
        let ended = self.script(script);
        assert_eq!(ended.code, Some(0), "{}: {script}: {ended:?}", self.name);
        ended.out.join("\n")
    }
}

impl Task {
    fn request(&self, what: &str) {
        let id = self.id.split_once(' ').expect("a machine and a number").1;
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line.as_mut().expect("the machine runs");
        let request = format!("{id}\x1f{what}\n");
        line.write_all(request.as_bytes())
            .expect("the machine runs");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.request(&format!("signal\x1f{}", signal.as_raw()));
    }

    /// Closes its standard input.
    pub fn close(&self) {
        self.request("close");
    }

    /// Returns how a line of it with an answer of this kind begins.
    pub(crate) fn prefix(&self, kind: &str) -> String {
        format!("{} {kind} ", self.id)
    }

    fn answer<'a>(&self, line: &'a str) -> Option<&'a str> {
        line.strip_prefix(&self.id)?.strip_prefix(' ')
    }

    /// Waits until it writes a line with this text. Returns that line.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn says(&self, text: &str) -> String {
        let what = format!("{text:?} of {}", self.id);
        self.log.wait(self.from, &what, |line| {
            let (_, said) = self.answer(line)?.split_once(' ')?;
            said.contains(text).then(|| said.to_owned())
        })
    }

    /// Waits for the end of the process and of its output.
    ///
    /// # Panics
    /// If it does not end.
    #[must_use]
    pub fn ended(&self) -> Ended {
        let code = self.code();
        let what = format!("the end of the output of {}", self.id);
        self.log.wait(self.from, &what, |line| {
            (self.answer(line)? == "closed").then_some(())
        });
        let lines = |kind: &str| {
            self.log.all(self.from, |line| {
                let (of, text) = self.answer(line)?.split_once(' ')?;
                (of == kind).then(|| text.to_owned())
            })
        };
        Ended {
            code,
            out: lines("out"),
            err: lines("err"),
        }
    }

    /// Waits for the end of the process. Returns its exit code.
    ///
    /// # Panics
    /// If it does not end.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        let what = format!("the end of {}", self.id);
        self.log.wait(self.from, &what, |line| {
            match self.answer(line)?.split_once(' ')? {
                ("code", code) => Some(Some(code.parse().expect("a code"))),
                ("killed", _) => Some(None),
                _ => None,
            }
        })
    }
}

/// Returns whether a process only started another one, and waits for it.
fn is_wrapper(pid: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"));
    matches!(name.expect("it runs").trim_end(), "nsenter" | "unshare")
}
