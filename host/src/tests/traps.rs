//! Traps, one at every call that the component makes of its host. The files that such an attempt or lock leaves behind
//! block no process.

use std::{
    cell::Cell,
    env,
    fmt::Debug,
    fs, mem,
    path::Path,
    process::{self, Command},
    thread,
};

use tempfile::TempDir;
use wasmtime::component::ResourceTable;

use crate::{DEFAULT_NAME, Error, ErrorKind, Options, Progress, acquire};

const NO_PROCESS: &str = "999999999\n";

/// Passes the directory to a test that is started in a process of its own.
const DIRECTORY: &str = "LOCKHOST_TEST_DIRECTORY";

thread_local! {
    /// The number of the call that traps, counted from now on this thread.
    static FAILING: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Runs before every call of the host, with the table of the store that makes it. The call that is to fail finds none
/// of the objects that the component asks for. All of them stay open until the store is dropped, as after any trap.
pub(crate) fn called(table: &mut ResourceTable) {
    let Some(call) = FAILING.get() else {
        return;
    };
    if call == 1 {
        let all = mem::take(table);
        let kept = table.push(all).expect("there is room");
        // An object that has a child cannot be deleted.
        table.push_child((), &kept).expect("there is room");
    }
    FAILING.set(Some(call - 1));
}

/// Does something of which the call of this number traps. Returns its outcome, and whether there was such a call.
fn failing<T>(call: i32, what: impl FnOnce() -> T) -> (T, bool) {
    FAILING.set(Some(call));
    let outcome = what();
    let left = FAILING.take();
    (outcome, left.is_some_and(|left| left <= 0))
}

fn directory(files: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        fs::write(directory.path().join(file), NO_PROCESS).unwrap();
    }
    directory
}

/// Returns directories with a free lock, with a stale one, and with a reclaim that crashed.
fn directories() -> [TempDir; 3] {
    let reclaim = format!("{DEFAULT_NAME}.reclaim");
    [
        directory(&[]),
        directory(&[DEFAULT_NAME]),
        directory(&[DEFAULT_NAME, &reclaim]),
    ]
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Acquires the lock and releases it; in a process of its own if another test starts it so.
#[test]
fn a_plain_acquire_gets_in() {
    let free = directory(&[]);
    let directory = env::var_os(DIRECTORY).map_or(free.path().to_owned(), Into::into);
    acquire(directory).unwrap().release().unwrap();
}

/// Returns whether a second process acquires the lock.
fn another_process_gets_in(directory: &Path) -> bool {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "tests::traps::a_plain_acquire_gets_in"])
        .env(DIRECTORY, directory)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("running 1 test"), "{told}");
    output.status.success()
}

/// Acquires the lock once no process has a copy of the files that a trap left open. A process that another test starts
/// at this moment has one until its execve(2).
fn get_in(directory: &Path) {
    for _ in 0..100_000 {
        match acquire(directory) {
            Ok(lock) => return lock.release().unwrap(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Held, "{error}"),
        }
        thread::yield_now();
    }
    panic!("no process gets in");
}

/// What the traps left, one trap at each call.
#[derive(Debug, Default)]
struct Left {
    traps: i32,
    files: usize,
    swept_later: usize,
}

impl Left {
    /// Checks that this process acquires the lock, then another one, and that a sweep removes the leftovers.
    fn is_in_no_process_way(&mut self, directory: &Path) {
        self.traps += 1;
        self.files += files(directory).len();
        get_in(directory);
        assert!(another_process_gets_in(directory));
        sweep(directory);
        // Another process may be making an empty claim: a sweep spares it for as long as its maker lives.
        for file in files(directory) {
            let path = directory.join(&file);
            assert_eq!(fs::metadata(&path).unwrap().len(), 0, "{file}");
            let (living, dead) = (format!("-p{}-", process::id()), "-p999999999-");
            assert!(file.contains(&living), "{file}");
            fs::rename(&path, directory.join(file.replace(&living, dead))).unwrap();
            self.swept_later += 1;
        }
        sweep(directory);
        assert!(files(directory).is_empty(), "{:?}", files(directory));
    }

