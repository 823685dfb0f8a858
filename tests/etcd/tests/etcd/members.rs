//! Clusters of several members, of which some fail.

use std::net::TcpListener;

use lockhost_etcd_tests::{
    endpoint::Endpoint,
    lines::{Lines, Session, taking},
    server::Server,
};
use rustix::process::Signal;
use serde_json::{Value, json};

fn url(servers: &[&Server]) -> String {
    let hosts = servers.iter().map(|it| format!("127.0.0.1:{}", it.port));
    format!("etcd://{}/test", hosts.collect::<Vec<_>>().join(","))
}

/// Returns a request whose time-out is short enough to fail over from a member that hangs.
fn short(mut members: Value, milliseconds: u64) -> Value {
    members["timeout_ms"] = milliseconds.into();
    members
}

fn question(session: &Session) -> Value {
    json!({"session": session.0, "directory": "data"})
}

/// Repeats a request until it is answered, as lockhost does, and returns the answer.
fn persist(lines: &mut Lines, operation: &str, members: &Value) -> Value {
    for _ in 0..100 {
        let answer = lines.ask(operation, short(members.clone(), 3000));
        if let Some(ok) = answer.get("ok") {
            return ok.clone();
        }
        let kind = answer["error"]["kind"].as_str();
        assert!(matches!(kind, Some("unreachable" | "failed")), "{answer}");
    }
    panic!("{operation} is never answered")
}

/// Returns the leader, and the others.
fn by_role(servers: &[Server]) -> (&Server, Vec<&Server>) {
    let (leaders, others): (Vec<_>, Vec<_>) = servers.iter().partition(|it| it.leads());
    assert_eq!(leaders.len(), 1);
    (leaders[0], others)
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn an_endpoint_that_is_dead_or_hangs_is_passed_over() {
    let server = Server::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = listener.local_addr().unwrap().port();
    drop(listener);
    let hanging = Endpoint::serving(|stream, _| {
        std::thread::park();
        drop(stream);
    });
    let url = format!(
        "etcd://127.0.0.1:{dead},127.0.0.1:{},127.0.0.1:{}/test",
        hanging.port, server.port
    );
    let mut lines = Lines::new(&url);
    let enrollment = json!({
        "nonce": "0000000000001", "incarnation": "0000000000002", "about": "a test", "lease_ms": 12_000
    });
    let enrolled = lines.ok("enroll", short(enrollment, 3000));
    assert_eq!(enrolled["incarnation"], "0000000000002");
    assert_eq!(
        hanging.requests(),
        1,
        "the one that has answered is asked first"
    );
    drop(server);
    let session = json!({"incarnation": "0000000000002", "nonce": "0000000000001"});
    let error = lines.error(
        "confirm",
        short(json!({"session": session, "directory": "data"}), 3000),
    );
    assert_eq!(error["kind"], "unreachable", "{error}");
    let cause = error.to_string();
    assert!(
        cause.contains(&format!("127.0.0.1:{dead}")) && cause.contains("no answer in time"),
        "{cause}"
    );
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn what_was_executed_without_an_answer_is_read_back() {
    let server = Server::start();
    let lossy = Endpoint::in_front_of(server.port);
    let url = format!(
        "etcd://127.0.0.1:{},127.0.0.1:{}/test",
        lossy.port, server.port
    );
    // Each of these asks the lossy endpoint first.
    let session = Lines::new(&url).enroll(1);
    assert!(lossy.requests() > 1, "the lease and the session");
    let mut lines = Lines::new(&url);
    let before = lossy.requests();
    let token = lines.take(&session, None)["token"].as_u64();
    assert!(lossy.requests() > before);
    let facts = lines.confirm(&session);
    assert_eq!(
        (facts["revision"].as_u64(), facts["key"]["nonce"].as_str()),
        (token, Some(session.nonce()))
    );
    let asker = Lines::new(&url).enroll(2);
    Lines::new(&url).withdraw(&session);
    let mut lines = Lines::new(&url);
    assert!(lines.mark(&asker, &session)["marked"].is_u64());
    assert!(lines.take(&asker, Some(&session))["token"].as_u64() > token);
    Lines::new(&url).release(&asker);
    assert_eq!(lines.confirm(&asker)["key"], Value::Null);
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_cluster_goes_on_without_its_leader() {
    let mut servers = Server::cluster(3, &[]);
    let all = url(&servers.iter().collect::<Vec<_>>());
    let mut lines = Lines::new(&all);
    let session = lines.enroll(1);
    let first = lines.take(&session, None)["token"].as_u64();

    // It hangs, and its connections stay open.
    let (leader, _) = by_role(&servers);
    leader.signal(Signal::STOP);
    let facts = persist(&mut lines, "confirm", &question(&session));
    assert_eq!(
        (&facts["own"], facts["key"]["nonce"].as_str()),
        (&json!(true), Some(session.nonce()))
    );
    let second = persist(&mut lines, "take", &taking(&session, None))["token"].as_u64();
    assert!(second > first);
    leader.signal(Signal::CONT);

    // It is killed.
    let after = servers
        .iter()
        .position(|it| it.port != leader.port && it.leads());
    servers[after.expect("another one leads")].stop();
    let facts = persist(&mut lines, "confirm", &question(&session));
    assert!(facts["revision"].as_u64() >= second);
    let third = persist(&mut lines, "take", &taking(&session, None))["token"].as_u64();
    assert!(third > second);
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_member_that_is_cut_off_answers_nothing() {
    let mut servers = Server::cluster(3, &[]);
    let (leader, others) = by_role(&servers);
    let (leader, follower) = (leader.port, others[0].port);
    for port in [leader, follower] {
        let mut lines = Lines::new(&format!("etcd://127.0.0.1:{port}/test"));
        let session = lines.enroll(u64::from(port));
        for other in servers.iter().filter(|it| it.port != port) {
            other.signal(Signal::STOP);
        }
        // It knows the session, and not whether it is still there.
        for (operation, members) in [
            ("confirm", question(&session)),
            ("take", taking(&session, None)),
            ("release", question(&session)),
        ] {
            let error = lines.error(operation, short(members, 1500));
            let kind = error["kind"].as_str();
            assert!(
                matches!(kind, Some("unreachable" | "failed")),
                "{operation}: {error}"
            );
        }
        for other in servers.iter().filter(|it| it.port != port) {
            other.signal(Signal::CONT);
        }
        let facts = persist(&mut lines, "confirm", &question(&session));
        assert_eq!(facts["own"], true);
    }
    servers.clear();
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn an_endpoint_of_another_cluster_is_no_answer() {
    let (mut first, second) = (
        Server::start(),
        Server::with(&["--initial-cluster-token=other"]),
    );
    let mut lines = Lines::new(&url(&[&first, &second]));
    let session = lines.enroll(1);
    first.stop();
    let error = lines.error("confirm", question(&session));
    assert_eq!(error["kind"], "nonsense", "{error}");
    assert_eq!(error["endpoint"], second.endpoint());
    assert!(
        error["cause"].as_str().unwrap().contains("another cluster"),
        "{error}"
    );
    first.restart();
    persist(&mut lines, "confirm", &question(&session));
}
