//! The ends of sessions, and of the coordinator's data.

use std::fs;

use lockhost_etcd_tests::{
    lines::{Lines, Session, number},
    server::Server,
};
use serde_json::{Value, json};

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_session_without_confirms_ends_with_its_lease() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let key = format!("/test/session/{}", number(2));
    let mut watching = server.watch(&key);
    let (asker, owner) = (lines.enroll(1), lines.enroll_for(2, 1000));
    watching.wait_for_deletion_of(&key);
    assert_eq!(lines.observe(&asker, &owner)["judged"], false);
}

/// Returns how many seconds are left of the lease of a session.
fn remaining(server: &Server, session: &Session) -> u64 {
    let lease = server.ctl(&["lease", "timetolive", &session.lease(), "--write-out=json"]);
    let lease: Value = serde_json::from_str(&lease).unwrap();
    lease["ttl"].as_u64().unwrap()
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_confirm_and_a_question_extend_the_lease() {
    let server = Server::start();
    let session = Lines::new(&server.url()).enroll_for(1, 600_000);
    let absent = Session(json!({"incarnation": number(9), "nonce": number(9)}));
    for is_question in [false, true] {
        let mut before = remaining(&server, &session);
        while before > 597 {
            before = remaining(&server, &session);
        }
        let mut after = before;
        while after <= before {
            // Each process extends it with its first one, beside the answer.
            let mut lines = Lines::new(&server.url());
            let facts = match is_question {
                true => lines.observe(&session, &absent),
                false => lines.confirm(&session),
            };
            assert_eq!(facts["own"], true);
            after = remaining(&server, &session);
            assert!(after + 30 > before, "it is not extended");
        }
    }
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn wiped_data_has_another_incarnation() {
    let mut server = Server::start();
    let mut lines = Lines::new(&server.url());
    let owner = lines.enroll(1);
    lines.take(&owner, None);
    server.stop();
    fs::remove_dir_all(server.data()).unwrap();
    server.restart();
    // The same cluster id, and the lowest revision.
    let facts = lines.confirm(&owner);
    let nothing =
        json!({"incarnation": null, "revision": 1, "own": false, "judged": false, "key": null});
    assert_eq!(facts, nothing);
    let refused = lines.take(&owner, None);
    assert_eq!(refused["refused"]["own"], false);
    let newcomer = lines.enroll(2);
    assert_ne!(newcomer.0["incarnation"], owner.0["incarnation"]);
    assert_eq!(
        lines.confirm(&owner)["incarnation"],
        newcomer.0["incarnation"]
    );
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn restored_data_has_its_incarnation_and_a_lower_revision() {
    let mut server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    lines.take(&owner, None);
    let saved = server.data().with_file_name("snapshot");
    server.ctl(&["snapshot", "save", saved.to_str().unwrap()]);
    server.ctl(&["lease", "revoke", &owner.lease()]);
    lines.mark(&asker, &owner);
    let before = lines.observe(&asker, &owner);
    assert_eq!(before["judged"], false);
    server.stop();
    fs::remove_dir_all(server.data()).unwrap();
    server.restore(&saved);
    server.restart();
    let after = lines.observe(&asker, &owner);
    assert_eq!(after["incarnation"], before["incarnation"]);
    assert!(after["revision"].as_u64() < before["revision"].as_u64());
    // The session that was revoked is there again, and the mark is not.
    assert_eq!(
        (&after["own"], &after["judged"]),
        (&json!(true), &json!(true))
    );
    server.ctl(&["lease", "revoke", &owner.lease()]);
    let refused = lines.take(&asker, Some(&owner));
    assert_eq!(refused["refused"]["judged"], false, "{refused}");
    lines.mark(&asker, &owner);
    assert!(lines.take(&asker, Some(&owner))["token"].is_u64());
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_session_outlives_a_restart_of_the_coordinator() {
    let mut server = Server::start();
    let mut lines = Lines::new(&server.url());
    let owner = lines.enroll(1);
    let token = lines.take(&owner, None)["token"].clone();
    for _ in 0..3 {
        server.stop();
        server.restart();
        // On a connection that was closed meanwhile.
        let facts = lines.confirm(&owner);
        assert_eq!(
            (&facts["own"], &facts["revision"]),
            (&Value::Bool(true), &token)
        );
    }
    server.stop();
    let error = lines.error("confirm", json!({"session": owner.0, "directory": "data"}));
    assert_eq!(error["kind"], "unreachable", "{error}");
    assert_eq!(error["endpoint"], server.endpoint());
    assert_eq!(error["cause"], "connection refused");
}
