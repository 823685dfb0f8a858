//! Endpoints that are no etcd, and requests that are none. No etcd is needed.

use std::{io::Write, thread};

use lockhost_etcd_tests::{
    endpoint::Endpoint,
    lines::{Lines, number},
};
use serde_json::{Value, json};

/// Asks an endpoint for facts, and returns the error.
fn confirm(endpoint: &Endpoint, milliseconds: u64) -> Value {
    let session = json!({"incarnation": number(1), "nonce": number(2)});
    let question = json!({"session": session, "directory": "data", "timeout_ms": milliseconds});
    let error = Lines::new(&endpoint.url()).error("confirm", question);
    assert_eq!(
        error["endpoint"],
        format!("http://127.0.0.1:{}", endpoint.port)
    );
    error
}

const LONG: u64 = 60_000;

#[test]
fn what_is_no_answer_of_etcd_is_reported_with_its_endpoint() {
    let header = r#""header":{"cluster_id":"1","revision":"7"}"#;
    let huge = format!(
        "{{{header},\"succeeded\":true,\"responses\":[\"{}\"]}}",
        "x".repeat(1 << 20)
    );
    for (status, body, cause) in [
        (
            "200 OK",
            "<html>Welcome</html>",
            "HTTP 200 '<html>Welcome</html>'",
        ),
        ("200 OK", "", "HTTP 200 ''"),
        ("200 OK", "{\"header\":{\"rev", "HTTP 200 '{"),
        ("200 OK", "{}", "there is no 'header'"),
        (
            "200 OK",
            &format!("{{{header}}}"),
            "0 responses in place of 3",
        ),
        ("200 OK", &huge, "too large"),
        ("204 No Content", "", "HTTP 204"),
        (
            "302 Found\r\nlocation: http://127.0.0.1:1/",
            "moved",
            "HTTP 302 'moved'",
        ),
        ("404 Not Found", "404 page not found", "no JSON gateway"),
        (
            "502 Bad Gateway",
            "<html>\u{1b}[31mBad</html>",
            "HTTP 502 '<html>\\u{1b}[31mBad",
        ),
        ("503 Service Unavailable", "{\"header\":{}}", "HTTP 503"),
    ] {
        let endpoint = Endpoint::with_body(status, body);
        let error = confirm(&endpoint, LONG);
        assert_eq!(error["kind"], "nonsense", "{status} {error}");
        assert!(error["cause"].as_str().unwrap().contains(cause), "{error}");
        assert!(error["cause"].as_str().unwrap().len() < 500, "{error}");
    }
}

#[test]
fn bytes_that_are_not_http_are_reported() {
    for (bytes, kind) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "nonsense"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "nonsense"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n{}",
            "nonsense",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "nonsense",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
            "unreachable",
        ),
        (b"", "unreachable"),
    ] {
        let error = confirm(&Endpoint::answering(bytes), LONG);
        assert_eq!(error["kind"], kind, "{error}");
    }
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    assert_eq!(
        confirm(&Endpoint::answering(long), LONG)["kind"],
        "nonsense"
    );
}

#[test]
fn an_answer_that_trickles_in_for_ever_times_out() {
    let endpoint = Endpoint::serving(|mut stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            thread::yield_now();
            thread::park_timeout(std::time::Duration::from_millis(10));
        }
    });
    let error = confirm(&endpoint, 500);
    assert_eq!(error["kind"], "unreachable", "{error}");
    assert_eq!(error["cause"], "no answer in time");
}

#[test]
fn a_request_that_hangs_holds_up_no_other_one() {
    let endpoint = Endpoint::serving(|stream, _| {
        thread::park();
        drop(stream);
    });
    let mut lines = Lines::new(&endpoint.url());
    let session = json!({"incarnation": number(1), "nonce": number(2)});
    let hanging = lines.send("confirm", json!({"session": session, "directory": "data"}));
    let other = lines.send("nonsense", json!({}));
    let answer = lines.receive();
    assert_eq!(answer["id"], other, "{answer}, and not {hanging}");
    let short = lines.send("withdraw", json!({"session": session, "timeout_ms": 200}));
    assert_eq!(lines.receive()["id"], short);
}

#[test]
fn a_wrong_request_is_misconfigured_and_the_next_is_answered() {
    let mut lines = Lines::silent();
    let error = lines.error("confirm", json!({}));
    assert_eq!(error["cause"], "the first request must be 'hello'");
    for (url, cause) in [
        (json!("http://h"), "begin with etcd://"),
        (json!(7), "no text 'url'"),
        (json!("etcd://h?colour=red"), "unknown option 'colour'"),
        (
            json!("etcd://h?user=a&password-file=/nowhere"),
            "/nowhere: it cannot be read",
        ),
    ] {
        let error = lines.error("hello", json!({"protocol": 1, "url": url}));
        assert_eq!(error["kind"], "misconfigured", "{error}");
        assert!(error["cause"].as_str().unwrap().contains(cause), "{error}");
    }
    let error = lines.error("hello", json!({"protocol": 0, "url": "etcd://h"}));
    assert_eq!(error["kind"], "misconfigured", "{error}");
    let hello = json!({"protocol": 9, "url": "etcd://127.0.0.1:1?directory=x", "new": []});
    assert_eq!(lines.ok("hello", hello.clone())["protocol"], 1);
    assert_eq!(lines.error("hello", hello)["kind"], "misconfigured");
    let session = json!({"incarnation": number(1), "nonce": number(2)});
    for (operation, members, cause) in [
        ("fly", json!({}), "unknown operation 'fly'"),
        ("confirm", json!({"directory": "d"}), "no session 'session'"),
        (
            "confirm",
            json!({"session": {"nonce": "1"}, "directory": "d"}),
            "'incarnation'",
        ),
        (
            "confirm",
            json!({"session": session, "directory": "/srv/data"}),
            "the directory's key",
        ),
        (
            "observe",
            json!({"session": session, "directory": "d"}),
            "no session 'judged'",
        ),
        (
            "take",
            json!({"session": session, "directory": "d"}),
            "'deadline_ms'",
        ),
        ("enroll", json!({"nonce": number(1)}), "'incarnation'"),
    ] {
        let error = lines.error(operation, members);
        assert_eq!(error["kind"], "misconfigured", "{error}");
        assert!(error["cause"].as_str().unwrap().contains(cause), "{error}");
    }
    let error = lines.error("confirm", json!({"session": session, "directory": "d"}));
    assert_eq!(
        (&error["kind"], &error["cause"]),
        (&json!("unreachable"), &json!("connection refused"))
    );
}
