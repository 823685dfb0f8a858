//! Waiting for a lock that somebody has: what ends it, and what it costs until then.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, PipeReader, PipeWriter, pipe},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use lockhost::{Awaited, ErrorKind, Options, Progress, acquire};
use lockhost_tests::{
    contender::{Contender, rounds, send},
    scene::Scene,
    terminal::Terminal,
    under_lock::{ready, sleeps_until_told, told, under_lock, until},
};
use rustix::process::Signal;

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

/// Somebody who waits, says so, and then sleeps.
fn waiter(options: &[&str], scene: &Scene) -> Contender {
    let options = [&["-v"], options].concat();
    let mut command = told(&under_lock(&options, scene.path(), &[]));
    let mut waiter = Contender::start(&mut command);
    let line = waiter.line();
    assert!(line.starts_with("lockhost: waiting for "), "{line}");
    assert!(line.contains(scene.lock().to_str().unwrap()), "{line}");
    waiter
}

fn sleeper(options: &[&str], scene: &Scene) -> Contender {
    let waiter = waiter(options, scene);
    let pid = waiter.pid();
    until("it sleeps until it is told", || {
        sleeps_until_told(pid) == Some(true)
    });
    waiter
}

/// It has the lock next, and says so.
fn gets_in(waiter: &mut Contender) {
    let mut line = waiter.line();
    while line.starts_with("lockhost: replaced ") || line.starts_with("lockhost: waiting ") {
        line = waiter.line();
    }
    assert!(line.starts_with("acquired "), "{line}");
}

#[test]
fn who_waits_sleeps_and_gets_in_when_the_owner_releases_or_is_killed() {
    for signal in [Signal::TERM, Signal::KILL] {
        let scene = Scene::free();
        let mut owner = Contender::owner(scene.path());
        let mut waiter = sleeper(&["--wait"], &scene);
        assert_eq!(scene.files().len(), 2, "a waiter leaves nothing there");
        owner.end(signal);
        gets_in(&mut waiter);
        assert_eq!(waiter.end(Signal::TERM).code(), Some(0));
        assert!(scene.files().is_empty(), "{:?}", scene.files());
    }
}

#[test]
fn who_waits_gets_in_when_the_lock_file_is_removed_by_hand() {
    let scene = Scene::free();
    let _owner = Contender::owner(scene.path());
    let mut waiter = sleeper(&["--wait"], &scene);
    fs::remove_file(scene.lock()).unwrap();
    gets_in(&mut waiter);
}

#[test]
fn who_waits_gets_in_when_the_last_process_ends_that_keeps_a_killed_owners_directory() {
    let scene = Scene::free();
    let mut owner = Contender::start(&mut under_lock(&[], scene.path(), &[HEARING]));
    let (command, _) = ready(&mut owner);
    owner.end(Signal::KILL);
    let mut waiter = sleeper(&["--wait"], &scene);
    send(command, Signal::USR2).expect("it is there");
    gets_in(&mut waiter);
}

#[test]
fn who_waits_notices_that_an_owner_is_killed_whose_command_goes_on() {
    let scene = Scene::free();
    let mut owner = Contender::start(&mut under_lock(&[], scene.path(), &[HEARING]));
    let (command, _) = ready(&mut owner);
    let mut waiter = sleeper(&["--wait"], &scene);
    // And is not reaped, so that its end is there to be seen all the time.
    owner.signal(Signal::KILL);
    // It tells for whom it waits from now on, and sleeps.
    let line = waiter.line();
    assert!(line.contains(&format!("pid {command} (hearing)")), "{line}");
    let pid = waiter.pid();
    until("it sleeps again", || sleeps_until_told(pid) == Some(true));
    send(command, Signal::USR2).expect("it is there");
    gets_in(&mut waiter);
}

#[test]
fn who_waits_gets_in_when_a_process_of_another_program_ends() {
    let scene = Scene::free();
    let mut cat = Command::new("cat")
        .stdin(Stdio::piped())
        .spawn()
        .expect("cat is there");
    fs::write(scene.lock(), cat.id().to_string()).unwrap();
    let mut waiter = sleeper(&["--wait"], &scene);
    drop(cat.stdin.take());
    cat.wait().unwrap();
    gets_in(&mut waiter);
}

