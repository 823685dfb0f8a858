//! Places with namespaces(7) of their own, and processes in them that want the lock: containers, machines, and what is
//! neither. All of it goes with the processes; nothing is mounted where anybody else can see it.

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

/// Where a process is started: words that go before its command.
#[derive(Clone, Default)]
pub struct Place {
    words: Vec<String>,
    /// The folder of the programs, if it is another one here.
    programs: Option<&'static str>,
}

impl Place {
    /// Where the tests themselves are.
    #[must_use]
    pub fn host() -> Self {
        Self::default()
    }

    /// A container: its first process has number 1 in a PID namespace of its own, and proc(5) shows that one. Files
    /// are where they are outside.
    #[must_use]
    pub fn container() -> Self {
        Self::host().with_container()
    }

    /// In the namespaces of a process, of these kinds, as options of nsenter(1).
    #[must_use]
    pub fn entered(target: &Placed, kinds: &[&str]) -> Self {
        let target = target.pid().to_string();
        let mut words = vec!["nsenter", "--target", &target];
        words.extend(kinds);
        Self::host().with(&words)
    }

    /// Inside a container that is there already.
    #[must_use]
    pub fn inside(container: &Placed) -> Self {
        Self::entered(container, &["--pid", "--mount"])
    }

    /// With a container of its own in this place.
    #[must_use]
    pub fn with_container(self) -> Self {
        self.unshared(&["--pid", "--mount-proc"])
    }

    /// With namespaces of its own in this place, as options of unshare(1).
    #[must_use]
    pub fn unshared(self, kinds: &[&str]) -> Self {
        let mut words = vec!["unshare", "--fork", "--kill-child"];
        words.extend(kinds);
        self.with(&words)
    }

    /// With a mount namespace of its own in this place, in which a shell has done this first, under the number that the
    /// process will have.
    #[must_use]
    pub fn mounted(self, script: &str) -> Self {
        self.with(&["unshare", "--mount"]).after(script)
    }

    /// With a mount namespace of its own in this place, and this user and group, who can reach the programs wherever they
    /// were built, and has no groups or capabilities.
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

    /// With a shell that does this first, and is then replaced.
    #[must_use]
    pub fn after(self, script: &str) -> Self {
        self.with(&["sh", "-ec", &format!("{script}\nexec \"$@\""), "sh"])
    }

    /// With a program in front that starts the rest.
    #[must_use]
    pub fn with(mut self, words: &[&str]) -> Self {
        self.words.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    /// Where every directory seems to lie on a file system of a type on which no kernel keeps evidence (that of NFS).
    #[must_use]
    pub fn without_evidence(self) -> Self {
        self.injected(&["fstatfs:poke_exit=@arg2=6969000000000000"])
    }

    /// Where this is done to system calls, as options `inject` of strace(1). The tracer is a child of the process.
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

    /// Starts somebody here who wants the lock on a directory and tells how its owners are judged.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn contend(&self, directory: &Path) -> Placed {
        self.start(&[&self.program("telling"), text(directory)])
    }

    /// As [`Place::contend`], with an owner that it is told to take for dead.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn contend_assuming(&self, directory: &Path, dead: &str) -> Placed {
        self.start(&[&self.program("telling"), text(directory), dead])
    }

    /// As [`Place::contend`], by somebody who is there and waits to be let go: his namespaces are.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn wait_to_contend(&self, directory: &Path) -> Placed {
        let mut waiting = self.clone().after("echo ready; read go").contend(directory);
        waiting.says("ready");
        waiting
    }

    /// Starts somebody here who does nothing.
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

/// A process in some place, seen from here. It goes with the value, and with it whoever is in a PID namespace of its.
pub struct Placed {
    contender: Contender,
    identity: String,
}

impl Placed {
    /// Its number here, once it has said something.
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

    /// Its identity, once it has the lock.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// What it says next; empty once it says no more.
    ///
    /// # Panics
    /// If it cannot be heard.
    pub fn line(&mut self) -> String {
        self.contender.line()
    }

    /// Asserts what it says next.
    ///
    /// # Panics
    /// If it says something else.
    pub fn says(&mut self, expected: &str) {
        let line = self.contender.line();
        if line != expected {
            let told = self.last_words();
            panic!("{line:?} instead of {expected:?}: {told}");
        }
    }

    /// Waits until it has the lock: for which reasons it replaced others.
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

    /// Waits until it is refused: what the owner is taken for, and what it says.
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

    /// Whether the lock is still its own, as it sees it itself.
    pub fn still_holds(&mut self) -> bool {
        self.contender.go_on();
        self.contender.line() == "held true"
    }

    /// Lets it go on from where it waits.
    pub fn go(&mut self) {
        self.contender.go_on();
    }

    /// Kills it, and so all in its PID namespace if it is the first there, and waits until they are gone.
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
        // Whoever waits for it sees to the rest, and would leave it to somebody else if it were ended first.
        if self.contender.try_end().is_none()
            && let Some(pid) = self.behind_wrappers()
            && send(pid, Signal::KILL).is_ok()
        {
            self.contender.end_of_input();
        }
    }
}

/// Lets every user run the programs in a folder: what is built under a strict umask is private.
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

/// Whether a process only started another one, and waits for it. `None` if it is gone.
fn is_wrapper(pid: u32) -> Option<bool> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(matches!(
        name.trim_end(),
        "unshare" | "nsenter" | "faketime"
    ))
}

/// Asserts how somebody who is not the owner sees it, from alive to dead: refused as `alive` says, without harm to the
/// owner; and let in by somebody's death, for a reason that is one of `dead`.
///
/// Whoever gets in has been there before the owner dies, so that no number of a namespace is the owner's.
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

/// As [`seen_alive_then_dead`], by the evidence that the kernel keeps, which is all that one sees of the other.
///
/// # Panics
/// If it is not so.
pub fn judged_by_evidence(owner: &Place, other: &Place, directory: &Path) {
    seen_alive_then_dead(owner, other, directory, "Alive(Evidence)", "EvidenceGone");
}
