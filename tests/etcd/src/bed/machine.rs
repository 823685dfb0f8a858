//! One machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    namespaces::{Namespaces, beside_the_tests, run},
    owner::{Intervals, Owner},
    text, ticks_in,
};
use crate::{
    place::Place,
    programs::{folder_of_the_coordinator, lockhost},
};

/// A machine: processes, mounts, a host name, a network and a boot id of its own.
pub struct Machine {
    namespaces: Namespaces,
    name: String,
    address: String,
    folder: PathBuf,
    group: Option<PathBuf>,
    is_frozen: bool,
}

impl Machine {
    pub(super) fn start(root: &Namespaces, name: &str, number: u8, folder: &Path) -> Self {
        let kinds = ["--mount", "--net", "--pid", "--uts", "--mount-proc"];
        let namespaces = Namespaces::start(root.words(), &kinds);
        let (first, link) = (namespaces.first().to_string(), format!("machine{number}"));
        run(
            &root.words_of_the_network(),
            "ip link add \"$1\" type veth peer name eth0 netns \"$2\"
            ip link set \"$1\" master machines up",
            &[&link, &first],
        );
        let boot = folder.join(format!("boot{number}"));
        let id = format!("{number:02x}234567-89ab-cdef-0123-456789abcdef\n");
        fs::write(&boot, id).expect("a file");
        let address = format!("10.77.0.{number}");
        namespaces.run(
            "hostname \"$1\"
            mount --bind \"$2\" /proc/sys/kernel/random/boot_id
            ip link set lo up; ip address add \"$3/24\" dev eth0; ip link set eth0 up",
            &[name, text(&boot), &address],
        );
        Self {
            namespaces,
            name: name.to_owned(),
            address,
            folder: folder.to_owned(),
            group: group(number),
            is_frozen: false,
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the place for a member of a coordinator: it uses the network of this machine.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            address: self.address.clone(),
            words: self.namespaces.words_of_the_network(),
            has_own_network: true,
            storage: None,
        }
    }

