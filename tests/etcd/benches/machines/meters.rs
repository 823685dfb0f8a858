//! What processes and machines have used so far, as their kernel counts it.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use lockhost_etcd_tests::bed::Machine;

/// Returns the processor time of a process, in seconds.
pub(super) fn processor(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let times = threads.filter_map(|thread| {
        let times = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e9
}

/// Returns how many bytes a process has caused to be written to disks.
pub(super) fn written(pid: u32) -> f64 {
    let counts = fs::read_to_string(format!("/proc/{pid}/io")).expect("it runs");
    let mut lines = counts.lines();
    let written = lines.find_map(|line| line.strip_prefix("write_bytes: "));
    written
        .and_then(|it| it.parse().ok())
        .expect("the kernel counts them")
}

/// Returns how many bytes a machine has received and sent.
pub(super) fn bytes(machine: &Machine) -> f64 {
    let files = ["rx_bytes", "tx_bytes"];
    let files = files.map(|it| format!("/sys/class/net/eth0/statistics/{it}"));
    // The file system shows the network of the process that mounted it.
    let script = "mount -t sysfs none /sys && cat \"$@\"";
    let mut command = machine.command(Path::new("unshare"));
    command.args(["--mount", "sh", "-ec", script, "sh"]);
    let output = command.args(files).output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("a text");
    let numbers = text.lines();
    let numbers = numbers.map(|line| line.parse::<f64>().expect("a number"));
    numbers.sum()
}

/// Returns the seconds of all processors since the boot: those in which one worked, and all.
pub(super) fn machine() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/stat").expect("a file");
    let first = stat.lines().next().expect("a line");
    let ticks = first.split_whitespace().skip(1).take(8);
    let ticks: Vec<f64> = ticks.map(|it| it.parse().expect("a number")).collect();
    let all: f64 = ticks.iter().sum();
    // A hundredth of a second each. The fourth and fifth are idle.
    ((all - ticks[3] - ticks[4]) / 100.0, all / 100.0)
}

/// The system calls of a process, which perf(1) counts for some time.
pub(super) struct SystemCalls(Option<Child>);

impl SystemCalls {
    /// Begins to count.
    pub(super) fn of(pid: u32, time: Duration) -> Self {
        let seconds = time.as_secs().to_string();
        let mut perf = Command::new("perf");
        perf.args(["stat", "-e", "raw_syscalls:sys_enter", "-x,", "-p"]);
        perf.args([&pid.to_string(), "--", "sleep", &seconds]);
        let perf = perf.stdin(Stdio::null()).stderr(Stdio::piped());
        Self(perf.spawn().ok())
    }

    /// Waits for the end. Returns how many, unless there is no perf(1).
    pub(super) fn count(self) -> Option<f64> {
        let output = self.0?.wait_with_output().ok()?;
        let lines = String::from_utf8(output.stderr).ok()?;
        let line = lines.lines().find(|line| line.contains("sys_enter"))?;
        let count = line.split(',').next()?;
        // It counts nothing of a process that makes none.
        Some(count.parse().unwrap_or(0.0))
    }
}
