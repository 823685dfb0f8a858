//! Each operation on its own.

use lockhost_etcd_tests::{
    lines::{Lines, Session, number, taking},
    server::Server,
};
use serde_json::{Value, json};

/// Returns the keys with a prefix, without the prefix of these tests.
fn keys(server: &Server) -> Vec<String> {
    let keys = server.ctl(&["get", "--prefix", "--keys-only", ""]);
    let keys = keys.lines().filter(|it| !it.is_empty());
    keys.map(|it| {
        it.strip_prefix("/test/")
            .expect("all keys have the prefix")
            .to_owned()
    })
    .collect()
}

fn own(session: &Session) -> Value {
    json!({"nonce": session.nonce(), "deadline_ms": 10_000})
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn the_first_enrollment_names_the_incarnation() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let first = lines.enroll(1);
    assert_eq!(first.0["incarnation"], number(1001));
    let second = lines.enroll(2);
    assert_eq!(second.0["incarnation"], number(1001));
    let enrollment = json!({
        "nonce": number(1), "incarnation": number(3), "about": "a test", "lease_ms": 12_000
    });
    let error = lines.error("enroll", enrollment);
    assert_eq!(error["kind"], "failed", "{error}");
    assert_eq!(error["cause"], "the session exists already");
    assert_eq!(
        keys(&server),
        [
            "incarnation".to_owned(),
            format!("session/{}", number(1)),
            format!("session/{}", number(2))
        ]
    );
    assert_eq!(
        server.ctl(&[
            "get",
            "--print-value-only",
            &format!("/test/session/{}", number(2))
        ]),
        "a test\n"
    );
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_confirm_reads_and_writes_nothing() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let session = lines.enroll(1);
    let before = lines.confirm(&session);
    assert_eq!(
        before,
        json!({
            "incarnation": session.0["incarnation"], "revision": before["revision"], "own": true, "judged": false,
            "key": null
        })
    );
    assert_eq!(lines.confirm(&session), before);
    server.ctl(&["put", "other", "x"]);
    let after = lines.confirm(&session);
    assert_eq!(
        after["revision"].as_u64(),
        before["revision"].as_u64().map(|it| it + 1)
    );
    let absent = Session(json!({"incarnation": number(9), "nonce": number(9)}));
    let facts = lines.confirm(&absent);
    assert_eq!(
        (&facts["own"], &facts["incarnation"]),
        (&json!(false), &session.0["incarnation"])
    );
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_token_is_the_revision_of_its_transaction() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (first, second) = (lines.enroll(1), lines.enroll(2));
    let token = lines.take(&first, None)["token"].as_u64().unwrap();
    let facts = lines.confirm(&first);
    assert_eq!(
        (facts["revision"].as_u64(), &facts["key"]),
        (Some(token), &own(&first))
    );
    let refused = lines.take(&second, None);
    assert_eq!(refused["refused"]["key"], own(&first));
    assert_eq!(
        lines.confirm(&second)["revision"].as_u64(),
        Some(token),
        "nothing was written"
    );
    // Once more, as one that has had no answer does.
    assert_eq!(lines.take(&first, None)["token"].as_u64(), Some(token + 1));
    // Only its own.
    lines.release(&second);
    assert_eq!(lines.confirm(&second)["key"], own(&first));
    lines.release(&first);
    assert_eq!(lines.confirm(&first)["key"], Value::Null);
    assert!(lines.take(&second, None)["token"].as_u64() > Some(token + 1));
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_session_of_another_incarnation_takes_nothing() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let session = lines.enroll(1);
    let mut other = session.clone();
    other.0["incarnation"] = number(7).into();
    let refused = lines.take(&other, None);
    assert_eq!(refused["refused"]["own"], true);
    assert_eq!(refused["refused"]["key"], Value::Null);
    let gone = Session(json!({"incarnation": session.0["incarnation"], "nonce": number(2)}));
    assert_eq!(lines.mark(&other, &gone)["refused"]["own"], true);
    assert_eq!(lines.take(&gone, None)["refused"]["own"], false);
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_judged_session_is_replaced_only_with_a_mark() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    let token = lines.take(&owner, None)["token"].as_u64().unwrap();
    // It is there, so it is not marked, and not replaced.
    assert_eq!(lines.observe(&asker, &owner)["judged"], true);
    assert_eq!(lines.mark(&asker, &owner)["refused"]["judged"], true);
    assert_eq!(lines.take(&asker, Some(&owner))["refused"]["judged"], true);
    server.ctl(&["lease", "revoke", &owner.lease()]);
    let facts = lines.observe(&asker, &owner);
    assert_eq!(
        (&facts["judged"], &facts["key"]),
        (&json!(false), &own(&owner))
    );
    // Gone, and not marked.
    assert_eq!(
        lines.take(&asker, Some(&owner))["refused"]["key"],
        own(&owner)
    );
    assert_eq!(lines.take(&asker, None)["refused"]["key"], own(&owner));
    let marked = lines.mark(&asker, &owner)["marked"].as_u64().unwrap();
    assert_eq!(
        lines.observe(&asker, &owner)["revision"].as_u64(),
        Some(marked)
    );
    // It is there once more, as after data was restored that has the mark.
    let key = format!("/test/session/{}", owner.nonce());
    server.ctl(&["put", &key, "restored"]);
    let refused = lines.take(&asker, Some(&owner));
    assert_eq!(refused["refused"]["judged"], true, "{refused}");
    server.ctl(&["del", &key]);
    let taken = lines.take(&asker, Some(&owner))["token"].as_u64();
    assert!(taken > Some(marked) && Some(marked) > Some(token));
    assert_eq!(lines.confirm(&asker)["key"], own(&asker));
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_free_directory_needs_the_mark_of_the_judged_too() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    lines.withdraw(&owner);
    assert_eq!(
        lines.take(&asker, Some(&owner))["refused"]["key"],
        Value::Null
    );
    lines.mark(&asker, &owner);
    assert!(lines.take(&asker, Some(&owner))["token"].is_u64());
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_mark_that_is_executed_late_counts_for_nothing() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    lines.take(&owner, None);
    lines.withdraw(&owner);
    lines.mark(&asker, &owner);
    // Another request for the same mark, which this process does not know to be executed.
    Lines::new(&server.url()).mark(&asker, &owner);
    assert_eq!(
        lines.take(&asker, Some(&owner))["refused"]["key"],
        own(&owner)
    );
    lines.mark(&asker, &owner);
    assert!(lines.take(&asker, Some(&owner))["token"].is_u64());
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn the_key_of_another_session_is_not_replaced() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (gone, owner, asker) = (lines.enroll(1), lines.enroll(2), lines.enroll(3));
    lines.withdraw(&gone);
    lines.mark(&asker, &gone);
    lines.take(&owner, None);
    assert_eq!(
        lines.take(&asker, Some(&gone))["refused"]["key"],
        own(&owner)
    );
    // Not even where that one is gone as well: only the judged session is.
    lines.withdraw(&owner);
    assert_eq!(
        lines.take(&asker, Some(&gone))["refused"]["key"],
        own(&owner)
    );
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn nothing_is_left_of_a_session_that_is_withdrawn() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    lines.withdraw(&owner);
    lines.mark(&asker, &owner);
    lines.take(&asker, Some(&owner));
    let mark = format!("mark/{}/{}", asker.nonce(), owner.nonce());
    let session = format!("session/{}", asker.nonce());
    assert_eq!(
        keys(&server),
        ["directory/data", "incarnation", &mark, &session]
    );
    lines.release(&asker);
    lines.withdraw(&asker);
    assert_eq!(keys(&server), ["incarnation"]);
    assert_eq!(
        server.ctl(&["lease", "list"]).lines().next(),
        Some("found 0 leases")
    );
    // What is gone is no error.
    lines.withdraw(&asker);
    lines.release(&asker);
    assert_eq!(lines.mark(&asker, &owner)["refused"]["own"], false);
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn the_key_of_a_directory_outlives_its_session() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    lines.take(&owner, None);
    server.ctl(&["lease", "revoke", &owner.lease()]);
    let facts = lines.observe(&asker, &owner);
    assert_eq!(
        (&facts["judged"], &facts["key"]),
        (&json!(false), &own(&owner))
    );
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_value_that_lockhost_does_not_write_is_an_error() {
    let server = Server::start();
    let mut lines = Lines::new(&server.url());
    let session = lines.enroll(1);
    server.ctl(&["put", "/test/directory/data", "mine"]);
    let error = lines.error(
        "confirm",
        json!({"session": session.0, "directory": "data"}),
    );
    assert_eq!(error["kind"], "nonsense", "{error}");
    assert!(
        error["cause"]
            .as_str()
            .unwrap()
            .contains("the value 'mine'"),
        "{error}"
    );
    let error = lines.error("take", taking(&session, None));
    assert_eq!(error["kind"], "nonsense", "{error}");
}