/// A program as the first process of a PID namespace: the child is `unshare`, and this its own number.
fn in_a_namespace(command: &Command) -> Command {
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    unshare
}

#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn who_waits_gets_in_when_an_owner_ends_that_it_cannot_see() {
    let scene = Scene::free();
    let mut owner = Contender::start(&mut in_a_namespace(&under_lock(&[], scene.path(), &[])));
    assert!(owner.line().ends_with("(pid 1)"));
    let waiting = told(&under_lock(&["-v", "--wait"], scene.path(), &[]));
    let mut waiter = Contender::start(&mut in_a_namespace(&waiting));
    let line = waiter.line();
    assert!(line.starts_with("lockhost: waiting for pid 1, "), "{line}");
    let children = format!("/proc/{0}/task/{0}/children", waiter.pid());
    let first = fs::read_to_string(children)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    until("it sleeps until it is told", || {
        sleeps_until_told(first) == Some(true)
    });
    owner.end(Signal::KILL);
    gets_in(&mut waiter);
}

#[test]
fn a_wait_that_is_over_is_the_refusal_that_it_would_have_been() {
    let scene = Scene::free();
    let owner = Contender::owner(scene.path());
    let ends = |options: &[&str], environment: Option<&str>| {
        let mut command = under_lock(options, scene.path(), &["true"]);
        command.env_remove("LOCKHOST_WAIT");
        if let Some(wait) = environment {
            command.env("LOCKHOST_WAIT", wait);
        }
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), told)
    };
    let (code, refusal) = ends(&[], None);
    assert_eq!(code, Some(75));
    assert!(
        refusal.contains(&format!("pid {}", owner.pid())),
        "{refusal}"
    );
    for (options, environment) in [
        (&["--wait=30ms"][..], None),
        (&["--wait=0"], None),
        (&["--wait=0s"], Some("forever")),
        (&[], Some("30ms")),
        (&[], Some("")),
    ] {
        assert_eq!(ends(options, environment), (Some(75), refusal.clone()));
    }
    for code in [0, 1, 255] {
        for option in ["-E", "--conflict-exit-code"] {
            let given = code.to_string();
            let ended = ends(&[option, &given, "--wait=1ms"], None);
            assert_eq!(ended, (Some(code), refusal.clone()));
        }
    }
    assert_eq!(ends(&["-q"], None), (Some(75), String::new()));
    for wrong in [
        &["--wait=soon"][..],
        &["--wait=30"],
        &["-E", "256"],
        &["-E", "-1"],
        &["-E", "x"],
    ] {
        assert_eq!(ends(wrong, None).0, Some(2), "{wrong:?}");
    }
    assert_eq!(ends(&[], Some("soon")).0, Some(2));
}

#[test]
fn a_directory_that_cannot_be_locked_is_not_waited_for() {
    let scene = Scene::free();
    let command = |path: &Path| under_lock(&["--wait", "-E", "9"], path, &["true"]).output();
    let missing = command(&scene.path().join("missing")).unwrap();
    assert_eq!(missing.status.code(), Some(1));
    fs::create_dir(scene.lock()).unwrap();
    assert_eq!(command(scene.path()).unwrap().status.code(), Some(1));
}

#[test]
fn a_signal_ends_the_wait_and_nothing_is_left() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let scene = Scene::free();
        let owner = Contender::owner(scene.path());
        let lockhost = under_lock(&["-v", "--wait"], scene.path(), &["echo", "ran"]);
        let mut command = Command::new("env");
        command
            .arg("--default-signal")
            .arg(lockhost.get_program())
            .args(lockhost.get_args());
        let mut waiter = Contender::start(&mut told(&command));
        assert!(waiter.line().starts_with("lockhost: waiting for "));
        let before = scene.files();
        assert_eq!(waiter.end(signal).code(), Some(code));
        assert_eq!(waiter.line(), "");
        assert_eq!(scene.files(), before);
        drop(owner);
    }
}

