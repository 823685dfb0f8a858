//! Answers of etcd, and answers of any kind.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const LOOK: &str = r#"{"header":{"cluster_id":"14841639068965178418","member_id":"1","revision":"7","raft_term":"2"},
    "succeeded":true,"responses":[
    {"response_range":{"header":{"revision":"7"},"kvs":[{"key":"YQ==","create_revision":"2","mod_revision":"2",
    "version":"1","value":"MDAwMDAwMDAwMDAwMA==","lease":"77"}],"count":"1"}},
    {"response_range":{"header":{"revision":"7"}}}]}"#;

fn answer(body: &str) -> Answer {
    read(200, body.as_bytes()).unwrap().unwrap()
}

fn kind(status: u16, body: &str) -> ErrorKind {
    match read(status, body.as_bytes()) {
        Ok(Ok(answer)) => panic!("{answer:?}"),
        Ok(Err(refusal)) => Failure::from(refusal).kind,
        Err(failure) => failure.kind,
    }
}

#[test]
fn a_read_has_one_entry_for_each_key() {
    let answer = answer(LOOK);
    let entries = answer.entries(&["a", "b"]).unwrap();
    let entry = Entry {
        value: b"0000000000000".to_vec(),
        lease: 77,
    };
    assert_eq!(entry.number().unwrap(), "0000000000000");
    assert_eq!(entries, [Some(entry), None]);
    assert_eq!(answer.revision(), Ok(7));
    assert_eq!(answer.cluster(), Ok(14_841_639_068_965_178_418));
    assert_eq!(answer.succeeded(), Ok(true));
    assert!(answer.entries(&["b", "a"]).is_err());
    assert!(answer.entries(&["a"]).is_err());
    assert!(answer.entry(2, "c").is_err());
}

#[test]
fn a_stream_of_one_answer_is_that_answer() {
    let body = r#"{"result":{"header":{"cluster_id":"1","revision":"2"},"ID":"78","TTL":"12"}}"#;
    let answer = answer(&format!("{body}\n"));
    assert_eq!(answer.number("TTL"), Ok(12));
    assert_eq!(answer.number("other"), Ok(0));
}

#[test]
fn each_refusal_has_its_kind() {
    for (code, message, expected) in [
        (
            8,
            "etcdserver: mvcc: database space exceeded",
            ErrorKind::NoSpace,
        ),
        (14, "etcdserver: no leader", ErrorKind::NoLeader),
        (14, "etcdserver: leader changed", ErrorKind::NoLeader),
        (
            14,
            "etcdserver: request timed out, possibly due to previous leader failure",
            ErrorKind::NoLeader,
        ),
        (14, "etcdserver: request timed out", ErrorKind::TimedOut),
        (14, "transport is closing", ErrorKind::Unreachable),
        (
            7,
            "etcdserver: permission denied",
            ErrorKind::PermissionDenied,
        ),
        (
            16,
            "etcdserver: invalid auth token",
            ErrorKind::Authentication,
        ),
        (
            3,
            "etcdserver: authentication failed, invalid user ID or password",
            ErrorKind::Authentication,
        ),
        (
            3,
            "etcdserver: user name is empty",
            ErrorKind::Authentication,
        ),
        (8, "etcdserver: too many requests", ErrorKind::Refused),
    ] {
        let body = json!({"error": message, "message": message, "code": code}).to_string();
        assert_eq!(kind(503, &body), expected, "{message}");
        // Later versions leave `error` out, and a stream has an object there.
        let body = json!({"message": message, "code": code}).to_string();
        assert_eq!(kind(503, &body), expected, "{message}");
        let body = json!({"error": {"grpc_code": code, "message": message}}).to_string();
        assert_eq!(kind(200, &body), expected, "{message}");
    }
}

