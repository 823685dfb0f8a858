//! The example in `host/examples/python`: the committed component in Python, beside the native program.

#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use lockhost_tests::{
    component::workspace,
    contender::Contender,
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    pair::{ends, exclude_each_other, gets_in, is_refused, native, take_over_from_each_other},
};

fn example() -> PathBuf {
    workspace().join("host/examples/python")
}

/// The folder with the packages that it needs, only in the target folder.
static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| {
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let requirements = example().join("requirements.txt");
    let wanted = fs::read(&requirements).expect("the versions are pinned");
    let installed = packages.join("installed.txt");
    if fs::read(&installed).is_ok_and(|it| it == wanted) {
        return packages;
    }
    let output = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
        .arg(&packages)
        .arg("--requirement")
        .arg(&requirements)
        .output()
        .expect("python3 can be started (Debian: python3, python3-pip)");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "pip failed; the first run of this test needs PyPI, or a mirror that pip is told of (PIP_INDEX_URL=URL): see \
         \"What the first run fetches\" in tests/README.md\n{told}"
    );
    fs::write(installed, wanted).expect("a note");
    packages
});

fn python(fixture: &Fixture) -> Contender {
    let mut command = Command::new("python3");
    command.arg(example().join("main.py")).arg(fixture.path());
    // And no compiled files beside the sources.
    command.env("PYTHONPATH", &*PACKAGES);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Contender::start(&mut command)
}

#[test]
#[cfg_attr(
    no_python,
    ignore = "there is no Python, or no pip (Debian: python3, python3-pip)"
)]
fn python_and_the_program_exclude_each_other() {
    exclude_each_other([python, native]);
}

#[test]
#[cfg_attr(
    no_python,
    ignore = "there is no Python, or no pip (Debian: python3, python3-pip)"
)]
fn each_takes_over_what_the_other_left() {
    take_over_from_each_other([python, native]);
}

#[test]
#[cfg_attr(
    no_python,
    ignore = "there is no Python, or no pip (Debian: python3, python3-pip)"
)]
fn an_owner_that_may_live_is_not_dead_to_python() {
    let me = Identity::mine(Fixture::free().path());
    for (identity, liveness) in [
        (me.clone(), "alive: running"),
        (me.clone().with('t', "1"), "alive: exists"),
        (me.clone().with('b', &"0".repeat(32)), "unknown: other-boot"),
        (me.clone().with('n', "1"), "unknown: other-namespace"),
        (me.clone().without('n'), "unknown: unreadable"),
    ] {
        let fixture = Fixture::free();
        identity.leave(&fixture);
        let why = is_refused(python(&fixture));
        assert!(why.contains(liveness), "{why}");
    }
    // This process keeps a lock on a file, and the file's maker had this process's pid.
    let kept = Fixture::free().with("kept", "");
    let file = File::open(kept.path().join("kept")).expect("it is there");
    file.lock().expect("no process keeps it locked");
    let fixture = Fixture::free();
    me.clone().with('s', "1").leave(&fixture);
    let why = is_refused(python(&fixture));
    assert!(why.contains("alive: evidence"), "{why}");
}

#[test]
#[cfg_attr(
    no_python,
    ignore = "there is no Python, or no pip (Debian: python3, python3-pip)"
)]
fn who_is_certainly_dead_is_so_to_python() {
    let me = Identity::mine(Fixture::free().path());
    let fixture = Fixture::free();
    me.with('p', NO_PROCESS.trim()).leave(&fixture);
    let complaints = ends(gets_in(python(&fixture)), &fixture);
    assert!(complaints.contains("dead: no-process"), "{complaints}");
    for (content, reason) in [(NO_PROCESS, "no-process"), ("", "malformed")] {
        let fixture = Fixture::free().with_old("tinyforge.lock", content);
        let complaints = ends(gets_in(python(&fixture)), &fixture);
        assert!(complaints.contains(reason), "{complaints}");
    }
}
