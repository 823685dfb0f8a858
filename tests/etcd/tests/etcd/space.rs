//! A coordinator without space.

use lockhost_etcd_tests::{
    lines::{Lines, number, taking},
    server::Server,
};
use serde_json::json;

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_full_coordinator_accepts_no_owner_and_keeps_those_it_has() {
    let server = Server::with(&["--quota-backend-bytes=262144"]);
    let mut lines = Lines::new(&server.url());
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    let token = lines.take(&owner, None)["token"].clone();
    let much = "x".repeat(100_000);
    for nth in 0.. {
        assert!(nth < 100, "it is never full");
        let put = server
            .ctl_command(&["put", "much", &much])
            .output()
            .unwrap();
        if !put.status.success() {
            break;
        }
    }
    let enrollment = json!({
        "nonce": number(3), "incarnation": number(9), "about": "a test", "lease_ms": 12_000
    });
    for (operation, members) in [("enroll", enrollment), ("take", taking(&asker, None))] {
        let error = lines.error(operation, members);
        assert_eq!(error["kind"], "failed", "{error}");
        assert_eq!(error["endpoint"], server.endpoint());
        assert!(
            error["cause"]
                .as_str()
                .unwrap()
                .contains("database space exceeded"),
            "{error}"
        );
        assert!(
            error["hint"].as_str().unwrap().contains("alarm disarm"),
            "{error}"
        );
    }
    // The owner goes on, and can release.
    let facts = lines.confirm(&owner);
    assert_eq!(
        (&facts["own"], facts["key"]["nonce"].as_str()),
        (&json!(true), Some(owner.nonce()))
    );
    assert!(facts["revision"].as_u64() >= token.as_u64());
    lines.release(&owner);
    lines.withdraw(&owner);
    let facts = lines.observe(&asker, &owner);
    assert_eq!(
        (&facts["judged"], &facts["key"]),
        (&json!(false), &json!(null))
    );
}
