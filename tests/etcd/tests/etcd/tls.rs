//! TLS, with the client's certificate.

use lockhost_etcd_tests::{
    certificates::Certificates,
    lines::{Lines, number},
    server::Server,
};
use serde_json::{Value, json};

/// Starts a server that wants a certificate of its clients, and returns a URL for its port.
fn start(certificates: &Certificates) -> (Server, String) {
    certificates.sign("server");
    let file = |option: &str, name: &str| format!("--{option}={}", certificates.text(name));
    let arguments = [
        file("cert-file", "server.crt"),
        file("key-file", "server.key"),
        file("trusted-ca-file", "ca.crt"),
        "--client-cert-auth=true".to_owned(),
    ];
    let server = Server::with(&arguments.each_ref().map(String::as_str));
    let url = server.url();
    (server, url)
}

fn enrollment() -> Value {
    json!({"nonce": number(1), "incarnation": number(9), "about": "a test", "lease_ms": 12_000})
}

#[test]
#[cfg_attr(no_etcd_or_openssl, ignore = "needs etcd, etcdctl and openssl")]
fn a_client_with_a_certificate_is_admitted() {
    let certificates = Certificates::new();
    let (server, url) = start(&certificates);
    certificates.sign("client");
    let trust = format!("{url}?cacert={}", certificates.text("ca.crt"));
    let own = format!(
        "{trust}&cert={}&key={}",
        certificates.text("client.crt"),
        certificates.text("client.key")
    );
    let mut lines = Lines::new(&own);
    let session = lines.enroll(1);
    assert!(lines.take(&session, None)["token"].is_u64());
    assert_eq!(lines.confirm(&session)["own"], true);
    // By its name as well as by its address.
    let mut by_name = Lines::new(&own.replace("127.0.0.1", "localhost"));
    assert_eq!(by_name.confirm(&session)["own"], true);

    let error = Lines::new(&trust).error("enroll", enrollment());
    // The alert that says why may be lost: the server resets the connection then.
    let kind = error["kind"].as_str();
    let is_refused = matches!(kind, Some("denied" | "unreachable"));
    assert!(is_refused, "without a certificate: {error}");
    assert!(error["hint"].as_str().unwrap().contains("cert="), "{error}");
    assert_eq!(error["endpoint"], server.endpoint());
    let stranger = Certificates::new();
    let other = format!("{url}?cacert={}", stranger.text("ca.crt"));
    let error = Lines::new(&other).error("enroll", enrollment());
    assert_eq!(error["kind"], "denied", "of another authority: {error}");
    let error = Lines::new(&url).error("enroll", enrollment());
    // It closes the connection, and says nothing.
    assert_eq!(error["kind"], "unreachable", "without TLS: {error}");
    assert!(error["hint"].as_str().unwrap().contains("tls="), "{error}");

    stranger.sign("client");
    let swapped = own.replace(
        &certificates.text("client.key"),
        &stranger.text("client.key"),
    );
    let hello = json!({"protocol": 1, "url": swapped});
    let error = Lines::silent().error("hello", hello);
    assert_eq!(error["kind"], "misconfigured", "of another key: {error}");
    assert!(
        error["cause"].as_str().unwrap().contains("does not fit"),
        "{error}"
    );
}

#[test]
#[cfg_attr(no_etcd_or_openssl, ignore = "needs etcd, etcdctl and openssl")]
fn tls_to_a_server_without_it_is_reported() {
    let certificates = Certificates::new();
    let server = Server::start();
    let url = format!("{}?cacert={}", server.url(), certificates.text("ca.crt"));
    let error = Lines::new(&url).error("enroll", enrollment());
    assert_eq!(error["kind"], "unreachable", "{error}");
    assert_eq!(
        error["cause"],
        "the connection was closed without an answer"
    );
    assert!(error["hint"].as_str().unwrap().contains("tls="), "{error}");
}

#[test]
#[cfg_attr(no_etcd_or_openssl, ignore = "needs etcd, etcdctl and openssl")]
fn a_certificate_that_is_replaced_is_used() {
    let certificates = Certificates::new();
    let (_server, url) = start(&certificates);
    certificates.sign("renewed");
    // One that the server does not accept, as one that has expired.
    let stranger = Certificates::new();
    stranger.sign("client");
    let url = format!(
        "{url}?cacert={}&cert={}&key={}",
        certificates.text("ca.crt"),
        stranger.text("client.crt"),
        stranger.text("client.key")
    );
    let mut lines = Lines::new(&url);
    let error = lines.error("enroll", enrollment());
    assert!(
        error["kind"] == "denied" || error["kind"] == "unreachable",
        "{error}"
    );
    // Half of it is replaced: the other half does not fit.
    let copy = |from: &str, to: &str| {
        std::fs::copy(certificates.path(from), stranger.path(to)).unwrap();
    };
    copy("renewed.crt", "client.crt");
    lines.error("enroll", enrollment());
    copy("renewed.key", "client.key");
    let session = lines.enroll(1);
    assert_eq!(lines.confirm(&session)["own"], true);
}
