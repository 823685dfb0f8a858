//! The files for packages, installed by the documented command and used by the programs that they are for.
//!
//! On POSIX systems alone: the files are for those systems' packages.
#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use lockhost_tests::program::lockhost;
use tempfile::TempDir;

const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/dist");

/// Installs all files, under a prefix of their own.
fn installed() -> (TempDir, PathBuf) {
    let place = TempDir::with_prefix("lockhost-installed-").expect("a temporary directory");
    let status = Command::new(Path::new(DIST).join("install"))
        .arg("/opt/lockhost")
        .env("DESTDIR", place.path())
        .status()
        .expect("it can be started");
    assert!(status.success());
    let share = place.path().join("opt/lockhost/share");
    (place, share)
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    assert!(output.status.success(), "{command:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn there_is_a_page_for_every_command() {
    let (_place, share) = installed();
    let help = run(Command::new(lockhost()).arg("--help"));
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split(' ').next());
    let mut expected: Vec<_> = commands
        .filter(|command| *command != "help")
        .map(|command| format!("lockhost-{command}.1"))
        .chain(["lockhost.1".to_owned()])
        .collect();
    expected.sort();
    let pages = pages(&share).into_iter();
    let pages: Vec<_> = pages
        .map(|page| page.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(pages, expected);
    assert!(pages.len() > 4);
}

/// Returns the pages of the manual that are installed.
fn pages(share: &Path) -> Vec<PathBuf> {
    let pages = fs::read_dir(share.join("man/man1")).unwrap();
    let mut pages: Vec<_> = pages.map(|page| page.unwrap().path()).collect();
    pages.sort();
    pages
}

#[test]
fn every_page_has_the_sections_of_a_manual() {
    let (_place, share) = installed();
    for page in pages(&share) {
        let text = fs::read_to_string(&page).unwrap();
        let sections = text.lines().filter_map(|line| line.strip_prefix(".SH "));
        let sections: Vec<_> = sections.map(|title| title.trim_matches('"')).collect();
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXIT STATUS",
            "ENVIRONMENT",
            "EXAMPLES",
            "SEE ALSO",
        ] {
            assert!(sections.contains(&section), "{page:?}: {sections:?}");
        }
        let title = text.lines().find(|line| line.starts_with(".TH ")).unwrap();
        let mut quoted = title.split('"').skip(1).step_by(2);
        assert!(quoted.all(|part| part == part.trim()), "{title}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{page:?}");
    }
}

#[test]
#[cfg_attr(no_man, ignore = "man or mandoc is missing")]
fn the_programs_for_manuals_find_no_flaw_in_a_page() {
    let (_place, share) = installed();
    for page in pages(&share) {
        let shown = run(Command::new("man")
            .env("LC_ALL", "C.UTF-8")
            .args(["--warnings", "--local-file"])
            .arg(&page));
        assert!(shown.contains("SYNOPSIS"), "{shown}");
        let lint = Command::new("mandoc")
            .args(["-T", "lint"])
            .arg(&page)
            .output()
            .expect("it can be started");
        let lint = String::from_utf8_lossy(&lint.stdout).into_owned();
        // A page has the version of the program, and no date.
        let flaws: Vec<_> = lint
            .lines()
            .filter(|it| !it.contains("missing date"))
            .collect();
        assert!(flaws.is_empty(), "{flaws:#?}");
    }
}

#[test]
#[cfg_attr(no_shells, ignore = "bash, zsh or fish is missing")]
fn every_shell_completes_a_command() {
    let (_place, share) = installed();
    let bash = "source \"$0\" && COMP_WORDS=(lockhost sta) COMP_CWORD=1 && _lockhost lockhost sta lockhost && \
                echo \"${COMPREPLY[*]}\"";
    let told = run(Command::new("bash")
        .args(["--norc", "-c", bash])
        .arg(share.join("bash-completion/completions/lockhost")));
    assert_eq!(told, "status\n");
    let fish = "source $argv[1]; complete --do-complete 'lockhost sta'";
    let told = run(Command::new("fish")
        .args(["--no-config", "--command", fish])
        .arg(share.join("fish/vendor_completions.d/lockhost.fish")));
    assert!(told.starts_with("status\t"), "{told}");
    // The completions only show at a prompt; this checks that they load as a function of that name.
    let zsh = "fpath=($1 $fpath); autoload -Uz compinit && compinit -u -D && print $_comps[lockhost] && \
               autoload -Uz +X _lockhost";
    let told = run(Command::new("zsh")
        .args(["-f", "-c", zsh, "zsh"])
        .arg(share.join("zsh/site-functions")));
    assert_eq!(told, "_lockhost\n");
}
