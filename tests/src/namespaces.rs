//! Places with namespaces(7) of their own, and processes in them that want the lock: containers, machines, and places
//! that are neither. All of it is removed with the processes; no mount is visible to other processes.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    contender::{Contender, send},
    program::{lockhost, text},
};
use rustix::process::Signal;

/// The place where a process is started: words that precede its command.
#[derive(Clone, Default)]
pub struct Place {
    words: Vec<String>,
    /// The folder of the programs, if it is another one here.
    programs: Option<&'static str>,
}

impl Place {
    /// Returns the place of the tests themselves.
    #[must_use]
    pub fn host() -> Self {
        Self::default()
    }

    /// Returns a container: its first process has pid 1 in a PID namespace of its own, and proc(5) shows that one.
    /// Paths are as outside.
    #[must_use]
    pub fn container() -> Self {
        Self::host().with_container()
    }

    /// Returns a place in the namespaces of a process, of these kinds, as options of nsenter(1).
    #[must_use]
    pub fn entered(target: &Placed, kinds: &[&str]) -> Self {
        let target = target.pid().to_string();
        let mut words = vec!["nsenter", "--target", &target];
        words.extend(kinds);
        Self::host().with(&words)
    }

    /// Returns a place inside an existing container.
    #[must_use]
    pub fn inside(container: &Placed) -> Self {
        Self::entered(container, &["--pid", "--mount"])
    }

    /// Adds a container of its own in this place.
    #[must_use]
    pub fn with_container(self) -> Self {
        self.unshared(&["--pid", "--mount-proc"])
    }

    /// Adds namespaces of its own in this place, as options of unshare(1).
    #[must_use]
    pub fn unshared(self, kinds: &[&str]) -> Self {
        let mut words = vec!["unshare", "--fork", "--kill-child"];
        words.extend(kinds);
        self.with(&words)
    }

    /// Adds a mount namespace of its own in this place. In it, a shell first runs this script, with the pid that the
    /// process will have.
    #[must_use]
    pub fn mounted(self, script: &str) -> Self {
        self.with(&["unshare", "--mount"]).after(script)
    }

    /// Adds a mount namespace of its own in this place, and this user and group, without other groups or capabilities.
    /// The user can reach the programs wherever they were built.
    #[must_use]
    pub fn as_user(self, user: &str, group: &str) -> Self {
        let programs = "/mnt";
        let program = lockhost();
        let folder = program.parent().expect("it lies in a folder");
        open_to_all(folder);
        let folder = text(folder);
        let mut place = self.mounted(&format!("mount --bind '{folder}' {programs}"));
        place.programs = Some(programs);
        place.with(&[
            "setpriv",
            "--reuid",
            user,
            "--regid",
            group,
            "--clear-groups",
            "--bounding-set=-all",
            "--inh-caps=-all",
        ])
    }

    /// Adds a shell that first runs this script, and is then replaced.
    #[must_use]
    pub fn after(self, script: &str) -> Self {
        self.with(&["sh", "-ec", &format!("{script}\nexec \"$@\""), "sh"])
    }

    /// Adds a program in front that starts the rest.
    #[must_use]
    pub fn with(mut self, words: &[&str]) -> Self {
        self.words.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    /// Makes every directory seem to lie on a file system of a type on which no kernel keeps evidence (that of NFS).
    #[must_use]
    pub fn without_evidence(self) -> Self {
        self.injected(&["fstatfs:poke_exit=@arg2=6969000000000000"])
    }

    /// Adds injections into system calls, as options `inject` of strace(1). The tracer is a child of the process.
    #[must_use]
    pub fn injected(self, injections: &[&str]) -> Self {
        let calls = injections.iter().filter_map(|it| it.split_once(':'));
        let calls: Vec<&str> = calls.map(|(call, _)| call).collect();
        let trace = format!("trace={}", calls.join(","));
        let mut strace = self.with(&["strace", "-D", "-qqq", "-o", "/dev/null", "-e", &trace]);
        for injection in injections {
            strace = strace.with(&["-e", &format!("inject={injection}")]);
        }
        strace
    }

    /// Starts a command here.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(&self, command: &[&str]) -> Placed {
        let mut words = self
            .words
            .iter()
            .map(String::as_str)
            .chain(command.iter().copied());
        let mut whole = Command::new(words.next().expect("a command"));
        whole.args(words).stdin(Stdio::piped());
        Placed {
            contender: Contender::start(&mut whole),
            identity: String::new(),
        }
    }

    fn program(&self, name: &str) -> String {
        match self.programs {
            Some(folder) => format!("{folder}/{name}"),
            None => text(&lockhost().with_file_name(name)).to_owned(),
        }
    }

    /// Starts `lockhost acquire` on a directory here.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn acquire(&self, directory: &Path) -> Placed {
        self.start(&[&self.program("lockhost"), "acquire", text(directory)])
    }

    /// Starts a process here that wants the lock on a directory and prints how its owners are judged.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn contend(&self, directory: &Path) -> Placed {
        self.start(&[&self.program("telling"), text(directory)])
    }

    /// Does as [`Place::contend`], with an owner to assume dead.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn contend_assuming(&self, directory: &Path, dead: &str) -> Placed {
        self.start(&[&self.program("telling"), text(directory), dead])
    }

    /// Does as [`Place::contend`], with a process that has its namespaces and waits for a line before it starts.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn wait_to_contend(&self, directory: &Path) -> Placed {
        let mut waiting = self.clone().after("echo ready; read go").contend(directory);
        waiting.says("ready");
        waiting
    }

    /// Starts a process here that does nothing.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn idle(&self) -> Placed {
        let mut idle = self.clone().after("echo ready").start(&["cat"]);
        idle.says("ready");
        idle
    }
}

