//! Servers of etcd on free ports of the loopback interface, each of which a test starts and ends.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::place::Place;

/// A server, or a member of a cluster.
pub struct Server {
    arguments: Vec<String>,
    scheme: &'static str,
    place: Place,
    /// Its client port.
    pub port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Server {
    /// Starts a cluster of one member.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a cluster of one member, with further arguments.
    #[must_use]
    pub fn with(arguments: &[&str]) -> Self {
        let mut servers = Self::cluster(1, arguments);
        servers.remove(0)
    }

    /// Starts a cluster. Its members listen for TLS if one of the arguments is `--cert-file`.
    ///
    /// # Panics
    /// If it does not become ready.
    #[must_use]
    pub fn cluster(many: usize, arguments: &[&str]) -> Vec<Self> {
        Self::cluster_at(&vec![Place::loopback(); many], arguments)
    }

    /// Starts a cluster with a member at each of these places.
    ///
    /// # Panics
    /// If it does not become ready.
    #[must_use]
    pub fn cluster_at(places: &[Place], arguments: &[&str]) -> Vec<Self> {
        // A free port may be taken by another process before the server has it.
        for _ in 0..5 {
            let mut servers = Self::prepare(places, arguments);
            let ready: Vec<_> = servers.iter_mut().map(Self::begin).collect();
            let both = servers.iter_mut().zip(&ready);
            if both
                .into_iter()
                .all(|(server, socket)| server.is_ready(socket))
            {
                return servers;
            }
        }
        panic!("no cluster of etcd becomes ready")
    }

    fn prepare(places: &[Place], arguments: &[&str]) -> Vec<Self> {
        let is_tls = arguments.iter().any(|it| it.starts_with("--cert-file"));
        let scheme = if is_tls { "https" } else { "http" };
        let ports = ports(places);
        let both = places.iter().zip(&ports);
        let peers = both.map(|(place, (_, peer))| format!("http://{}:{peer}", place.address));
        let peers: Vec<_> = peers.collect();
        let members = peers.iter().enumerate();
        let members = members.map(|(nth, peer)| format!("m{nth}={peer}"));
        let members = members.collect::<Vec<_>>().join(",");
        let all = places.iter().zip(ports).zip(&peers).enumerate();
        all.map(|(nth, ((place, (port, _)), peer))| {
            let client = format!("{scheme}://{}:{port}", place.address);
            let mut all = vec![
                format!("--name=m{nth}"),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster={members}"),
            ];
            all.extend(arguments.iter().map(|it| (*it).to_owned()));
            Self {
                arguments: all,
                scheme,
                place: place.clone(),
                port,
                folder: folder(place),
                process: None,
            }
        })
        .collect()
    }

    /// Returns the folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the process. Returns a socket on which it reports that it is ready.
    fn begin(&mut self) -> UnixDatagram {
        let path = self.folder.path().join("ready");
        let _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let log = fs::File::create(self.folder.path().join("log")).expect("a file");
        let process = self
            .place
            .command("etcd")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // As systemd's services do.
            .env("NOTIFY_SOCKET", &path)
            .arg(format!("--data-dir={}", self.data().display()))
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn();
        self.process = Some(process.expect("etcd can be started"));
        socket
    }

    /// Waits until the server serves requests. Returns whether it does.
    fn is_ready(&mut self, socket: &UnixDatagram) -> bool {
        let often = Some(Duration::from_millis(100));
        socket.set_read_timeout(often).expect("a time-out");
        let mut message = [0; 64];
        loop {
            match socket.recv(&mut message) {
                Ok(length) if message[..length].starts_with(b"READY=1") => return true,
                _ => {
                    let process = self.process.as_mut().expect("it was started");
                    if process.try_wait().expect("a status").is_some() {
                        return false;
                    }
                }
            }
        }
    }

    /// Returns the URL of one endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}://{}:{}", self.scheme, self.place.address, self.port)
    }

    /// Returns the URL for lockhost.
    #[must_use]
    pub fn url(&self) -> String {
        format!("etcd://{}:{}/test", self.place.address, self.port)
    }

