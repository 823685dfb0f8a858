//! What a lock keeps of memory, and the program of the disk.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
};

use lockhost_tests::contender::Contender;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use super::{
    Outcome, child,
    cold::ends_well,
    place::Place,
    program,
    report::{Measured, Row, size},
};

/// How many further locks a child takes.
const FURTHER: u32 = 1000;

pub(crate) fn measure(places: &[Place], _samples: u32) -> Outcome<Vec<Row>> {
    let mut holding = Row::new(
        "resident memory of a holding program",
        "`flock` holding",
        "≤ 6 MiB",
    );
    let mut space = Row::new(
        "address space of a holding program",
        "`flock` holding",
        "works under `ulimit -v 65536`",
    );
    let mut further = Row::new(
        "memory of a further lock in a process",
        "-",
        "≤ 16 KiB resident",
    );
    let mut binary = Row::new("program of a package, stripped", "-", "≤ 5 MB");
    let mut native = Row::new("program of a package, native, stripped", "-", "≤ 1.2 MB");
    for place in places {
        let (ours, flock) = (of_ours(place)?, of_flock(place)?);
        holding.push(Measured::plain(format!(
            "{} ({} of it anonymous; {})",
            size(ours.resident),
            size(ours.anonymous),
            size(flock.resident)
        )));
        let limited = if under_limit(place)? {
            "works"
        } else {
            "fails"
        };
        space.push(Measured::plain(format!(
            "{limited} ({}; {})",
            size(ours.space),
            size(flock.space)
        )));
        let [bytes] = child::ask("memory", place)?;
        #[expect(clippy::cast_possible_truncation, reason = "it is a size in memory")]
        further.push(Measured::plain(size(bytes as i64)));
        binary.push(megabytes(program::lockhost())?);
        native.push(megabytes(program::native())?);
    }
    Ok(vec![holding, space, further, binary, native])
}

/// Returns the size of a file.
fn megabytes(file: &Path) -> Outcome<Measured> {
    let bytes = fs::metadata(file)?.len();
    let (whole, hundredths) = (bytes / 1_000_000, bytes / 10_000 % 100);
    Ok(Measured::plain(format!("{whole}.{hundredths:02} MB")))
}

/// What a process has, in bytes.
struct Memory {
    resident: i64,
    anonymous: i64,
    space: i64,
}

impl Memory {
    fn of(process: &str) -> Outcome<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let kibibytes = |field: &str| -> Outcome<i64> {
            let value = status.lines().find_map(|line| line.strip_prefix(field));
            let value = value.and_then(|value| value.trim().strip_suffix(" kB"));
            Ok(value.ok_or("a field is missing")?.parse::<i64>()? * 1024)
        };
        Ok(Self {
            resident: kibibytes("VmRSS:")?,
            anonymous: kibibytes("RssAnon:")?,
            space: kibibytes("VmSize:")?,
        })
    }
}

fn of_ours(place: &Place) -> Outcome<Memory> {
    let fixture = place.fixture();
    let mut owner: Contender = program::owner(fixture.path());
    let memory = Memory::of(&owner.pid().to_string());
    owner.end(Signal::TERM);
    memory
}

fn of_flock(place: &Place) -> Outcome<Memory> {
    let file = place.path().join("flock");
    File::create(&file)?;
    // It says when it holds the lock, and ends with its input.
    let mut flock = program::command(program::flock());
    flock
        .arg(file)
        .args(["sh", "-c", "echo acquired; exec cat"]);
    let mut flock = Contender::start(flock.stdin(Stdio::piped()));
    flock.line();
    let memory = Memory::of(&flock.pid().to_string());
    flock.end_of_input();
    memory
}

fn under_limit(place: &Place) -> Outcome<bool> {
    let fixture = place.fixture();
    let mut shell = program::command("sh");
    shell.args([
        "-c",
        "ulimit -v 65536 && exec \"$0\" acquire \"$1\" -- true",
    ]);
    shell.arg(program::lockhost()).arg(fixture.path());
    Ok(ends_well(&mut shell).is_ok())
}

/// Lets this process open as many files as it ever may.
pub(crate) fn open_many() -> Outcome<()> {
    let most = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// In a child: bytes that a further lock adds to what is resident.
pub(crate) fn alone(directory: &Path) -> Outcome<()> {
    open_many()?;
    let directories = (0..=FURTHER).map(|number| directory.join(number.to_string()));
    let directories: Vec<_> = directories.collect();
    for directory in &directories {
        fs::create_dir(directory)?;
    }
    let mut locks = Vec::with_capacity(directories.len());
    locks.push(lockhost::acquire(&directories[0])?);
    let before = Memory::of("self")?.resident;
    for directory in &directories[1..] {
        locks.push(lockhost::acquire(directory)?);
    }
    let growth = Memory::of("self")?.resident - before;
    println!("{}", growth / i64::from(FURTHER));
    Ok(())
}
