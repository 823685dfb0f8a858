//! The commands on the page for users of flock and its kin, run as they stand.
//!
//! On POSIX systems alone: the page is for shells.
#![cfg(unix)]

mod holds;
// The kernel's evidence, and mounts.
#[cfg(target_os = "linux")]
mod linux;

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Output},
};

use lockhost_tests::{contender::Contender, program::lockhost};
use tempfile::TempDir;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/from-flock.md");

/// A place where the page's commands find the directories and programs that they name.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = TempDir::with_prefix("lockhost-from-").expect("a temporary directory");
        for directory in ["data", "a", "b", "bin"] {
            fs::create_dir(place.path().join(directory)).expect("a directory in it");
        }
        symlink(lockhost(), place.path().join("bin/lockhost")).expect("a link in it");
        let app = "#!/bin/sh\necho \"app has $LOCKHOST_DIR\"\n";
        program(&place.path().join("bin/app"), app);
        Self(place)
    }

    /// Runs a command as cron does: by sh, with next to nothing in its environment.
    fn run(&self, command: &str) -> Output {
        let path = format!("{}/bin:/usr/bin:/bin", self.0.path().display());
        Command::new("sh")
            .args(["-c", command])
            .current_dir(self.0.path())
            .env_clear()
            .envs([("PATH", path.as_str()), ("HOME", "/"), ("SHELL", "/bin/sh")])
            .output()
            .expect("sh can be started")
    }

    /// Returns whether no file is left in any of its directories.
    fn is_clean(&self) -> bool {
        let is_empty = |it| fs::read_dir(self.0.path().join(it)).is_ok_and(|it| it.count() == 0);
        ["data", "a", "b"].into_iter().all(is_empty)
    }
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).expect("it can be written");
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("its mode can be set");
}

fn page() -> String {
    fs::read_to_string(PAGE).expect("the page is there")
}

/// Returns a block of this language.
fn block(language: &str) -> String {
    let page = page();
    let (_, block) = page
        .split_once(&format!("```{language}\n"))
        .expect(language);
    let (block, _) = block.split_once("```").expect("its end");
    block.to_owned()
}

#[test]
fn each_command_of_the_table_does_what_it_says() {
    let page = page();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<_> = row.split(" | ").collect();
        let Some(command) = cells[1].strip_prefix("`lockhost ") else {
            assert_eq!(cells[1], "the same");
            continue;
        };
        let command = format!("lockhost {}", command.trim_end_matches('`'));
        let place = Place::new();
        let output = place.run(&command);
        let code = if command.contains(" status ") { 3 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{command}: {output:?}");
        if code == 0 {
            let told = String::from_utf8_lossy(&output.stdout);
            assert!(told.starts_with("app has /"), "{command}: {told}");
        }
        assert!(place.is_clean(), "{command}");
        count += 1;
    }
    assert!(count > 12, "{count}");
}

#[test]
fn a_script_that_locks_itself_runs_once_with_its_arguments() {
    let place = Place::new();
    let script = block("sh");
    program(&place.0.path().join("bin/script"), &script);
    let output = place.run("script");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(told.ends_with("/data is ours\n"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(place.is_clean());
}

/// Returns the place, with the script of the page in it.
fn place_of_the_script() -> Place {
    let place = Place::new();
    program(&place.0.path().join("bin/script"), &block("sh"));
    place
}

#[test]
fn a_script_under_another_lock_takes_its_own() {
    let place = place_of_the_script();
    let output = place.run("lockhost acquire a -- script");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(told.ends_with("/data is ours\n"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(place.is_clean());
}

#[test]
fn a_script_that_has_its_lock_goes_on_with_it() {
    let place = place_of_the_script();
    let output = place.run("lockhost acquire data -- script");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_script_with_the_variables_of_another_lock_is_refused() {
    let place = place_of_the_script();
    let data = place.0.path().join("data");
    let owner = Contender::owner(&data);
    let (path, pid) = (data.display(), owner.pid());
    let variables =
        format!("LOCKHOST_DIR={path} LOCKHOST_LOCK={path}/tinyforge.lock LOCKHOST_PID={pid}");
    let output = place.run(&format!("{variables} script"));
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[test]
fn the_line_for_cron_is_silent_while_the_lock_is_held() {
    let place = Place::new();
    let line = block("cron");
    let (times, command) = line.trim().split_at("*/5 * * * * ".len());
    assert_eq!(times, "*/5 * * * * ");
    let command = command.replace("/srv/app", &place.0.path().display().to_string());
    assert!(place.run(&command).status.success());
    let _lock = lockhost::acquire(place.0.path().join("data")).unwrap();
    let output = place.run(&command);
    assert!(output.status.success(), "{output:?}");
    assert!(
        output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
}
