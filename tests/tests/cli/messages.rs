//! The program's part of `docs/messages.md`, the list of all messages. `host/src/tests/messages.rs` writes the library's.
//!
//! On POSIX systems alone: the commands are typed into a shell, and the list has the messages of such a system.
#![cfg(unix)]

use std::{
    fs,
    process::{Command, Stdio},
};

use lockhost_tests::{fixture::Fixture, program::lockhost};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/messages.md");

/// The part of the list that comes from here.
const PART: [&str; 2] = ["<!-- from the program -->\n", "<!-- and until here -->"];

/// The commands, where `D` is a directory and the environment may come first.
const TYPED: [&str; 31] = [
    "lockhost acquire D/missing",
    "lockhost acquire D D/missing",
    "lockhost acquire --mkdir D/file/below",
    "lockhost acquire --name other D",
    "lockhost acquire D -- ./no-such-command",
    "lockhost acquire D -- D/file",
    "lockhost acquire D --",
    "lockhost acquire --wait 30s D",
    "lockhost acquire D true",
    "lockhost acquire --name= D",
    "LOCKHOST_WAIT=soon lockhost acquire D",
    "LOCKHOST_NAME=other lockhost acquire D",
    "lockhost acquire --wait=soon D",
    "lockhost acquire -E 256 D",
    "lockhost acquire --close D",
    "lockhost acquire --on-lost=ignore D",
    "lockhost acquire --coordinator=consul://a?directory=b D",
    "lockhost acquire --coordinator=D/missing D",
    "lockhost acquire --coordinator=D/file D",
    "lockhost acquire --coordinator=etcd://a D",
    "lockhost acquire --coordinator=etcd://a?directory=b --deadline=5s D",
    "LOCKHOST_LOG=loud lockhost acquire D -- true",
    "NOTIFY_SOCKET=D/missing lockhost acquire D -- true",
    "lockhost acquire D >/dev/full",
    "lockhost status D/missing",
    "lockhost status D >/dev/full",
    "lockhost holds D/file",
    "lockhost break --owner=1-p4711 D",
    "lockhost break D",
    "lockhost doctor D/missing",
    "lockhost component >/dev/full",
];

/// Returns what is typed, the exit code, and standard error up to an empty line.
fn printed(typed: &str) -> String {
    let fixture = Fixture::free();
    let directory = fixture.path().to_str().unwrap();
    fs::write(fixture.path().join("file"), "no program\n").unwrap();
    let script = format!("lockhost() {{ \"$LOCKHOST\" \"$@\"; }}; {typed}").replace("D/", "$D/");
    let script = script.replace(" D", " $D");
    let output = Command::new("sh")
        .args(["-c", &script])
        .env_remove("LOCKHOST_NAME")
        .env_remove("LOCKHOST_WAIT")
        .env_remove("LOCKHOST_COORDINATOR")
        .env("LOCKHOST", lockhost())
        .env("D", directory)
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    let text = String::from_utf8_lossy(&output.stderr).replace(directory, "D");
    let lines = text.lines().take_while(|line| !line.is_empty());
    let lines: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
    let code = output.status.code().expect("it ends by itself");
    format!("$ {typed}  # exit code {code}\n{lines}")
}

// The list is that of a program with the component.
#[test]
#[cfg_attr(not(feature = "component"), ignore = "the program has no component")]
fn the_list_has_every_message_of_the_program() {
    let page = fs::read_to_string(LIST).unwrap();
    let (before, rest) = page.split_once(PART[0]).unwrap();
    let (present, after) = rest.split_once(PART[1]).unwrap();
    let blocks = TYPED.map(printed).join("\n");
    let list = format!("\n```text\n{blocks}```\n\n");
    if present == list {
        return;
    }
    let [begin, end] = PART;
    fs::write(LIST, format!("{before}{begin}{list}{end}{after}")).unwrap();
    panic!("docs/messages.md was out of date and is written anew: read it, and test again");
}
