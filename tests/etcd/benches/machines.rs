//! What a lock of many machines costs, beside a lock of one machine and beside `etcdctl lock`, in one run, in turn.
//!
//!     LOCKHOST_PROGRAM=PATH cargo bench -p lockhost-etcd-tests
//!
//! PATH is a program of the profile `dist`, with `lockhost-etcd` beside it. etcd keeps its data in memory, so that a disk does not
//! decide. Root is needed, as for the tests.

#[cfg(unix)]
fn main() {
    run::main();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod run {
    use std::{
        env, fs,
        path::Path,
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    use lockhost_etcd_tests::{
        bed::{Bed, Intervals, Machine, Owner},
        programs::lockhost,
        server::Server,
    };

    const ROUNDS: usize = 40;
    const REST: Duration = Duration::from_secs(60);

    pub(super) fn main() {
        // Cargo runs it as a test as well.
        if !env::args().any(|it| it == "--bench") {
            return;
        }
        let bed = Bed::new();
        let member = bed.machine("etcd");
        let servers = bed.coordinator(&[&member]);
        let first = bed.machine("first");
        println!("| what | median | of lockhost without a coordinator |\n| --- | --- | --- |");
        acquire(&bed, &servers[0], &first);
        println!("\n| what | costs an hour |\n| --- | --- |");
        rest(&servers[0], &first);
        println!("\n| what | acts again after |\n| --- | --- |");
        take_over(&bed, &servers[0], first);
    }

    /// Measures a command that does nothing, under each lock in turn.
    fn acquire(bed: &Bed, server: &Server, machine: &Machine) {
        let directory = bed.volume().with_file_name("alone");
        fs::create_dir(&directory).expect("a folder");
        let coordinator = format!("--coordinator={}?directory=bench", server.url());
        let alone = || {
            let mut command = machine.command(&lockhost());
            command.args(["acquire", "--quiet"]).arg(&directory);
            command
        };
        let beside = || {
            let mut command = machine.command(&lockhost());
            command.args(["acquire", "--quiet", &coordinator]);
            command.arg(bed.volume());
            command
        };
        let etcdctl = || etcdctl(machine, server, "bench", 10);
        let commands: [(&str, &dyn Fn() -> Command); 3] = [
            ("`lockhost acquire`, one machine", &alone),
            ("`lockhost acquire --coordinator`", &beside),
            ("`etcdctl lock`", &etcdctl),
        ];
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for (nth, (what, command)) in commands.iter().enumerate() {
                let begun = Instant::now();
                let mut command = command();
                if nth < 2 {
                    command.arg("--");
                }
                let output = command.arg("true").output().expect("it starts");
                assert!(output.status.success(), "{what}: {output:?}");
                times[nth].push(begun.elapsed());
            }
        }
        let medians = times.map(|mut times| {
            times.sort();
            times[times.len() / 2]
        });
        for ((what, _), median) in commands.iter().zip(medians) {
            let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
            println!(
                "| {what} | {:.1} ms | {ratio:.1} |",
                median.as_secs_f64() * 1e3
            );
        }
    }

    /// Measures an owner whose command sleeps.
    fn rest(server: &Server, machine: &Machine) {
        let url = server.url();
        let mut owner = machine.acquire_with("rest", &url, Intervals::USUAL, &[], &[]);
        owner.acts();
        let before = (processor(&owner), bytes(machine));
        thread::sleep(REST);
        let after = (processor(&owner), bytes(machine));
        let hours = REST.as_secs_f64() / 3600.0;
        let seconds = (after.0 - before.0) / hours;
        println!("| processor of lockhost, its deadman and `lockhost-etcd` | {seconds:.1} s |");
        let mebibytes = (after.1 - before.1) / hours / f64::from(1 << 20);
        println!("| bytes in the network, both ways | {mebibytes:.1} MiB |");
        owner.stop();
    }

    /// Returns the processor time of lockhost and its helpers, in seconds.
    fn processor(owner: &Owner) -> f64 {
        let renewer = owner.renewer();
        let of_lockhost = owner.helpers().into_iter().chain([renewer]);
        of_lockhost.map(processor_of).sum()
    }

    fn processor_of(pid: u32) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let fields = stat.rsplit(") ").next().expect("fields");
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = |nth: usize| fields[nth].parse::<f64>().expect("a number");
        // A hundredth of a second each.
        (ticks(11) + ticks(12)) / 100.0
    }

    fn bytes(machine: &Machine) -> f64 {
        let files = ["rx_bytes", "tx_bytes"];
        let files = files.map(|it| format!("/sys/class/net/eth0/statistics/{it}"));
        // The file system shows the network of the process that mounted it.
        let script = "mount -t sysfs none /sys && cat \"$@\"";
        let mut command = machine.command(Path::new("unshare"));
        command.args(["--mount", "sh", "-ec", script, "sh"]);
        let output = command.args(files).output().expect("it starts");
        let text = String::from_utf8(output.stdout).expect("a text");
        let numbers = text
            .lines()
            .map(|line| line.parse::<f64>().expect("a number"));
        numbers.sum()
    }

    /// Measures how long no command acts after a machine has lost its power.
    fn take_over(bed: &Bed, server: &Server, mut first: Machine) {
        let second = bed.machine("second");
        let url = server.url();
        let mut owner = first.acquire("first", &url, Intervals::USUAL);
        owner.acts();
        let mut asker = second.acquire("second", &url, Intervals::USUAL);
        let script = ["sh", "-c", "echo acting; exec sleep infinity"];
        let lock = |machine: &Machine| {
            let mut command = etcdctl(machine, server, "failover", 10);
            Owner::of("etcdctl", command.args(script).stdin(Stdio::null()))
        };
        let mut held = lock(&first);
        held.acts();
        let mut waiting = lock(&second);
        let killed = Instant::now();
        first.kill();
        let both = thread::scope(|scope| {
            let lockhost = scope.spawn(|| {
                asker.acts();
                killed.elapsed()
            });
            let etcdctl = scope.spawn(|| {
                waiting.acts();
                killed.elapsed()
            });
            [lockhost, etcdctl].map(|it| it.join().expect("it acts"))
        });
        let names = [
            "`lockhost acquire --coordinator`, D 10 s",
            "`etcdctl lock --ttl=10`",
        ];
        for (name, time) in names.into_iter().zip(both) {
            println!("| {name} | {:.1} s |", time.as_secs_f64());
        }
    }

    fn etcdctl(machine: &Machine, server: &Server, name: &str, seconds: u32) -> Command {
        let mut command = machine.command(Path::new("etcdctl"));
        command
            .env("ETCDCTL_API", "3")
            .arg(format!("--endpoints={}", server.endpoint()))
            .args(["lock", &format!("--ttl={seconds}"), "--", name]);
        command
    }
}
