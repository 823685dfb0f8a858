//! A coordinator in memory behind the lines of `docs/coordinators.md`, for the one lockhost that runs it.
//!
//! Its address is `memory:///FOLDER`. With a file `cut` in the folder, no question is answered; with a file `gone`, the
//! sessions are revoked before the next answer.

use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use lockhost::coordinator::{
    Coordinator, CoordinatorError, DirectoryKey, Enrollment, Facts, Incarnation, KeyOwner, Marked,
    Nonce, Session, Taken,
};
use lockhost_tests::memory_coordinator::MemoryCoordinator;
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let coordinator = MemoryCoordinator::new();
    let mut folder = PathBuf::new();
    let mut session = None;
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        if let Some(url) = request["url"].as_str() {
            let path = url.trim_start_matches("memory://");
            folder = path.split('?').next().unwrap_or(path).into();
        }
        session = self::session(&request["session"]).or(session);
        if let Some(session) = session.filter(|_| folder.join("gone").exists()) {
            coordinator.revoke(session);
        }
        let mut answer = match folder.join("cut").exists() {
            true => json!({"error": {"kind": "unreachable", "cause": "cut off"}}),
            false => answer(&coordinator, &request).unwrap_or_else(
                |error| json!({"error": {"kind": "failed", "cause": error.to_string()}}),
            ),
        };
        answer["id"] = request["id"].clone();
        let mut out = io::stdout();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn read<T: FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

fn session(value: &Value) -> Option<Session> {
    Some(Session {
        incarnation: read(&value["incarnation"])?,
        nonce: read(&value["nonce"])?,
    })
}

fn time(value: &Value) -> Duration {
    Duration::from_millis(value.as_u64().unwrap_or(0))
}

fn key(key: KeyOwner) -> Value {
    let milliseconds = u64::try_from(key.deadline.as_millis()).unwrap_or(u64::MAX);
    json!({"nonce": key.nonce.to_string(), "deadline_ms": milliseconds})
}

fn facts(facts: &Facts) -> Value {
    json!({
        "incarnation": facts.incarnation.map(|it| it.to_string()),
        "revision": facts.revision.0,
        "own": facts.own,
        "judged": facts.judged,
        "key": facts.key.map(key),
    })
}

fn answer(
    coordinator: &Arc<MemoryCoordinator>,
    request: &Value,
) -> Result<Value, CoordinatorError> {
    let within = time(&request["timeout_ms"]);
    let own = session(&request["session"]);
    let judged = session(&request["judged"]);
    let directory: Option<DirectoryKey> = read(&request["directory"]);
    let ok = match (request["op"].as_str(), own, directory) {
        (Some("hello"), ..) => json!({"protocol": 1, "coordinator": "memory"}),
        (Some("enroll"), ..) => {
            let enrollment = Enrollment {
                nonce: read(&request["nonce"]).unwrap_or(Nonce(0)),
                incarnation: read(&request["incarnation"]).unwrap_or(Incarnation(0)),
                about: String::new(),
                lease: time(&request["lease_ms"]),
            };
            let enrolled = coordinator.enroll(&enrollment, within)?;
            json!({
                "incarnation": enrolled.incarnation.to_string(),
                "revision": enrolled.revision.0,
            })
        }
        (Some("confirm"), Some(own), Some(directory)) => {
            facts(&coordinator.confirm(own, &directory, within)?)
        }
        (Some("observe"), Some(own), Some(directory)) => {
            let judged = judged.unwrap_or(own);
            facts(&coordinator.observe(own, judged, &directory, within)?)
        }
        (Some("mark"), Some(own), Some(directory)) => {
            match coordinator.mark(own, judged.unwrap_or(own), &directory, within)? {
                Marked::Marked(revision) => json!({"marked": revision.0}),
                Marked::Refused(found) => json!({"refused": facts(&found)}),
            }
        }
        (Some("take"), Some(own), Some(directory)) => {
            let deadline = time(&request["deadline_ms"]);
            match coordinator.take(own, judged, deadline, &directory, within)? {
                Taken::Taken(token) => json!({"token": token.0}),
                Taken::Refused(found) => json!({"refused": facts(&found)}),
            }
        }
        (Some("release"), Some(own), Some(directory)) => {
            coordinator.release(own, &directory, within)?;
            json!({})
        }
        (Some("withdraw"), Some(own), _) => {
            coordinator.withdraw(own, within)?;
            json!({})
        }
        _ => return Ok(json!({"error": {"kind": "misconfigured", "cause": "not understood"}})),
    };
    Ok(json!({"ok": ok}))
}
