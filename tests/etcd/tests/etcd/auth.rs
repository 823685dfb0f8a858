//! Users and passwords.

use std::fs;

use lockhost_etcd_tests::{
    lines::{Lines, number},
    server::Server,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const ROOT: &str = "--user=root:secret";

/// Starts a server that makes passwords costly for no attacker.
fn start() -> Server {
    Server::with(&["--bcrypt-cost=4"])
}

/// Makes the user `app`, with the least permissions that docs/many-machines.md names, and turns users on.
fn enable(server: &Server) {
    for arguments in [
        &["user", "add", "root:secret"][..],
        &["user", "grant-role", "root", "root"],
        &["role", "add", "lockhost"],
        &[
            "role",
            "grant-permission",
            "lockhost",
            "--prefix=true",
            "readwrite",
            "/test/",
        ],
        &["user", "add", "app:pass word"],
        &["user", "grant-role", "app", "lockhost"],
        &["auth", "enable"],
    ] {
        server.ctl(arguments);
    }
}

/// Returns a URL with the password in a file.
fn url(server: &Server, folder: &TempDir, password: &str) -> String {
    let file = folder.path().join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    format!("{}?user=app&password-file={}", server.url(), file.display())
}

fn enrollment(nonce: u64) -> Value {
    json!({"nonce": number(nonce), "incarnation": number(9), "about": "a test", "lease_ms": 12_000})
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_user_of_one_prefix_can_do_everything() {
    let (server, folder) = (start(), tempfile::tempdir().unwrap());
    enable(&server);
    let mut lines = Lines::new(&url(&server, &folder, "pass word"));
    let (owner, asker) = (lines.enroll(1), lines.enroll(2));
    lines.take(&owner, None);
    assert_eq!(lines.confirm(&owner)["own"], true);
    lines.withdraw(&owner);
    lines.mark(&asker, &owner);
    assert!(lines.take(&asker, Some(&owner))["token"].is_u64());
    lines.release(&asker);
    lines.withdraw(&asker);
    let elsewhere = url(&server, &folder, "pass word").replace("/test?", "/other?");
    let error = Lines::new(&elsewhere).error("enroll", enrollment(3));
    assert_eq!(error["kind"], "denied", "{error}");
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("role grant-permission"),
        "{error}"
    );
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_wrong_password_or_none_is_denied() {
    let (server, folder) = (start(), tempfile::tempdir().unwrap());
    enable(&server);
    for url in [url(&server, &folder, "wrong"), server.url()] {
        let mut lines = Lines::new(&url);
        let error = lines.error("enroll", enrollment(1));
        assert_eq!(error["kind"], "denied", "{error}");
        assert!(
            error["hint"].as_str().unwrap().contains("password-file"),
            "{error}"
        );
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_token_that_is_no_longer_valid_is_renewed() {
    let (mut server, folder) = (start(), tempfile::tempdir().unwrap());
    enable(&server);
    let mut lines = Lines::new(&url(&server, &folder, "pass word"));
    let session = lines.enroll(1);
    // Tokens are in the server's memory.
    server.stop();
    server.restart();
    assert_eq!(lines.confirm(&session)["own"], true);
    // Each change of a permission ends all tokens.
    server.ctl(&[
        ROOT,
        "role",
        "grant-permission",
        "lockhost",
        "read",
        "another",
    ]);
    assert_eq!(lines.confirm(&session)["own"], true);
    assert!(lines.take(&session, None)["token"].is_u64());
    // So does a new password, which the file has by now.
    url(&server, &folder, "passphrase");
    let change = &[ROOT, "user", "passwd", "app", "--interactive=false"];
    server.ctl_with(change, "passphrase");
    assert_eq!(lines.confirm(&session)["own"], true);
    // A user that is gone stays gone.
    server.ctl(&[ROOT, "user", "delete", "app"]);
    let error = lines.error(
        "confirm",
        json!({"session": session.0, "directory": "data"}),
    );
    assert_eq!(error["kind"], "denied", "{error}");
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_cluster_without_users_accepts_a_user() {
    let (server, folder) = (start(), tempfile::tempdir().unwrap());
    let mut lines = Lines::new(&url(&server, &folder, "pass word"));
    let session = lines.enroll(1);
    assert_eq!(lines.confirm(&session)["own"], true);
    // Users that are turned on later count at once.
    enable(&server);
    assert_eq!(lines.confirm(&session)["own"], true);
}
