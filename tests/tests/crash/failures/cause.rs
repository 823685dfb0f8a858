//! The system's own words for a failure for which WASI has no code, and for a working directory that is gone.

use std::process::{Command, Output};

use super::{crashed, points, run};
use lockhost_tests::{
    fixture::Fixture,
    program::{ended, lockhost, text},
};

/// Returns the program's one line, if a system call fails for every path in the directory.
fn line_if(inject: &str, fixture: &Fixture) -> String {
    let call = inject.split(':').next().unwrap();
    let output = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={inject}")])
        .arg(lockhost())
        .args(["acquire", text(fixture.path()), "--", "true"])
        .output()
        .expect("strace can be started");
    let (code, line) = ended(output);
    assert_eq!(code, Some(1), "{inject}: {line}");
    line
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn a_failure_names_call_file_and_cause() {
    for (inject, what) in [
        ("linkat:error=EDQUOT", "cannot link D/: disk quota exceeded"),
        (
            "linkat:error=EROFS",
            "cannot link D/: read-only file system",
        ),
        (
            "linkat:error=ENAMETOOLONG",
            "cannot link D/: file name too long",
        ),
        (
            "pwrite64:error=EDQUOT",
            "cannot write D/: disk quota exceeded",
        ),
        (
            "pwrite64:error=ESTALE",
            "cannot write D/: Stale file handle (os error 116)",
        ),
        (
            "unlinkat:error=ESTALE",
            "cannot remove D/: Stale file handle (os error 116)",
        ),
    ] {
        let fixture = Fixture::free();
        let line = line_if(inject, &fixture);
        let (before, after) = what.split_once("D/").unwrap();
        let before = format!("{before}{}/", fixture.path().display());
        assert!(line.contains(&before), "{inject}: {line}");
        assert!(line.contains(after), "{inject}: {line}");
        assert!(!line.contains("WASI"), "{inject}: {line}");
    }
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn too_few_descriptors_are_said_to_be_too_few() {
    let starts: [fn() -> Fixture; 2] = [Fixture::free, crashed];
    let first = [
        ("O_CREAT", "cannot create "),
        ("\"tinyforge.lock\", O_RDONLY", "cannot open "),
    ];
    for (start, (part, what)) in starts.into_iter().zip(first) {
        let calls = points(&start()).into_iter();
        let mut opens = calls.filter(|it| it.name == "openat" && it.text.contains(part));
        let call = opens.next().expect("it opens a file");
        for (error, cause) in [
            ("ENFILE", ": Too many open files in system (os error 23)"),
            ("EMFILE", ": Too many open files (os error 24)"),
        ] {
            let fixture = start();
            let words = run(&call, error, &fixture).words;
            let line = words.trim_end();
            assert!(line.contains(what) && line.ends_with(cause), "{line}");
            assert!(line.contains(text(fixture.path())), "{line}");
        }
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can mount")]
fn a_read_only_mount_is_said_to_be_one() {
    let fixture = Fixture::free();
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && exec \"$0\" acquire \"$1\"";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(lockhost())
        .arg(fixture.path())
        .output();
    let (code, line) = ended(output.unwrap());
    assert_eq!(code, Some(1), "{line}");
    assert!(line.contains("cannot create "), "{line}");
    assert!(
        line.trim_end().ends_with(": read-only file system"),
        "{line}"
    );
}

/// Runs a command in a working directory that was removed.
fn in_a_removed_directory(script: &str, fixture: &Fixture) -> Output {
    Command::new("sh")
        .args([
            "-c",
            &format!("mkdir gone d && cd gone && rmdir ../gone && {script}"),
        ])
        .arg(lockhost())
        .arg(fixture.path())
        .current_dir(fixture.path())
        .output()
        .unwrap()
}

#[test]
fn a_working_directory_that_is_gone_is_said_to_be_gone() {
    for (script, code) in [
        ("exec \"$0\" acquire ../d -- echo here", 126),
        ("exec \"$0\" acquire \"$1/d\" -- ./echo", 127),
    ] {
        let fixture = Fixture::free();
        let (found, line) = ended(in_a_removed_directory(script, &fixture));
        assert_eq!(found, Some(code), "{line}");
        assert!(
            line.contains(
                "  hint: start in a directory that exists: the working directory was removed"
            ),
            "{line}"
        );
        assert_eq!(
            std::fs::read_dir(fixture.path().join("d")).unwrap().count(),
            0
        );
    }
}
