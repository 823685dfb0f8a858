//! The program `lockhost` beside etcd, as on machines that mount one volume.

use std::fs;

use lockhost_etcd_tests::{
    boot::{Boot, Owner, Ran, SHORT},
    endpoint::Endpoint,
    server::Server,
};
use serde_json::Value;
use tempfile::TempDir;

/// A volume that two machines mount, and the etcd that both reach.
struct Volume {
    server: Server,
    folder: TempDir,
    address: String,
    one: Boot,
    other: Boot,
}

impl Volume {
    fn new() -> Self {
        let server = Server::start();
        Self {
            address: format!("--coordinator={}?directory=data", server.url()),
            server,
            folder: tempfile::tempdir().unwrap(),
            one: Boot::new(1),
            other: Boot::new(2),
        }
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Returns the names of the files.
    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = files
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn acquiring<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec![&*self.address];
        arguments.extend(SHORT);
        arguments.push(self.path());
        arguments.extend(more);
        arguments
    }

    /// Holds the lock on the one machine.
    fn hold(&self) -> Owner {
        self.one.hold(&self.acquiring(&[]))
    }

    /// Acquires the lock on the other machine for a moment.
    fn acquire(&self, options: &[&str]) -> Ran {
        let arguments = self.acquiring(&["--", "true"]);
        self.other
            .run(&[&["acquire"], options, &arguments[..]].concat())
    }

    /// Returns the code and the object of `status` on the other machine.
    fn status(&self, coordinator: Option<&str>) -> (i32, Value) {
        let mut arguments = vec!["status", "--json"];
        arguments.extend(coordinator);
        arguments.push(self.path());
        let ran = self.other.run(&arguments);
        let object = ran.out();
        let object = serde_json::from_str(&object);
        (ran.code(), object.unwrap_or_else(|_| panic!("{ran:?}")))
    }

    fn break_lock(&self, options: &[&str], owner: &str) -> Ran {
        let owner = format!("--owner={owner}");
        let arguments = [&["break", &*owner], options, &[self.path()]].concat();
        self.other.run(&arguments)
    }

    /// Ends all sessions.
    fn revoke(&self) {
        self.server.ctl(&["del", "--prefix", "/test/session/"]);
    }

    /// Returns what etcd has but the incarnation.
    fn keys(&self) -> Vec<String> {
        let keys = self
            .server
            .ctl(&["get", "--prefix", "/test/", "--keys-only"]);
        let keys = keys.lines().filter(|it| !it.is_empty());
        keys.filter(|it| *it != "/test/incarnation")
            .map(str::to_owned)
            .collect()
    }
}