    /// Returns the command that runs a program on this machine.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut words: Vec<&str> = Vec::new();
        if let Some(group) = &self.group {
            // A process joins the group before it is one of the machine.
            let script = "echo $$ > \"$0/cgroup.procs\"; exec \"$@\"";
            words.extend(["sh", "-c", script, text(group)]);
        }
        words.extend(self.namespaces.words().iter().map(String::as_str));
        let mut command = Command::new(words[0]);
        let path = std::env::var("PATH").unwrap_or_default();
        let coordinator = folder_of_the_coordinator().display();
        command
            .args(&words[1..])
            .arg(program)
            .env("PATH", format!("{coordinator}:{path}"));
        command
    }

    /// Starts `lockhost acquire` here with a coordinator at this URL. Its command writes in this name while it acts.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn acquire(&self, name: &str, url: &str, intervals: Intervals) -> Owner {
        self.acquire_with(name, url, intervals, &["--wait"], &[])
    }

    /// Does the same with other options, and with words in front of the command.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn acquire_with(
        &self,
        name: &str,
        url: &str,
        intervals: Intervals,
        options: &[&str],
        words: &[&str],
    ) -> Owner {
        let command = self.acquiring(url, intervals, options);
        self.ticking(name, command, words)
    }

    /// Does the same with a command that only sleeps.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn acquire_to_rest(&self, name: &str, url: &str, intervals: Intervals) -> Owner {
        let mut command = self.acquiring(url, intervals, &[]);
        let script = "echo acting; exec sleep infinity";
        command
            .arg(self.folder.join("volume"))
            .args(["--", "sh", "-c", script]);
        Owner::of(name, &mut command)
    }

    fn acquiring(&self, url: &str, intervals: Intervals, options: &[&str]) -> Command {
        let mut command = self.command(&lockhost());
        command.arg("acquire").args(options);
        if !url.is_empty() {
            let separator = if url.contains('?') { '&' } else { '?' };
            command.arg(format!("--coordinator={url}{separator}directory=volume"));
            command.args(intervals.options());
        }
        command
    }

    /// Starts `acquire` of another program here, without a coordinator: of an earlier version.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn acquire_by(&self, program: &Path, name: &str) -> Owner {
        let mut command = self.command(program);
        command.arg("acquire");
        self.ticking(name, command, &[])
    }

    fn ticking(&self, name: &str, mut command: Command, words: &[&str]) -> Owner {
        command
            .arg(self.folder.join("volume"))
            .arg("--")
            .args(words)
            .arg(beside_the_tests("ticker"))
            .arg(ticks_in(&self.folder))
            .arg(name);
        Owner::of(name, &mut command)
    }

    /// Mounts the volume here by a server of this machine alone, which can be stopped.
    ///
    /// # Panics
    /// If it cannot be mounted.
    pub fn mount_by_itself(&self) {
        let script = "bindfs \"$1/source\" \"$1/volume\"";
        self.namespaces.run(script, &[text(&self.folder)]);
    }

    /// Stops that server. Each call on the volume hangs here from now on.
    ///
    /// # Panics
    /// If there is none.
    pub fn hang_volume(&self) {
        self.signal_server("STOP");
    }

    /// Lets the server go on.
    ///
    /// # Panics
    /// If there is none.
    pub fn answer_for_volume(&self) {
        self.signal_server("CONT");
    }

    fn signal_server(&self, signal: &str) {
        // That of the other machines is outside of these namespaces.
        let script = "server=$(grep -lx bindfs /proc/[0-9]*/comm); test -n \"$server\"
            server=${server%/comm}; kill -s \"$1\" \"${server#/proc/}\"";
        self.namespaces.run(script, &[signal]);
    }

    /// Ends all processes of the machine at once, as a loss of its power does.
    pub fn kill(&mut self) {
        self.namespaces.kill();
    }

    /// Cuts the machine off: no packet goes in or out any more, and no connection learns of it.
    ///
    /// # Panics
    /// If the kernel refuses it.
    pub fn cut_off(&self) {
        self.namespaces.run(
            "nft add table inet cut
            nft add chain inet cut in '{ type filter hook input priority 0; policy drop; }'
            nft add chain inet cut out '{ type filter hook output priority 0; policy drop; }'",
            &[],
        );
    }

    /// Connects it again.
    ///
    /// # Panics
    /// If it was not cut off.
    pub fn connect(&self) {
        self.namespaces.run("nft delete table inet cut", &[]);
    }

    /// Freezes all processes that were started here.
    ///
    /// # Panics
    /// If the kernel has no control groups of version 2.
    pub fn freeze(&mut self) {
        self.set_frozen(true);
    }

    /// Lets them go on.
    ///
    /// # Panics
    /// If the kernel refuses it.
    pub fn thaw(&mut self) {
        self.set_frozen(false);
    }

    fn set_frozen(&mut self, frozen: bool) {
        let group = self.group.as_ref().expect("a control group");
        let value = if frozen { "1" } else { "0" };
        fs::write(group.join("cgroup.freeze"), value).expect("it can be frozen");
        // The kernel freezes each process when that leaves the kernel.
        let expected = format!("frozen {value}");
        let events = group.join("cgroup.events");
        while !fs::read_to_string(&events)
            .expect("events")
            .lines()
            .any(|line| line == expected)
        {
            std::thread::yield_now();
        }
        self.is_frozen = frozen;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.namespaces.kill();
        let Some(group) = &self.group else { return };
        // Those that entered the namespaces wait outside for their children.
        let _ = fs::write(group.join("cgroup.kill"), "1");
        while fs::read_to_string(group.join("cgroup.procs")).is_ok_and(|it| !it.is_empty()) {
            std::thread::yield_now();
        }
        remove(group);
    }
}

/// Removes a control group with those in it.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            remove(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

/// Makes a control group, where the kernel has those of version 2.
fn group(number: u8) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mut mounts = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let mount = mounts.find(|words| words.get(2) == Some(&"cgroup2"))?;
    let name = format!("lockhost-{}-{number}-{:x}", std::process::id(), unique());
    let group = Path::new(mount[1]).join(name);
    fs::create_dir(&group).ok()?;
    Some(group)
}

fn unique() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
