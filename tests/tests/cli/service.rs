//! Beside a service manager: its notifications, and the unit files.
//!
//! On Linux alone: service managers are notified through a socket, and units are systemd's.
#![cfg(target_os = "linux")]

use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::Command,
};

use lockhost_tests::{contender::Contender, fixture::Fixture, program::lockhost};
use rustix::process::Signal;
use tempfile::TempDir;

const UNITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/dist/systemd");

/// A service manager's end of the socket.
struct Manager {
    place: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let place = TempDir::with_prefix("lockhost-notify-").expect("a temporary directory");
        let socket = UnixDatagram::bind(place.path().join("notify")).expect("a socket");
        Self { place, socket }
    }

    fn start(&self, directory: &Path, arguments: &[&str]) -> Contender {
        let mut command = Command::new(lockhost());
        command
            .arg("acquire")
            .args(arguments)
            .arg(directory)
            .env("NOTIFY_SOCKET", self.place.path().join("notify"));
        Contender::start(&mut command)
    }

    /// Returns the next message, as lines.
    fn told(&self) -> Vec<String> {
        let mut message = [0; 4096];
        let length = self.socket.recv(&mut message).expect("a message");
        let text = String::from_utf8_lossy(&message[..length]).into_owned();
        text.lines().map(str::to_owned).collect()
    }

    fn is_told_nothing(&self) -> bool {
        self.socket.set_nonblocking(true).expect("it can be so");
        self.socket.recv(&mut [0; 4096]).is_err()
    }
}

#[test]
fn the_manager_hears_that_the_service_is_ready_and_its_end() {
    let (manager, fixture) = (Manager::new(), Fixture::free());
    let mut owner = manager.start(fixture.path(), &[]);
    let holding = format!("STATUS=holding {}", fixture.lock().display());
    assert_eq!(manager.told(), ["READY=1", &holding]);
    assert!(fixture.lock().exists());
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    assert_eq!(manager.told(), ["STOPPING=1", "STATUS=releasing"]);
    assert!(manager.is_told_nothing());
}

#[test]
fn it_is_told_what_is_waited_for() {
    let (manager, fixture) = (Manager::new(), Fixture::free().with("tinyforge.lock", ""));
    let _owner = manager.start(fixture.path(), &[]);
    let waiting = format!("STATUS=waiting for {}", fixture.lock().display());
    let mut told = manager.told();
    assert_eq!(told, [waiting]);
    while told[0].starts_with("STATUS=waiting") {
        told = manager.told();
    }
    assert_eq!(told[0], "READY=1");
}

#[test]
fn a_service_that_notifies_itself_says_when_it_is_ready() {
    let (manager, fixture) = (Manager::new(), Fixture::free());
    let _owner = manager.start(fixture.path(), &["--notify=status"]);
    let holding = format!("STATUS=holding {}", fixture.lock().display());
    assert_eq!(manager.told(), [holding]);
}

#[test]
fn a_command_hears_of_the_manager_only_if_it_is_to_notify() {
    for (notify, told) in [("ready", "\n"), ("status", "some\n"), ("no", "some\n")] {
        let (manager, fixture) = (Manager::new(), Fixture::free());
        let output = Command::new(lockhost())
            .args(["acquire", "--notify", notify])
            .arg(fixture.path())
            .args(["--", "sh", "-c", "echo ${NOTIFY_SOCKET+some}"])
            .env("NOTIFY_SOCKET", manager.place.path().join("notify"))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), told, "{output:?}");
    }
}

#[test]
fn a_refused_service_is_not_ready_and_a_quiet_one_is_quiet() {
    let (manager, fixture) = (Manager::new(), Fixture::free());
    let mut owner = manager.start(fixture.path(), &["--notify=no"]);
    assert!(owner.line().starts_with("acquired "));
    let mut refused = manager.start(fixture.path(), &[]);
    assert_eq!(refused.end_of_input().code(), Some(75));
    assert!(manager.is_told_nothing());
}

#[test]
fn a_manager_that_does_not_listen_causes_a_warning() {
    let (manager, fixture) = (Manager::new(), Fixture::free());
    fs::remove_file(manager.place.path().join("notify")).unwrap();
    let mut owner = manager.start(fixture.path(), &[]);
    assert!(owner.line().starts_with("acquired "));
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    let told = owner.complaints();
    assert!(
        told.contains("warning: cannot notify the service manager"),
        "{told}"
    );
}

#[test]
fn a_name_with_a_line_break_is_no_second_message() {
    let manager = Manager::new();
    let fixture = Fixture::free();
    let directory = fixture.path().join("a\nMAINPID=1");
    fs::create_dir(&directory).unwrap();
    let _owner = manager.start(&directory, &[]);
    let told = manager.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].contains(r"a\nMAINPID=1/"), "{told:?}");
}

/// Writes the unit files with the paths of existing programs.
fn units(place: &Path) -> Vec<PathBuf> {
    let units = fs::read_dir(UNITS).expect("the units are there");
    let mut written = Vec::new();
    for unit in units {
        let unit = unit.expect("an entry").path();
        let text = fs::read_to_string(&unit).expect("a unit is text");
        let program = lockhost().display().to_string();
        let text = text
            .replace("/usr/local/bin/lockhost", &program)
            .replace("/usr/local/bin/app", "/bin/true");
        let path = place.join(unit.file_name().expect("it has a name"));
        fs::write(&path, text).expect("it can be written");
        written.push(path);
    }
    assert_eq!(written.len(), 2);
    written
}

#[test]
#[cfg_attr(no_systemd, ignore = "systemd-analyze is missing")]
fn systemd_takes_the_units_as_they_are() {
    let place = TempDir::with_prefix("lockhost-units-").unwrap();
    for unit in units(place.path()) {
        let output = Command::new("systemd-analyze")
            .arg("verify")
            .arg(&unit)
            .output()
            .expect("systemd-analyze can be started");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        let name = unit.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!told.contains(&name), "{told}");
    }
}

#[test]
fn no_unit_takes_a_refusal_for_success() {
    let place = TempDir::with_prefix("lockhost-units-").unwrap();
    for unit in units(place.path()) {
        let text = fs::read_to_string(&unit).unwrap();
        assert!(!text.contains("SuccessExitStatus"), "{text}");
        assert!(text.contains("\nType=notify\n"), "{text}");
        let all = text.contains("\nNotifyAccess=all\n");
        assert_eq!(all, text.contains(" --notify=status "), "{text}");
    }
}