fn has_line(text: &str, parts: &[&str]) -> bool {
    let mut lines = text.lines();
    lines.any(|line| parts.iter().all(|part| line.contains(part)))
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn an_owner_elsewhere_is_refused_while_its_session_is_there() {
    let volume = Volume::new();
    let owner = volume.hold();
    let refused = volume.acquire(&[]);
    assert_eq!(refused.code(), 75, "{refused:?}");
    assert!(refused.err().contains("is held by pid"), "{refused:?}");
    let refused = volume.acquire(&["--json"]);
    let held = &refused.events()[0];
    assert_eq!(
        (&held["event"], &held["holder"]["reason"]),
        (&"held".into(), &"session".into())
    );
    let (code, status) = volume.status(Some(&volume.address));
    assert_eq!((code, &status["state"]), (0, &"held".into()), "{status}");
    assert_eq!(status["holder"]["reason"], "session");
    assert_eq!(status["coordinator_failure"], Value::Null);

    // A person's word does not overrule the coordinator.
    let refused = volume.break_lock(&[&volume.address], owner.identity());
    assert_eq!(refused.code(), 75, "{refused:?}");
    let assumed = format!("--assume-dead={}", owner.identity());
    let refused = volume.acquire(&[&assumed]);
    assert_eq!(refused.code(), 75, "{refused:?}");
    assert_eq!(volume.files().len(), 2, "{:?}", volume.files());

    // A waiter reports it once, and that it lives.
    let waited = volume.acquire(&["--wait=1s", "-v"]);
    assert_eq!(waited.code(), 75, "{waited:?}");
    let line = ["waiting for pid", "has its session"];
    assert!(has_line(&waited.err(), &line), "{waited:?}");
    drop(owner);
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn a_session_that_is_gone_is_taken_over_from_without_a_person() {
    let volume = Volume::new();
    let mut owner = volume.hold();
    owner.kill();
    volume.revoke();
    let (code, status) = volume.status(Some(&volume.address));
    assert_eq!((code, &status["state"]), (4, &"unknown".into()), "{status}");
    assert_eq!(status["holder"]["reason"], "gone");
    let unsettled = volume.acquire(&["--wait=0"]);
    assert_eq!(unsettled.code(), 75, "{unsettled:?}");
    assert!(unsettled.err().contains("session is gone"), "{unsettled:?}");

    // Without --wait, for no longer than the watch takes.
    let taken = volume.acquire(&["--json"]);
    assert_eq!(taken.code(), 0, "{taken:?}");
    let events = taken.events();
    let waiting = &events[0];
    assert_eq!(waiting["event"], "waiting");
    assert_eq!(waiting["awaited"], "session");
    let left = waiting["watched"]["left_ms"].as_u64().unwrap();
    assert!(left > 0, "{waiting}");
    let reclaimed = &events[1];
    assert_eq!(reclaimed["event"], "reclaimed", "{events:?}");
    assert_eq!(reclaimed["reason"], "session-gone");
    assert!(volume.files().is_empty(), "{:?}", volume.files());
    assert!(volume.keys().is_empty(), "{:?}", volume.keys());
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn a_watch_is_listed_with_the_time_that_is_left() {
    let volume = Volume::new();
    volume.hold().kill();
    volume.revoke();
    let taken = volume.acquire(&["-v"]);
    assert_eq!(taken.code(), 0, "{taken:?}");
    let line = [
        "waiting for the owner of",
        "its session is gone for",
        "dead in",
    ];
    assert!(has_line(&taken.err(), &line), "{taken:?}");
    assert_eq!(taken.err().matches("waiting for").count(), 1, "{taken:?}");
    assert!(!taken.err().contains("cannot be judged"), "{taken:?}");
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn status_names_why_a_coordinator_did_not_answer() {
    let volume = Volume::new();
    let owner = volume.hold();
    let (code, status) = volume.status(None);
    assert_eq!(
        (code, &status["holder"]["reason"]),
        (4, &"no-coordinator".into())
    );
    assert!(
        status["advice"].as_str().unwrap().contains("--coordinator"),
        "{status}"
    );

    let away = "--coordinator=etcd://127.0.0.1:1/test?directory=data";
    let (code, status) = volume.status(Some(away));
    assert_eq!(
        (code, &status["holder"]["reason"]),
        (4, &"unreachable".into())
    );
    let failure = &status["coordinator_failure"];
    assert_eq!(failure["kind"], "unreachable");
    assert_eq!(failure["endpoint"], "http://127.0.0.1:1");
    assert_eq!(failure["cause"], "connection refused");
    let text = volume.other.run(&["status", away, volume.path()]).out();
    assert!(
        text.contains("http://127.0.0.1:1: connection refused"),
        "{text}"
    );

    // The variable, and a file.
    let file = volume.other.folder().join("address");
    fs::write(&file, &volume.address["--coordinator=".len()..]).unwrap();
    let mut command = volume.other.lockhost(&["status", volume.path()]);
    let output = command.env("LOCKHOST_COORDINATOR", &file).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    drop(owner);
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn an_owner_from_before_a_wipe_is_left_to_a_person() {
    let mut volume = Volume::new();
    let mut owner = volume.hold();
    owner.kill();
    volume.server.stop();
    fs::remove_dir_all(volume.server.data()).unwrap();
    volume.server.restart();
    let (code, status) = volume.status(Some(&volume.address));
    assert_eq!(
        (code, &status["holder"]["reason"]),
        (4, &"other-incarnation".into())
    );
    let refused = volume.acquire(&[]);
    assert_eq!(refused.code(), 75, "{refused:?}");
    assert!(refused.err().contains("other coordinator"), "{refused:?}");
    let broken = volume.break_lock(&[&volume.address], owner.identity());
    assert_eq!(broken.code(), 0, "{broken:?}");
    // Its claim is gone with it: no later attempt has to fear that session.
    let acquired = volume.acquire(&[]);
    assert_eq!(acquired.code(), 0, "{acquired:?}");
    assert!(volume.files().is_empty(), "{:?}", volume.files());
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn an_owner_whose_lock_is_broken_ends_and_gives_the_key_up() {
    let volume = Volume::new();
    let mut owner = volume.hold();
    // A person who has no coordinator at hand may be wrong.
    let broken = volume.break_lock(&[], owner.identity());
    assert_eq!(broken.code(), 0, "{broken:?}");
    assert_eq!(owner.ends(), Some(1));
    assert!(volume.keys().is_empty(), "{:?}", volume.keys());
    let acquired = volume.acquire(&[]);
    assert_eq!(acquired.code(), 0, "{acquired:?}");
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn a_waiter_outlasts_a_coordinator_that_is_away() {
    let mut volume = Volume::new();
    let mut owner = volume.hold();
    let arguments = volume.acquiring(&["--", "true"]);
    let arguments = [&["acquire", "--wait", "--json"], &arguments[..]].concat();
    let mut command = volume.other.lockhost(&arguments);
    let waiter = command.stderr(std::process::Stdio::piped());
    let mut waiter = waiter.spawn().unwrap();
    let lines = std::io::BufReader::new(waiter.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(lines).map(|line| {
        let line = line.unwrap();
        serde_json::from_str::<Value>(&line).unwrap_or_else(|_| panic!("{line}"))
    });
    let mut next = |awaited: &str| {
        let event = lines.find(|it| it["event"] != "waiting" || it["awaited"] == awaited);
        let event = event.expect("it goes on");
        assert_eq!(event["awaited"], awaited, "{event}");
        event
    };
    next("release");
    owner.kill();
    volume.server.stop();
    let failure = next("coordinator")["failure"].to_string();
    assert!(failure.contains(&volume.server.endpoint()), "{failure}");
    volume.server.restart();
    volume.revoke();
    assert!(waiter.wait().unwrap().success());
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn a_claim_of_format_1_on_another_machine_stays_unknown() {
    let volume = Volume::new();
    let claim = "tinyforge.lock.1-p4711-s1-b0123456789abcdef0123456789abcdef-n1";
    let claim = volume.folder.path().join(claim);
    fs::write(&claim, "4711\n").unwrap();
    fs::hard_link(&claim, volume.folder.path().join("tinyforge.lock")).unwrap();
    let refused = volume.acquire(&[]);
    assert_eq!(refused.code(), 75, "{refused:?}");
    assert!(refused.err().contains("other boot/machine"), "{refused:?}");
    assert_eq!(volume.files().len(), 2);
    assert!(volume.keys().is_empty(), "{:?}", volume.keys());
}

/// Fails to acquire with a coordinator, and leaves nothing.
fn fails(address: &str, options: &[&str], parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let boot = Boot::new(1);
    let address = format!("--coordinator={address}");
    let arguments = [&["acquire", &*address], options, &[directory, "--", "true"]].concat();
    let failed = boot.run(&arguments);
    assert_eq!(failed.code(), 1, "{failed:?}");
    for part in parts {
        assert!(failed.err().contains(part), "{part}: {failed:?}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn a_coordinator_that_cannot_be_used_is_no_refusal() {
    let away = "etcd://127.0.0.1:1/test?directory=data";
    fails(
        away,
        &[],
        &[
            "http://127.0.0.1:1: connection refused",
            "hint: check that etcd runs",
        ],
    );
    // Waiting is for owners: a wrong address is reported at once.
    fails(away, &["--wait"], &["connection refused"]);
    let other = Endpoint::with_body("200 OK", "<html>not etcd</html>");
    let other_url = format!("{}/test?directory=data", other.url());
    fails(
        &other_url,
        &[],
        &["not one of etcd", &other.port.to_string()],
    );
    fails(
        "etcd://127.0.0.1:1/test",
        &[],
        &["does not name one directory", "?directory=KEY"],
    );
    fails("etcd://127.0.0.1:1/test?directory=a/b", &[], &["is no key"]);
    fails(
        "etcd://a?directory=b&colour=red",
        &[],
        &["unknown option 'colour'"],
    );
    fails(
        "consul://a?directory=b",
        &[],
        &[
            "no program lockhost-consul",
            "cargo install lockhost-consul",
        ],
    );
    fails(
        "/nowhere/address",
        &[],
        &["cannot read the coordinator's address from /nowhere/address"],
    );
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn a_full_coordinator_is_an_error_that_names_it() {
    let server = Server::with(&["--quota-backend-bytes=262144"]);
    let much = "x".repeat(100_000);
    for nth in 0.. {
        assert!(nth < 100, "it is never full");
        let put = server.ctl_command(&["put", "much", &much]).output();
        if !put.unwrap().status.success() {
            break;
        }
    }
    let address = format!("{}?directory=data", server.url());
    let parts = [
        &*server.endpoint(),
        "database space exceeded",
        "hint: compact",
    ];
    fails(&address, &[], &parts);
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn options_that_do_not_fit_are_wrong_usage() {
    let boot = Boot::new(1);
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let address = "--coordinator=etcd://127.0.0.1:1/test?directory=data";
    let cases: [(&[&str], &str); 6] = [
        (
            &[address, "--deadline=5s"],
            "--deadline 5s is too short: it must be longer than 9s",
        ),
        (
            &[address, "--deadline=2h"],
            "--deadline 2h is longer than an hour",
        ),
        (
            &[address, "--confirm-period=0"],
            "--confirm-period is shorter than a millisecond",
        ),
        (&[address, "--stop-time=soon"], "--stop-time"),
        (&[address, "/tmp"], "names one directory"),
        (&["--deadline=20s"], "--coordinator"),
    ];
    for (options, why) in cases {
        let arguments = [&["acquire"], options, &[directory, "--", "true"]].concat();
        let refused = boot.run(&arguments);
        assert_eq!(refused.code(), 2, "{refused:?}");
        assert!(refused.err().contains(why), "{why}: {refused:?}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}

#[test]
#[cfg_attr(
    no_etcd_or_boots,
    ignore = "needs root, etcd, etcdctl, unshare and strace"
)]
fn doctor_tries_the_coordinator_and_leaves_nothing_there() {
    let volume = Volume::new();
    let doctor = volume.one.run(&["doctor", &volume.address, volume.path()]);
    assert_eq!(doctor.code(), 0, "{doctor:?}");
    let lines: [&[&str]; 5] = [
        &["yes", "the intervals fit each other"],
        &["yes", "hard links"],
        &[
            "yes",
            "etcd at",
            "enrolls a session, confirms it, and withdraws it",
        ],
        &[
            "a session ends 12s after its last confirm",
            "watched for 13s 400ms",
        ],
        &["verdict:", "is judged by its session"],
    ];
    for line in lines {
        assert!(has_line(&doctor.out(), line), "{line:?}: {}", doctor.out());
    }
    assert!(volume.keys().is_empty(), "{:?}", volume.keys());
    assert!(volume.files().is_empty());

    let misfit = volume
        .one
        .run(&["doctor", &volume.address, "--deadline=5s", volume.path()]);
    assert_eq!(misfit.code(), 1, "{misfit:?}");
    assert!(
        has_line(&misfit.out(), &["no", "--deadline 5s is too short"]),
        "{misfit:?}"
    );
    let away = "--coordinator=etcd://127.0.0.1:1/test?directory=data";
    let away = volume.one.run(&["doctor", away, volume.path()]);
    assert_eq!(away.code(), 1, "{away:?}");
    let line = ["verdict:", "http://127.0.0.1:1: connection refused"];
    assert!(has_line(&away.out(), &line), "{away:?}");
}