    fn tell(&self, what: &str) {
        println!(
            "{what}: {} traps; files left {}, of these swept once the process has ended {}, for good 0",
            self.traps, self.files, self.swept_later
        );
        assert!(self.traps > 0);
    }
}

/// Sweeps as a process does that replaces a dead lock.
fn sweep(directory: &Path) {
    fs::write(directory.join(DEFAULT_NAME), NO_PROCESS).unwrap();
    get_in(directory);
}

fn trapped<T: Debug>(outcome: Result<T, Error>) {
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn an_acquire_that_traps_at_any_call_blocks_no_process() {
    let mut left = Left::default();
    for kind in 0..3 {
        for call in 1.. {
            let directory = &directories()[kind];
            let (outcome, reached) = failing(call, || acquire(directory.path()));
            if !reached {
                outcome.unwrap().release().unwrap();
                break;
            }
            trapped(outcome);
            left.is_in_no_process_way(directory.path());
        }
    }
    left.tell("acquire");
}

/// Its maker lives, and another process does not take a living process' lock on evidence alone.
#[test]
fn what_a_trap_leaves_is_refused_until_this_process_asks_again() {
    let mine = format!("{}\n", process::id());
    let (mut refused, mut got_in) = (0, 0);
    for call in 1.. {
        let directory = directory(&[DEFAULT_NAME]);
        let (outcome, reached) = failing(call, || acquire(directory.path()));
        if !reached {
            break;
        }
        trapped(outcome);
        let [lock, reclaim] = ["", ".reclaim"].map(|level| {
            fs::read_to_string(directory.path().join(format!("{DEFAULT_NAME}{level}")))
                .unwrap_or_default()
        });
        // Beside a free lock, a reclaim lock of ours means nothing.
        let held = lock == mine || (reclaim == mine && !lock.is_empty());
        assert_eq!(another_process_gets_in(directory.path()), !held, "{call}");
        *(if held { &mut refused } else { &mut got_in }) += 1;
        get_in(directory.path());
        assert!(another_process_gets_in(directory.path()));
    }
    println!(
        "traps: {got_in} after which another process got in at once, {refused} after which it was refused"
    );
    assert!(refused > 0 && got_in > 0);
}

#[test]
fn a_release_that_traps_at_any_call_blocks_no_process() {
    let mut left = Left::default();
    for call in 1.. {
        let directory = directory(&[]);
        let lock = acquire(directory.path()).unwrap();
        let (outcome, reached) = failing(call, || lock.release());
        if !reached {
            outcome.unwrap();
            break;
        }
        trapped(outcome);
        left.is_in_no_process_way(directory.path());
    }
    left.tell("release");
}

/// Drops what is taken, with a trap at every call, as long as there are calls.
fn dropped<T>(what: &str, take: impl Fn(&Path) -> T) {
    let mut left = Left::default();
    for call in 1.. {
        let directory = directory(&[]);
        let taken = take(directory.path());
        let ((), reached) = failing(call, || drop(taken));
        if !reached {
            break;
        }
        left.is_in_no_process_way(directory.path());
    }
    left.tell(what);
}

#[test]
fn a_lock_whose_drop_traps_at_any_call_blocks_no_process() {
    dropped("drop of a lock", |directory| acquire(directory).unwrap());
}

#[test]
fn an_attempt_whose_drop_traps_at_any_call_blocks_no_process() {
    dropped("drop of an attempt", |directory| {
        // It has the lock already, and waits for another program, which then ends.
        let other = directory.join(format!("{DEFAULT_NAME}.reclaim"));
        fs::write(&other, process::id().to_string()).unwrap();
        let mut attempt = Options::new().attempt(directory).unwrap();
        assert!(matches!(attempt.proceed(), Ok(Progress::Waiting(_))));
        fs::remove_file(other).unwrap();
        attempt
    });
}