    /// Returns its host and port.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}:{}", self.place.address, self.port)
    }

    /// Ends the process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("it can be killed");
        process.wait().expect("it can be reaped");
    }

    /// Starts the process anew, with the same arguments.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn restart(&mut self) {
        let socket = self.begin();
        assert!(self.is_ready(&socket), "{}", self.log());
    }

    /// Puts the data of a snapshot in the place of the member's own, as the same member of the same cluster.
    ///
    /// # Panics
    /// If etcdctl fails.
    pub fn restore(&self, snapshot: &Path) {
        let same = [
            "--name=",
            "--initial-cluster=",
            "--initial-advertise-peer-urls=",
        ];
        let same = self
            .arguments
            .iter()
            .filter(|it| same.iter().any(|name| it.starts_with(name)));
        let output = Command::new("etcdctl")
            .env("ETCDCTL_API", "3")
            .args(["snapshot", "restore"])
            .arg(snapshot)
            .arg(format!("--data-dir={}", self.data().display()))
            .args(same)
            .output()
            .expect("etcdctl can be started");
        assert!(output.status.success(), "{output:?}");
    }

    /// Returns what the server has written.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Returns the pid of the process.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Sends a signal to the process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("it runs");
        kill_process(Pid::from_child(process), signal).expect("it runs");
    }

    /// Runs etcdctl, and returns what it has printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        self.ctl_with(arguments, "")
    }

    /// Runs etcdctl with a line on its standard input, and returns what it has printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn ctl_with(&self, arguments: &[&str], line: &str) -> String {
        for _ in 0..10 {
            let mut command = self.ctl_command(arguments);
            let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let process = command.stderr(Stdio::piped()).spawn();
            let mut process = process.expect("etcdctl can be started");
            // One that does not read it may have ended.
            let _ = writeln!(process.stdin.take().expect("a pipe"), "{line}");
            let output = process.wait_with_output().expect("it ends");
            let error = String::from_utf8_lossy(&output.stderr);
            if output.status.success() || error.contains("already exists") {
                return String::from_utf8(output.stdout).expect("a text");
            }
            // On a machine that is busy, a member may lose its own leadership.
            let is_busy = ["timed out", "leader", "deadline exceeded"];
            let is_busy = is_busy.iter().any(|it| error.contains(it));
            assert!(is_busy, "{arguments:?}: {output:?}");
        }
        panic!("{arguments:?}: etcd is too busy")
    }

    /// Returns the command that runs etcdctl.
    #[must_use]
    pub fn ctl_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command("etcdctl");
        command
            .env("ETCDCTL_API", "3")
            .arg(format!("--endpoints={}", self.endpoint()))
            // On a machine that is busy.
            .args(["--command-timeout=60s", "--dial-timeout=60s"])
            .args(arguments);
        command
    }

    /// Watches a key, and returns when the watch has begun.
    ///
    /// # Panics
    /// If etcdctl cannot be started.
    #[must_use]
    pub fn watch(&self, key: &str) -> Watching {
        // An event of a key of its own shows that the watch has begun.
        let began = format!("{key}-began");
        let mut command = self.ctl_command(&["watch", "--prefix", key]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("etcdctl");
        let lines = BufReader::new(process.stdout.take().expect("a pipe"));
        let watching = Watching { process, lines };
        loop {
            self.ctl(&["put", &began, "x"]);
            if watching.has_line() {
                return watching;
            }
        }
    }

    /// Returns whether this member leads its cluster.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn leads(&self) -> bool {
        let status = self.ctl(&["endpoint", "status", "--write-out=json"]);
        let status: Value = serde_json::from_str(&status).expect("a status");
        let status = &status[0]["Status"];
        status["leader"] == status["header"]["member_id"]
    }
}

/// Returns a client port and a peer port for each place.
fn ports(places: &[Place]) -> Vec<(u16, u16)> {
    let free = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    // All at once, so that they differ.
    let listeners: Vec<_> = places.iter().map(|_| (free(), free())).collect();
    let port = |it: &TcpListener| it.local_addr().expect("an address").port();
    let both = places.iter().zip(&listeners);
    both.map(|(place, (client, peer))| match place.has_own_network {
        true => (2379, 2380),
        false => (port(client), port(peer)),
    })
    .collect()
}

/// Returns a folder, in memory if the place names no other and there is one: etcd waits for its disk with each write.
fn folder(place: &Place) -> TempDir {
    if let Some(storage) = &place.storage {
        return tempfile::tempdir_in(storage).expect("a folder");
    }
    let made = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    made.expect("a folder")
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // One that was stopped ends all the same.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A watch on keys, which ends with this value.
pub struct Watching {
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl Watching {
    /// Returns whether a line comes within a tenth of a second.
    fn has_line(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let mut events = [PollFd::new(self.lines.get_ref(), PollFlags::IN)];
        let tenth = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        poll(&mut events, Some(&tenth)).is_ok_and(|ready| ready > 0)
    }

    /// Waits until this key is deleted.
    ///
    /// # Panics
    /// If the watch ends before.
    pub fn wait_for_deletion_of(&mut self, key: &str) {
        let mut was_deletion = false;
        loop {
            let mut line = String::new();
            let length = self.lines.read_line(&mut line).expect("a line");
            assert!(length > 0, "the watch has ended");
            if was_deletion && line.trim() == key {
                return;
            }
            was_deletion = line.trim() == "DELETE";
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
