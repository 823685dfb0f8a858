//! The answers of a program, read from JSON. What is missing or malformed is nonsense, and never a fact.

use std::{str::FromStr, time::Duration};

use serde_json::Value;

use crate::coordinator::{
    error::{CoordinatorError, CoordinatorErrorKind},
    operations::{Enrolled, Facts, KeyOwner, Marked, Taken},
    session::{FencingToken, Incarnation, Revision},
};

fn nonsense(field: &str) -> CoordinatorError {
    let why = format!("the answer of its program has no valid field '{field}'");
    CoordinatorError::new(CoordinatorErrorKind::Nonsense, why)
}

fn number(answer: &Value, field: &str) -> Result<u64, CoordinatorError> {
    let number = answer.get(field).and_then(Value::as_u64);
    number
        .filter(|number| i64::try_from(*number).is_ok())
        .ok_or_else(|| nonsense(field))
}

fn text<T: FromStr>(answer: &Value, field: &str) -> Result<T, CoordinatorError> {
    let text = answer.get(field).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| nonsense(field))
}

fn flag(answer: &Value, field: &str) -> Result<bool, CoordinatorError> {
    let flag = answer.get(field).and_then(Value::as_bool);
    flag.ok_or_else(|| nonsense(field))
}

/// Returns a field that may be null, and must be there.
fn optional<'a>(answer: &'a Value, field: &str) -> Result<Option<&'a Value>, CoordinatorError> {
    match answer.get(field) {
        None => Err(nonsense(field)),
        Some(Value::Null) => Ok(None),
        Some(value) => Ok(Some(value)),
    }
}

pub(super) fn enrolled(answer: &Value) -> Result<Enrolled, CoordinatorError> {
    Ok(Enrolled {
        incarnation: text(answer, "incarnation")?,
        revision: Revision(number(answer, "revision")?),
    })
}

pub(super) fn facts(answer: &Value) -> Result<Facts, CoordinatorError> {
    let incarnation: Option<Incarnation> = match optional(answer, "incarnation")? {
        None => None,
        Some(_) => Some(text(answer, "incarnation")?),
    };
    let key = optional(answer, "key")?.map(|key| {
        Ok(KeyOwner {
            nonce: text(key, "nonce")?,
            deadline: Duration::from_millis(number(key, "deadline_ms")?),
        })
    });
    Ok(Facts {
        incarnation,
        revision: Revision(number(answer, "revision")?),
        own: flag(answer, "own")?,
        judged: flag(answer, "judged")?,
        key: key.transpose()?,
    })
}

pub(super) fn marked(answer: &Value) -> Result<Marked, CoordinatorError> {
    match answer.get("refused") {
        Some(refused) => facts(refused).map(Marked::Refused),
        None => Ok(Marked::Marked(Revision(number(answer, "marked")?))),
    }
}

pub(super) fn taken(answer: &Value) -> Result<Taken, CoordinatorError> {
    match answer.get("refused") {
        Some(refused) => facts(refused).map(Taken::Refused),
        None => Ok(Taken::Taken(FencingToken(number(answer, "token")?))),
    }
}

/// Returns what an answer carries.
///
/// # Errors
///
/// The error that it reports.
pub(super) fn content(mut answer: Value) -> Result<Value, CoordinatorError> {
    if let Some(ok) = answer.get_mut("ok") {
        return Ok(ok.take());
    }
    let Some(error) = answer.get("error") else {
        return Err(nonsense("ok"));
    };
    let kind = match error.get("kind").and_then(Value::as_str) {
        Some("unreachable") => CoordinatorErrorKind::Unreachable,
        Some("denied") => CoordinatorErrorKind::Denied,
        Some("misconfigured") => CoordinatorErrorKind::Misconfigured,
        Some("nonsense") => CoordinatorErrorKind::Nonsense,
        // Also a kind of a later version.
        _ => CoordinatorErrorKind::Failed,
    };
    let cause = error.get("cause").and_then(Value::as_str);
    let failure = CoordinatorError::new(kind, cause.unwrap_or("no cause was given"));
    let failure = match error.get("endpoint").and_then(Value::as_str) {
        Some(endpoint) => failure.at(endpoint),
        None => failure,
    };
    Err(match error.get("hint").and_then(Value::as_str) {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{content, facts, marked, taken};
    use crate::coordinator::{
        CoordinatorErrorKind, FencingToken, Incarnation, KeyOwner, Marked, Nonce, Revision, Taken,
    };

    #[test]
    fn facts_are_read_as_the_page_defines_them() {
        let mut answer = json!({
            "incarnation": "000000000000z", "revision": 4711, "own": true, "judged": false,
            "key": {"nonce": "0000000000010", "deadline_ms": 10_000}, "later": 1,
        });
        let read = facts(&answer).unwrap();
        assert_eq!(read.incarnation, Some(Incarnation(35)));
        assert_eq!(read.revision, Revision(4711));
        assert!(read.own && !read.judged);
        let key = KeyOwner {
            nonce: Nonce(36),
            deadline: std::time::Duration::from_secs(10),
        };
        assert_eq!(read.key, Some(key));
        answer["incarnation"] = json!(null);
        answer["key"] = json!(null);
        let read = facts(&answer).unwrap();
        assert_eq!((read.incarnation, read.key), (None, None));
    }

    #[test]
    fn facts_that_are_not_whole_are_nonsense() {
        let answer = json!({
            "incarnation": "000000000000z", "revision": 4711, "own": true, "judged": false, "key": null,
        });
        for field in ["incarnation", "revision", "own", "judged", "key"] {
            let mut without = answer.clone();
            without.as_object_mut().unwrap().remove(field);
            let mut malformed = answer.clone();
            malformed[field] = json!("?");
            let mut negative = answer.clone();
            negative[field] = json!(-1);
            for answer in [without, malformed, negative] {
                let error = facts(&answer).unwrap_err();
                assert_eq!(error.kind(), CoordinatorErrorKind::Nonsense, "{answer}");
                assert!(error.to_string().contains("field"), "{error}");
            }
        }
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let facts = json!({
            "incarnation": null, "revision": 1, "own": false, "judged": true, "key": null,
        });
        let refused = json!({"refused": facts});
        assert!(matches!(marked(&refused), Ok(Marked::Refused(_))));
        assert!(matches!(taken(&refused), Ok(Taken::Refused(_))));
        let token = Taken::Taken(FencingToken(9));
        assert_eq!(taken(&json!({"token": 9})), Ok(token));
        assert_eq!(
            marked(&json!({"marked": 9})),
            Ok(Marked::Marked(Revision(9)))
        );
        assert!(taken(&json!({})).is_err() && marked(&json!({"token": 9})).is_err());
    }

    #[test]
    fn an_error_has_its_kind_endpoint_and_cause() {
        let error = json!({
            "kind": "denied", "endpoint": "https://db1", "cause": "no such user", "hint": "check user=",
        });
        let error = content(json!({"id": 1, "error": error})).unwrap_err();
        assert_eq!(error.kind(), CoordinatorErrorKind::Denied);
        assert_eq!(error.to_string(), "https://db1: no such user");
        assert_eq!(error.hint(), Some("check user="));
        let error = content(json!({"id": 1, "error": {"kind": "later"}})).unwrap_err();
        assert_eq!(error.kind(), CoordinatorErrorKind::Failed);
        let error = content(json!({"id": 1})).unwrap_err();
        assert_eq!(error.kind(), CoordinatorErrorKind::Nonsense);
        assert_eq!(
            content(json!({"id": 1, "ok": {"a": 1}})),
            Ok(json!({"a": 1}))
        );
    }
}
