//! The four tutorials, run as they stand: each command in the order of the page, in a directory of its own. What the
//! commands print is compared with the page, with the same pids and times in place of those of the run.
//!
//! On Linux alone: messages of other systems differ.
#![cfg(target_os = "linux")]

mod normal;

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use lockhost_tests::{
    component::workspace,
    program::{example, lockhost, text},
};
use tempfile::TempDir;

/// Separates the outputs of the commands.
const MARK: &str = "@@@ next @@@";

/// A reader waits for what a command in the background prints, and for the end of a process.
const UNTIL_HELD: &str = "until lockhost status data >/dev/null 2>&1; do :; done";
const UNTIL_ENDED: &str =
    "wait $! 2>/dev/null; while lockhost status data >/dev/null 2>&1; do :; done";

/// A page, in parts.
#[derive(Debug, PartialEq)]
enum Part<'a> {
    /// A line that stays as it is.
    Text(&'a str),
    /// A command at a shell's prompt, with the lines of a document that it reads.
    Command(Vec<&'a str>),
}

/// Returns a page's parts, without what its commands print.
fn parts(page: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut console = false;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            console = line == "```console";
            parts.push(Part::Text(line));
        } else if !console {
            parts.push(Part::Text(line));
        } else if line.starts_with("$ ") {
            let mut command = vec![line];
            if line.contains("<<'EOF'") {
                let document = lines.by_ref().take_while(|line| *line != "EOF");
                command.extend(document.collect::<Vec<_>>());
                command.push("EOF");
            }
            parts.push(Part::Command(command));
        }
    }
    parts
}

/// Returns a script that runs these commands as a person types them, and marks where each output ends.
fn script(parts: &[Part<'_>]) -> String {
    let mut script = "exec 2>&1\n".to_owned();
    for part in parts {
        let Part::Command(lines) = part else {
            continue;
        };
        let command = lines.join("\n");
        let command = &command[2..];
        script += command;
        script += "\nstatus=$?\n";
        if command.ends_with('&') {
            script += UNTIL_HELD;
        } else if command.starts_with("kill ") {
            script += UNTIL_ENDED;
        }
        // The next command may ask for `$?`.
        script += &format!("\necho '{MARK}'\n(exit $status)\n");
    }
    script
}

/// Returns the page, with these outputs below its commands.
fn printed(parts: &[Part<'_>], mut outputs: impl Iterator<Item = String>) -> String {
    let mut page = String::new();
    for part in parts {
        match part {
            Part::Text(line) => page = page + line + "\n",
            Part::Command(lines) => {
                page = page + &lines.join("\n") + "\n";
                page += &outputs.next().expect("each command ended");
            }
        }
    }
    page
}

/// Makes a place with `lockhost`, and with a `cargo` that runs this example in place of the page's package.
fn place(program: Option<&str>) -> TempDir {
    let place = TempDir::with_prefix("lockhost-tutorial-").expect("a temporary directory");
    let bin = place.path().join("bin");
    fs::create_dir(&bin).expect("a directory in it");
    fs::create_dir(place.path().join("hour")).expect("a directory in it");
    symlink(lockhost(), bin.join("lockhost")).expect("a link in it");
    if let Some(program) = program {
        let text = format!(
            "#!/bin/sh\n[ \"$1 $2\" = 'run --quiet' ] && shift 2 && [ \"$1\" != -- ] || shift\nexec '{}' \"$@\"\n",
            text(&example(program))
        );
        let cargo = bin.join("cargo");
        fs::write(&cargo, text).expect("it can be written");
        fs::set_permissions(cargo, Permissions::from_mode(0o755)).expect("its mode can be set");
    }
    place
}

/// Runs a page. If its outputs differ, it is written anew, and the test fails.
fn run(name: &str, program: Option<&str>) {
    let path = workspace().join("docs").join(name);
    let page = fs::read_to_string(&path).expect("the page can be read");
    if let Some(program) = program {
        shows(
            &page,
            &workspace().join(format!("host/examples/{program}.rs")),
        );
    }
    let parts = parts(&page);
    let place = place(program);
    let output = Command::new("sh")
        .arg("-c")
        .arg(script(&parts))
        .current_dir(place.path().join("hour"))
        .env_clear()
        .env(
            "PATH",
            format!("{}/bin:/usr/bin:/bin", place.path().display()),
        )
        .output()
        .expect("sh can be started");
    let output = String::from_utf8(output.stdout).expect("it is text");
    let output = normal::normalised(&output, text(place.path()));
    let end = format!("{MARK}\n");
    let outputs = output.split(&end).map(ToOwned::to_owned);
    let made = printed(&parts, outputs);
    if made != page {
        fs::write(&path, made).expect("the page can be written");
        panic!("docs/{name} was out of date and is written anew: read it, and test again");
    }
}

/// Checks that each block of Rust is in the example.
fn shows(page: &str, example: &Path) {
    let program = fs::read_to_string(example).expect("the example can be read");
    let blocks = page.split("```rust,ignore\n").skip(1);
    let blocks: Vec<_> = blocks
        .filter_map(|rest| rest.split("\n```").next())
        .collect();
    assert!(!blocks.is_empty());
    for block in &blocks {
        assert!(program.contains(block), "{example:?} has not:\n{block}");
    }
    // Nothing but the head of the file is left out.
    let begin = program.find("\nuse ").expect("it uses something") + 1;
    assert_eq!(blocks.join("\n\n"), program[begin..].trim_end());
}

#[test]
fn the_tutorial_for_scripts_runs_as_it_stands() {
    run("tutorial-scripts.md", None);
}

#[test]
fn the_tutorial_for_operators_runs_as_it_stands() {
    run("tutorial-operators.md", None);
}

#[test]
fn the_tutorial_for_rust_runs_as_it_stands() {
    run("tutorial-rust.md", Some("first"));
}

#[test]
fn the_tutorial_for_wasmtime_hosts_runs_as_it_stands() {
    run("tutorial-wasmtime.md", Some("first_host"));
}

#[test]
fn a_page_is_made_of_its_commands_and_new_outputs() {
    let page = "a\n```console\n$ cat <<'EOF'\nb\nEOF\nold\n$ c\n```\n$ d\n";
    let parts = parts(page);
    let document = Part::Command(vec!["$ cat <<'EOF'", "b", "EOF"]);
    assert!(parts.contains(&document), "{parts:?}");
    assert!(parts.contains(&Part::Text("$ d")), "no prompt");
    let outputs = ["b\n", ""].map(str::to_owned).into_iter();
    let made = printed(&parts, outputs);
    assert_eq!(made, page.replace("old", "b"));
}