#[test]
fn what_etcd_does_not_answer_is_malformed() {
    for (status, body, expected) in [
        (404, "Not Found\n", ErrorKind::NotEtcd),
        (405, "", ErrorKind::NotEtcd),
        (200, "<html>Welcome</html>", ErrorKind::Malformed),
        (200, "", ErrorKind::Malformed),
        (200, "[]", ErrorKind::Malformed),
        (200, "{\"header\":", ErrorKind::Malformed),
        (200, "{\"result\":1}", ErrorKind::Malformed),
        (502, "<html>Bad Gateway</html>", ErrorKind::Malformed),
        (502, "{}", ErrorKind::Malformed),
        (204, "", ErrorKind::Malformed),
    ] {
        assert_eq!(kind(status, body), expected, "{status} {body}");
    }
    let nested = "[".repeat(100_000);
    assert_eq!(kind(200, &nested), ErrorKind::Malformed);
    assert_eq!(
        kind(200, &format!("{{\"a\":{nested}")),
        ErrorKind::Malformed
    );
}

#[test]
fn a_member_of_the_wrong_type_is_malformed() {
    let whole: Value = serde_json::from_str(LOOK).unwrap();
    for (pointer, wrong) in [
        ("/header", json!([])),
        ("/header/revision", json!("x")),
        ("/header/revision", json!("0")),
        ("/header/revision", json!("99999999999999999999")),
        ("/header/cluster_id", json!(null)),
        ("/succeeded", json!("true")),
        ("/responses", json!({})),
        ("/responses/0", json!(1)),
        ("/responses/0/response_range", json!(null)),
        ("/responses/0/response_range/kvs", json!({})),
        ("/responses/0/response_range/kvs/0", json!("")),
        ("/responses/0/response_range/kvs/0/key", json!("YQ")),
        ("/responses/0/response_range/kvs/0/value", json!("?")),
        ("/responses/0/response_range/kvs/0/value", json!("YQ==")),
        ("/responses/0/response_range/kvs/0/value", json!(7)),
        ("/responses/0/response_range/kvs/0/lease", json!(1.5)),
    ] {
        let mut body = whole.clone();
        *body.pointer_mut(pointer).unwrap() = wrong;
        assert!(
            is_malformed(&answer(&body.to_string())),
            "{pointer}: {body}"
        );
    }
    assert!(!is_malformed(&answer(LOOK)));
}

/// Reads all that is ever read of an answer.
fn is_malformed(answer: &Answer) -> bool {
    let entries = answer.entries(&["a", "b"]);
    let numbers = entries.iter().flatten().flatten().map(Entry::number);
    numbers.into_iter().any(|it| it.is_err())
        || entries.is_err()
        || answer.cluster().is_err()
        || answer.revision().is_err()
        || answer.succeeded().is_err()
        || answer.number("TTL").is_err()
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "header",
        "revision",
        "cluster_id",
        "succeeded",
        "responses",
        "response_range",
        "kvs",
        "key",
        "value",
        "lease",
        "result",
        "error",
        "message",
        "code",
        "grpc_code",
        "token",
        "TTL",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(vec!["", "YQ==", "7", "-1", "é\u{202e}"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let name = proptest::sample::select(names.to_vec());
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..6).prop_map(|it| it
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

fn survives(status: u16, body: &[u8]) {
    match read(status, body) {
        Ok(Ok(answer)) => {
            is_malformed(&answer);
            let _ = answer.text("token");
        }
        Ok(Err(refusal)) => {
            let _ = Failure::from(refusal);
        }
        Err(failure) => assert!(failure.cause.len() < 2000, "{}", failure.cause),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_or_an_error(
        status in any::<u16>(),
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        survives(status, &body);
    }

    #[test]
    fn any_json_is_an_answer_or_an_error(status in 200..204_u16, body in any_json()) {
        survives(status, body.to_string().as_bytes());
    }

    #[test]
    fn an_answer_cut_at_any_byte_is_malformed(end in 0..LOOK.len()) {
        prop_assert_eq!(kind(200, &LOOK[..end]), ErrorKind::Malformed);
    }
}