/// A process in some place, seen from here. Dropping the value ends it, and with it the processes in a PID namespace of
/// its own.
pub struct Placed {
    contender: Contender,
    identity: String,
}

impl Placed {
    /// Returns its pid here, once it has printed a line.
    ///
    /// # Panics
    /// If it is gone.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.behind_wrappers().expect("it is there")
    }

    fn behind_wrappers(&self) -> Option<u32> {
        let mut pid = self.contender.pid();
        while is_wrapper(pid)? {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
            pid = children.split_ascii_whitespace().next()?.parse().ok()?;
        }
        Some(pid)
    }

    /// Returns its identity, once it has the lock.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Returns the next line that it prints; empty once it prints no more.
    ///
    /// # Panics
    /// If its output cannot be read.
    pub fn line(&mut self) -> String {
        self.contender.line()
    }

    /// Asserts the next line that it prints.
    ///
    /// # Panics
    /// If it prints another one.
    pub fn says(&mut self, expected: &str) {
        let line = self.contender.line();
        if line != expected {
            let told = self.last_words();
            panic!("{line:?} instead of {expected:?}: {told}");
        }
    }

    /// Waits until it has the lock. Returns the reasons for which it replaced other owners.
    ///
    /// # Panics
    /// If it does not get it.
    pub fn acquired(&mut self) -> String {
        let line = self.contender.line();
        let Some((identity, replaced)) = line
            .strip_prefix("acquired ")
            .and_then(|line| line.split_once(' '))
        else {
            let told = self.last_words();
            panic!("{line:?}, and not the lock: {told}");
        };
        self.identity = identity.to_owned();
        replaced.to_owned()
    }

    /// Waits until it is refused. Returns the owner's liveness, and the message.
    ///
    /// # Panics
    /// If it is not refused.
    pub fn refused(&mut self) -> (String, String) {
        let line = self.contender.line();
        let told = self.last_words();
        match line.strip_prefix("refused ") {
            Some(liveness) => (liveness.to_owned(), told),
            None => panic!("{line:?}, and no refusal: {told}"),
        }
    }

    /// Returns whether the lock is still its own, as it reports itself.
    pub fn still_holds(&mut self) -> bool {
        self.contender.go_on();
        self.contender.line() == "held true"
    }

    /// Lets it go on from where it waits.
    pub fn go(&mut self) {
        self.contender.go_on();
    }

    /// Kills it, and with it all processes in its PID namespace if it is the first there, and waits until they are
    /// gone.
    ///
    /// # Panics
    /// If it is gone already.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.contender.end_of_input();
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it is gone.
    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal).expect("it is there");
    }

    /// Lets it release the lock, and waits for its end.
    ///
    /// # Panics
    /// If it fails.
    pub fn release(mut self) {
        let status = self.contender.end_of_input();
        assert!(
            status.success(),
            "{status}: {}",
            self.contender.complaints()
        );
    }

    fn last_words(&mut self) -> String {
        self.contender.end_of_input();
        self.contender.complaints()
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // The process that waits for it cleans up, but would not if it were ended first.
        if self.contender.try_end().is_none()
            && let Some(pid) = self.behind_wrappers()
            && send(pid, Signal::KILL).is_ok()
        {
            self.contender.end_of_input();
        }
    }
}

/// Lets every user run the programs in a folder: a strict umask makes built files private.
fn open_to_all(folder: &Path) {
    let set = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o755));
    set(folder).expect("its mode can be set");
    for entry in fs::read_dir(folder).expect("it can be listed").flatten() {
        let metadata = entry.metadata();
        if metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o100 != 0) {
            set(&entry.path()).expect("its mode can be set");
        }
    }
}

/// Returns whether a process only started another one, and waits for it. `None` if it is gone.
fn is_wrapper(pid: u32) -> Option<bool> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(matches!(
        name.trim_end(),
        "unshare" | "nsenter" | "faketime"
    ))
}

/// Asserts how another process judges the owner, from alive to dead. It is refused as `alive` states, without harm to
/// the owner. The owner's death lets it acquire the lock, for a reason that is one of `dead`.
///
/// That process starts before the owner dies, so no pid of a namespace is the owner's.
///
/// # Panics
/// If it is not so.
pub fn seen_alive_then_dead(
    owner: &Place,
    other: &Place,
    directory: &Path,
    alive: &str,
    dead: &str,
) {
    let mut owner = owner.contend(directory);
    owner.acquired();
    let (liveness, told) = other.contend(directory).refused();
    assert_eq!(liveness, alive, "{told}");
    assert!(owner.still_holds(), "it was told: {told}");
    let mut heir = other.wait_to_contend(directory);
    owner.kill();
    heir.go();
    assert_eq!(heir.acquired(), format!("[Dead({dead})]"));
    assert!(heir.still_holds());
    heir.release();
    other.start(&["ls", "-A", text(directory)]).says("");
}

/// Does as [`seen_alive_then_dead`], by the kernel's evidence, which is all that each sees of the other.
///
/// # Panics
/// If it is not so.
pub fn judged_by_evidence(owner: &Place, other: &Place, directory: &Path) {
    seen_alive_then_dead(owner, other, directory, "Alive(Evidence)", "EvidenceGone");
}
