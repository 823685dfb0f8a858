//! The first process of a machine of the test bed: it sets the machine up and runs commands that come over the serial line.
//!
//! A request is one line of fields, separated by the character 0x1f: an id, then `run` with the words of a command, `signal`
//! with a number, or `close` for the command's standard input. A line feed in a word is sent as 0x1e. An answer is one line: the
//! name of the machine, the id, then `out` or `err` with a line of the command's output, `code` or `killed` with a number once
//! the process has ended, or `closed` once its output is closed. Each line is one write, so lines of several processes
//! and of several machines are never mixed.

#[cfg(unix)]
fn main() {
    init::main();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod init {
    use std::{
        collections::HashMap,
        env,
        fs::File,
        io::{BufRead, BufReader, Read, Write},
        os::unix::fs::OpenOptionsExt,
        process::{ChildStdin, Command, Stdio},
        sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
        thread,
    };

    use rustix::{
        fs::OFlags,
        process::{Pid, Signal, WaitOptions, kill_process, wait},
        termios::{OptionalActions, tcgetattr, tcsetattr},
    };

    const SETUP: &str = include_str!("../machine-init.sh");
    /// The console writes less than this many bytes at once.
    const LONGEST: usize = 1500;

    struct Running {
        pid: Pid,
        input: Option<ChildStdin>,
    }

    /// The machine's own end of the line, and its processes.
    struct Machine {
        name: String,
        line: Mutex<File>,
        running: Mutex<HashMap<String, Running>>,
        started: Condvar,
    }

    pub(super) fn main() {
        let setup = Command::new("/bin/sh").args(["-ec", SETUP]).status();
        let line = open_line();
        let machine = Arc::new(Machine {
            name: env::var("NAME").unwrap_or_default(),
            line: Mutex::new(line.try_clone().expect("a descriptor")),
            running: Mutex::default(),
            started: Condvar::new(),
        });
        let reaper = Arc::clone(&machine);
        thread::spawn(move || reaper.reap());
        match setup {
            Ok(status) if status.success() => machine.answer("-", "ready"),
            other => machine.answer("-", &format!("broken {other:?}")),
        }
        for request in BufReader::new(line).lines().map_while(Result::ok) {
            machine.request(&request);
        }
        // A kernel without a first process panics. Its machine is about to end.
        loop {
            thread::park();
        }
    }

    /// Opens the serial line, and has it change no byte.
    fn open_line() -> File {
        let flags = OFlags::NOCTTY.bits().cast_signed();
        let mut options = File::options();
        let options = options.read(true).write(true).custom_flags(flags);
        let line = options.open("/dev/ttyS0").expect("a serial line");
        let mut attributes = tcgetattr(&line).expect("a terminal");
        attributes.make_raw();
        tcsetattr(&line, OptionalActions::Now, &attributes).expect("a terminal");
        line
    }

    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Machine {
        fn answer(&self, id: &str, what: &str) {
            let line = format!("{} {id} {what}\n", self.name);
            // Without its other end, there is no reader.
            let _ = lock(&self.line).write_all(line.as_bytes());
        }

        fn request(self: &Arc<Self>, request: &str) {
            let fields: Vec<String> = request
                .split('\x1f')
                .map(|it| it.replace('\x1e', "\n"))
                .collect();
            let [id, verb, words @ ..] = &fields[..] else {
                return;
            };
            match &verb[..] {
                "run" => self.run(id, words),
                "signal" => {
                    let number = words.first().and_then(|it| it.parse().ok());
                    let signal = number.and_then(Signal::from_named_raw);
                    if let (Some(running), Some(signal)) = (lock(&self.running).get(id), signal) {
                        let _ = kill_process(running.pid, signal);
                    }
                }
                "close" => {
                    if let Some(running) = lock(&self.running).get_mut(id) {
                        running.input = None;
                    }
                }
                _ => self.answer(id, "err no such request"),
            }
        }

        fn run(self: &Arc<Self>, id: &str, words: &[String]) {
            // Held until the process is known, so that its end is not reaped before.
            let mut running = lock(&self.running);
            let child = Command::new(&words[0])
                .args(&words[1..])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn();
            let mut child = match child {
                Ok(child) => child,
                Err(error) => {
                    self.answer(id, &format!("err {}: {error}", words[0]));
                    self.answer(id, "code 127");
                    self.answer(id, "closed");
                    return;
                }
            };
            let of_child = Running {
                pid: Pid::from_child(&child),
                input: child.stdin.take(),
            };
            running.insert(id.to_owned(), of_child);
            drop(running);
            self.started.notify_all();
            let out = child.stdout.take().expect("a pipe");
            let err = child.stderr.take().expect("a pipe");
            let (machine, of) = (Arc::clone(self), id.to_owned());
            thread::spawn(move || {
                let (other, of_other) = (Arc::clone(&machine), of.clone());
                let errors = thread::spawn(move || other.pass_on(&of_other, "err", err));
                machine.pass_on(&of, "out", out);
                let _ = errors.join();
                machine.answer(&of, "closed");
            });
        }

        fn pass_on(&self, id: &str, stream: &str, output: impl Read) {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                for part in line
                    .chunks(LONGEST)
                    .chain(line.is_empty().then_some(&[][..]))
                {
                    self.answer(id, &format!("{stream} {}", String::from_utf8_lossy(part)));
                }
            }
        }

        /// Waits for all children: those of requests, and those that were left by their parents.
        fn reap(&self) {
            loop {
                let running = lock(&self.running);
                let some = self.started.wait_while(running, |it| it.is_empty());
                drop(some);
                let Ok(Some((pid, status))) = wait(WaitOptions::empty()) else {
                    continue;
                };
                let mut running = lock(&self.running);
                let id = running.iter().find(|(_, it)| it.pid == pid);
                let Some(id) = id.map(|(id, _)| id.clone()) else {
                    continue;
                };
                running.remove(&id);
                drop(running);
                match status.terminating_signal() {
                    Some(signal) => self.answer(&id, &format!("killed {signal}")),
                    None => {
                        let code = status.exit_status().unwrap_or(-1);
                        self.answer(&id, &format!("code {code}"));
                    }
                }
            }
        }
    }
}