#[test]
fn the_end_of_standard_input_ends_the_wait_where_it_would_end_the_lock() {
    let scene = Scene::free();
    let _owner = Contender::owner(scene.path());
    let options = ["-v", "--wait", "--until-stdin-closes"];
    let mut command = told(&under_lock(&options, scene.path(), &[]));
    let mut waiter = Contender::start(command.stdin(Stdio::piped()));
    assert!(waiter.line().starts_with("lockhost: waiting for "));
    assert_eq!(waiter.end_of_input().code(), Some(75));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn where_nobody_tells_a_release_is_found_all_the_same() {
    for lacking in ["inotify_init1:error=EMFILE", "pidfd_open:error=ENOSYS"] {
        let scene = Scene::free();
        let mut owner = Contender::owner(scene.path());
        let lockhost = under_lock(&["-v", "--wait"], scene.path(), &[]);
        let mut command = Command::new("strace");
        command
            .args(["-D", "-qqq", "-o", "/dev/null"])
            .args(["-e", "trace=inotify_init1,pidfd_open"])
            .args(["-e", &format!("inject={lacking}")])
            .arg(lockhost.get_program())
            .args(lockhost.get_args());
        let mut waiter = Contender::start(&mut told(&command));
        assert!(waiter.line().starts_with("lockhost: waiting for "));
        owner.end(Signal::KILL);
        gets_in(&mut waiter);
    }
}

#[test]
fn a_terminal_shows_who_is_waited_for_and_nothing_in_the_end() {
    let scene = Scene::free();
    let mut owner = Contender::owner(scene.path());
    let mut terminal = Terminal::new();
    let lockhost = under_lock(&["--wait"], scene.path(), &["echo", "ran"]);
    let mut session = terminal.session();
    session
        .env("TERM", "xterm")
        .arg(lockhost.get_program())
        .args(lockhost.get_args())
        .stderr(terminal.end())
        .stdout(terminal.end());
    let mut waiter = session.spawn().unwrap();
    let shown = terminal.shown_until("lockhost: waiting since 0s for pid ");
    assert!(shown.starts_with("\r\u{1b}[K"), "{shown:?}");
    terminal.shown_until("waiting since 1s for");
    owner.end(Signal::TERM);
    let shown = terminal.shown_until("ran");
    assert!(shown.contains("\r\u{1b}[Kran"), "{shown:?}");
    assert_eq!(waiter.wait().unwrap().code(), Some(0));
}

#[test]
fn a_narrow_terminal_shows_one_line() {
    let scene = Scene::free();
    let _owner = Contender::owner(scene.path());
    let mut terminal = Terminal::new();
    let lockhost = under_lock(&["--wait=300ms"], scene.path(), &["true"]);
    let mut session = terminal.session();
    session
        .env("TERM", "xterm")
        .args(["sh", "-c", "stty cols 20; \"$@\"; echo over", "sh"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args())
        .stderr(terminal.end())
        .stdout(terminal.end());
    let mut waiter = session.spawn().unwrap();
    let shown = terminal.shown_until("over");
    let line = shown.split("\r\u{1b}[K").nth(1).unwrap();
    assert!(
        line.len() < 20 && line.starts_with("lockhost: waiting"),
        "{shown:?}"
    );
    waiter.wait().unwrap();
}

#[test]
fn a_file_shows_no_line() {
    let scene = Scene::free();
    let _owner = Contender::owner(scene.path());
    let mut waiter = under_lock(&["--wait=30ms", "-q"], scene.path(), &["true"]);
    let output = waiter.output().unwrap();
    assert!(output.stderr.is_empty() && output.stdout.is_empty());
}

#[test]
fn in_a_program_a_lock_is_waited_for_as_long_as_its_patience_lasts() {
    let scene = Scene::free();
    let lock = acquire(scene.path()).unwrap();
    let patient = |patience| Options::new().patience(patience);
    let refused = patient(Duration::from_millis(20)).acquire(scene.path());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Held);
    let path = scene.path().to_owned();
    let next = thread::spawn(move || patient(Duration::MAX).acquire(path));
    lock.release().unwrap();
    next.join().unwrap().unwrap().release().unwrap();
    assert!(scene.files().is_empty());
}

#[test]
fn an_attempt_tells_whom_it_waits_for_and_what_may_wake_it() {
    let scene = Scene::free();
    let mut owner = Contender::owner(scene.path());
    let options = Options::new().patience(Duration::MAX);
    let mut attempt = options.attempt(scene.path()).unwrap();
    assert_eq!(attempt.descriptors().count(), 0);
    let Progress::Waiting(waiting) = attempt.proceed().unwrap() else {
        panic!("somebody has it");
    };
    assert_eq!(waiting.awaited(), Awaited::Release);
    assert_eq!(waiting.path(), scene.lock());
    assert_eq!(waiting.holder().unwrap().pid(), Some(owner.pid()));
    assert_eq!(waiting.retry_after(), Duration::MAX);
    // The file, and the process.
    assert_eq!(attempt.descriptors().count(), 2);
    owner.end(Signal::TERM);
    let Progress::Acquired(lock) = attempt.proceed().unwrap() else {
        panic!("nobody has it");
    };
    lock.release().unwrap();
}

/// Waiters that tell of their turn in one place, and have it until they are told.
struct Waiters<'a> {
    scene: &'a Scene,
    turns: BufReader<PipeReader>,
    turn: PipeWriter,
    /// By their number, with that of the hand-over before which they came.
    waiting: BTreeMap<usize, (Child, usize)>,
    started: usize,
}

