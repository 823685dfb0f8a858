//! The program: its arguments, its end, and its manual.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

const HELP: &str = include_str!("../src/help.txt");

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lockhost-etcd"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    // One that has ended does not read it.
    let _ = program.stdin.take().expect("a pipe").write_all(input);
    program.wait_with_output().expect("its output")
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("a text")
}

#[test]
fn help_and_version_are_printed() {
    for option in ["--help", "-h"] {
        let output = run(&[option], b"");
        assert!(output.status.success());
        assert_eq!(text(&output.stdout), HELP);
    }
    for option in ["--version", "-V"] {
        let output = run(&[option], b"");
        let version = format!("lockhost-etcd {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(text(&output.stdout), version);
    }
}

#[test]
fn an_argument_is_wrong_usage() {
    for arguments in [&["etcd://one"][..], &["--help", "--version"], &["--colour"]] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        assert!(text(&output.stderr).contains("\n  hint: usage: lockhost-etcd"));
    }
}

#[test]
fn it_ends_with_its_input() {
    let output = run(&[], b"");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    let hello =
        br#"{"id": 5, "op": "hello", "protocol": 1, "url": "etcd://one/prod", "timeout_ms": 1}"#;
    let output = run(&[], hello);
    assert!(output.status.success(), "{output:?}");
    let answer = text(&output.stdout);
    assert!(
        answer.starts_with("{\"id\":5,\"ok\":{") && answer.ends_with("}\n"),
        "{answer}"
    );
    assert!(
        answer.contains("\"coordinator\":\"etcd at http://one:2379\""),
        "{answer}"
    );
}

#[test]
fn a_line_that_is_no_request_ends_it_with_an_error() {
    let long = "x".repeat(70_000);
    for (input, why) in [
        (&b"hello\n"[..], "a line is no JSON object"),
        (b"[]\n", "a line is no JSON object"),
        (b"\n", "a line is no JSON object"),
        (b"{\"op\": \"hello\"}\n", "a request has no 'id'"),
        (b"{\"id\": \"1\"}\n", "a request has no 'id'"),
        (b"\xff\n", "a line is not in UTF-8"),
        (long.as_bytes(), "a line is longer than 65,536 bytes"),
    ] {
        let output = run(&[], input);
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(output.stdout.is_empty());
        let message = text(&output.stderr);
        assert!(
            message.contains(why) && message.contains("\n  hint: "),
            "{message}"
        );
    }
}

/// Returns a text as roff writes it.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
}

/// Returns the manual's page, made from the help.
fn manual() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = HELP.lines();
    let about = lines.next().expect("a first line").trim_end_matches('.');
    let about = about.replacen('C', "c", 1);
    let mut page = format!(
        ".TH LOCKHOST\\-ETCD 1 \"\" \"lockhost {version}\" \"lockhost manual\"\n.SH NAME\nlockhost\\-etcd \\- {}\n",
        roff(&about)
    );
    let mut was_blank = false;
    let mut was_section = true;
    for line in lines {
        let heading = line.split_once(':').filter(|(name, _)| {
            was_blank && ["Usage", "Address", "Options", "Environment", "Exit codes"].contains(name)
        });
        let row = line.strip_prefix("  ").filter(|it| !it.starts_with(' '));
        if let Some((name, rest)) = heading {
            let name = match name {
                "Usage" => "SYNOPSIS",
                "Exit codes" => "EXIT STATUS",
                name => &name.to_uppercase(),
            };
            page += &format!(".SH \"{name}\"\n");
            if !rest.is_empty() {
                page += &format!("{}\n", roff(rest.trim_start()));
            }
            if name == "SYNOPSIS" {
                page += ".SH DESCRIPTION\n";
            }
        } else if let Some((name, meaning)) = row.and_then(|it| it.split_once("  ")) {
            page += &format!(
                ".TP\n\\fB{}\\fR\n{}.\n",
                roff(name),
                roff(meaning.trim_start())
            );
        } else if let Some(example) = line.strip_prefix("    ") {
            page += &format!(".PP\n.EX\n    {}\n.EE\n", roff(example));
        } else if !line.is_empty() {
            if was_blank && !was_section {
                page += ".PP\n";
            }
            page += &format!("{}\n", roff(line));
        }
        was_section = heading.is_some();
        was_blank = line.is_empty();
    }
    page + ".SH \"SEE ALSO\"\n\\fBlockhost\\fR(1), \\fBetcdctl\\fR(1)\n"
}

#[test]
fn the_manual_is_made_from_the_help() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/lockhost-etcd.1");
    let manual = manual();
    if fs::read_to_string(&path).ok().as_ref() != Some(&manual) {
        fs::write(&path, manual).expect("the page can be written");
        panic!("{} was not up to date, and is now", path.display());
    }
}
