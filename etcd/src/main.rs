//! The program `lockhost-etcd`, which `lockhost` starts for coordinators at `etcd://…`.

#![deny(unsafe_code)]

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use lockhost_etcd::serve::{PROGRAM, serve};

const HELP: &str = include_str!("help.txt");

const USAGE: &str = "usage: lockhost-etcd [--help | --version]";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(|it| it.to_string_lossy()).collect();
    match arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>()[..] {
        [] => run(),
        ["-h" | "--help"] => print(HELP),
        ["-V" | "--version"] => print(&format!("{PROGRAM}\n")),
        _ => {
            complain(
                "it takes no arguments: lockhost writes requests to its standard input",
                USAGE,
            );
            2.into()
        }
    }
}

fn run() -> ExitCode {
    match serve(io::stdin().lock(), io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        // As `lockhost` has ended.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let hint = "it is started by lockhost: lockhost acquire --coordinator etcd://HOST …";
            complain(&format!("cannot read requests: {error}"), hint);
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain("cannot write to standard output", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn complain(what: &str, hint: &str) {
    // With one call, so that the lines of processes that share it do not mix.
    let _ = io::stderr().write_all(format!("lockhost-etcd: {what}\n  hint: {hint}\n").as_bytes());
}