impl<'a> Waiters<'a> {
    fn new(scene: &'a Scene) -> Self {
        let (turns, turn) = pipe().unwrap();
        Self {
            scene,
            turns: BufReader::new(turns),
            turn,
            waiting: BTreeMap::new(),
            started: 0,
        }
    }

    fn start(&mut self, hand_over: usize) {
        let number = self.started.to_string();
        let script = ["sh", "-c", "echo $0; read line; :", &number];
        let waiter = under_lock(&["--wait"], self.scene.path(), &script)
            .stdin(Stdio::piped())
            .stdout(self.turn.try_clone().unwrap())
            .spawn()
            .unwrap();
        self.waiting.insert(self.started, (waiter, hand_over));
        self.started += 1;
    }

    /// Ends the turn of whoever has it next. How many hand-overs it has waited through before this one.
    fn turn(&mut self, hand_over: usize) -> usize {
        let mut line = String::new();
        self.turns.read_line(&mut line).unwrap();
        let number = line.trim_end().parse().unwrap();
        let (mut waiter, came) = self.waiting.remove(&number).unwrap();
        drop(waiter.stdin.take());
        assert_eq!(waiter.wait().unwrap().code(), Some(0));
        hand_over - came
    }
}

impl Drop for Waiters<'_> {
    fn drop(&mut self) {
        for (waiter, _) in self.waiting.values_mut() {
            let _ = waiter.kill();
            let _ = waiter.wait();
        }
    }
}

/// Whoever comes first gets it, so nobody is promised a turn after so many others; it is measured, and told. Those that
/// have had the lock come back for it.
#[test]
fn among_sixty_four_waiters_the_lock_goes_from_hand_to_hand() {
    const WAITERS: usize = 64;
    let hand_overs = rounds() * 32;
    let scene = Scene::free();
    let mut first = Contender::owner(scene.path());
    let mut waiters = Waiters::new(&scene);
    (0..WAITERS).for_each(|_| waiters.start(0));
    for (waiter, _) in waiters.waiting.values() {
        until("it sleeps until it is told", || {
            sleeps_until_told(waiter.id()) == Some(true)
        });
    }
    first.end(Signal::TERM);
    let mut waited: Vec<_> = (0..hand_overs)
        .map(|hand_over| {
            let waited = waiters.turn(hand_over);
            waiters.start(hand_over + 1);
            waited
        })
        .collect();
    waited.sort_unstable();
    let still = waiters.waiting.values().map(|(_, came)| hand_overs - came);
    let [half, most] = [50, 99].map(|percent| waited[hand_overs * percent / 100]);
    println!(
        "{WAITERS} waiters, {hand_overs} hand-overs: each waited through {} at least, {half} in the median, {most} in 99 \
         of 100, {} at most; of those that still wait, one has waited through {}",
        waited[0],
        waited[hand_overs - 1],
        still.max().unwrap_or(0)
    );
}
