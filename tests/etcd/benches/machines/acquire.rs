//! A command that does nothing, under each lock in turn.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use lockhost_etcd_tests::{
    bed::{Bed, Machine},
    programs::lockhost,
    server::Server,
};

const ROUNDS: usize = 40;

pub(super) fn measure() {
    let bed = Bed::new();
    let member = bed.machine("etcd");
    let servers = bed.coordinator(&[&member]);
    let machine = bed.machine("first");
    let directory = bed.volume().with_file_name("alone");
    fs::create_dir(&directory).expect("a folder");
    let alone = || {
        let mut command = machine.command(&lockhost());
        command.args(["acquire", "--quiet"]).arg(&directory);
        command.arg("--");
        command
    };
    let beside = || {
        let mut command = machine.command(&lockhost());
        let coordinator = format!("--coordinator={}?directory=bench", servers[0].url());
        command.args(["acquire", "--quiet", &coordinator]);
        command.arg(bed.volume()).arg("--");
        command
    };
    let etcdctl = || etcdctl(&machine, &servers[0], "bench");
    let commands: [(&str, &dyn Fn() -> Command); 3] = [
        ("`lockhost acquire`, one machine", &alone),
        ("`lockhost acquire --coordinator`", &beside),
        ("`etcdctl lock`", &etcdctl),
    ];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (times, (what, command)) in times.iter_mut().zip(&commands) {
            times.push(time(what, command()));
        }
    }
    let medians = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    });
    println!(
        "| `-- true` under | median | of lockhost without a coordinator |\n| --- | --- | --- |"
    );
    for ((what, _), median) in commands.iter().zip(medians) {
        println!("| {what} | {median:.1} ms | {:.1} |", median / medians[0]);
    }
    println!();
}

fn time(what: &str, mut command: Command) -> Duration {
    let begun = Instant::now();
    let output = command.arg("true").output().expect("it starts");
    assert!(output.status.success(), "{what}: {output:?}");
    begun.elapsed()
}

/// Returns the beginning of a command under a lock of etcdctl's.
pub(super) fn etcdctl(machine: &Machine, server: &Server, name: &str) -> Command {
    let mut command = machine.command(Path::new("etcdctl"));
    command
        .env("ETCDCTL_API", "3")
        .arg(format!("--endpoints={}", server.endpoint()))
        .args(["lock", "--ttl=10", "--", name]);
    command
}
