//! The lines of lockhost, to a coordinator in threads of this process.

use std::{
    io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe},
    thread,
};

use lockhost_etcd::serve::serve;
use serde_json::{Value, json};

/// The time-out of a request, in milliseconds: nothing here is about times.
const LONG: u64 = 60_000;

/// A coordinator, as `lockhost` speaks to it.
pub struct Lines {
    input: PipeWriter,
    output: BufReader<PipeReader>,
    id: u64,
}

/// A session of one of these tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session(pub Value);

impl Session {
    /// Returns its nonce.
    #[must_use]
    pub fn nonce(&self) -> &str {
        self.0["nonce"].as_str().expect("a nonce")
    }

    /// Returns the id of its lease in hexadecimal digits, as etcdctl wants it. The nonces of these tests are small.
    #[must_use]
    pub fn lease(&self) -> String {
        let id = u64::from_str_radix(self.nonce(), 36).expect("a number");
        format!("{id:x}")
    }
}

/// Returns the text of a nonce or an incarnation.
#[must_use]
pub fn number(number: u64) -> String {
    let mut digits = String::new();
    let mut left = number;
    for _ in 0..13 {
        digits.insert(
            0,
            char::from_digit((left % 36) as u32, 36).expect("a digit"),
        );
        left /= 36;
    }
    digits
}

impl Lines {
    /// Connects to the coordinator at a URL.
    ///
    /// # Panics
    /// If the URL is refused.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let mut lines = Self::silent();
        let hello = json!({"protocol": 1, "url": url});
        let answer = lines.ask("hello", hello);
        assert_eq!(answer["ok"]["protocol"], 1, "{answer}");
        lines
    }

    /// Returns a coordinator that was sent no request yet.
    ///
    /// # Panics
    /// If there are no pipes.
    #[must_use]
    pub fn silent() -> Self {
        let (requests, input) = pipe().expect("a pipe");
        let (output, answers) = pipe().expect("a pipe");
        thread::spawn(move || serve(BufReader::new(requests), answers));
        let output = BufReader::new(output);
        Self {
            input,
            output,
            id: 0,
        }
    }

    /// Returns the answer to a request.
    ///
    /// # Panics
    /// If there is none.
    pub fn ask(&mut self, operation: &str, members: Value) -> Value {
        self.send(operation, members);
        self.receive()
    }

    /// Sends a request, and does not wait for its answer. Returns its id.
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn send(&mut self, operation: &str, mut members: Value) -> u64 {
        self.id += 1;
        members["id"] = self.id.into();
        members["op"] = operation.into();
        if members.get("timeout_ms").is_none() {
            members["timeout_ms"] = LONG.into();
        }
        writeln!(self.input, "{members}").expect("a request can be sent");
        self.id
    }

    /// Returns the next answer.
    ///
    /// # Panics
    /// If there is none.
    pub fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("an answer is JSON")
    }

    /// Returns what a request was answered with, which is no error.
    ///
    /// # Panics
    /// If it is.
    pub fn ok(&mut self, operation: &str, members: Value) -> Value {
        let answer = self.ask(operation, members);
        assert!(answer.get("ok").is_some(), "{operation}: {answer}");
        answer["ok"].clone()
    }

    /// Returns the error that a request was answered with.
    ///
    /// # Panics
    /// If it was none.
    pub fn error(&mut self, operation: &str, members: Value) -> Value {
        let answer = self.ask(operation, members);
        assert!(answer.get("error").is_some(), "{operation}: {answer}");
        let error = answer["error"].clone();
        assert!(!error["hint"].as_str().expect("a hint").is_empty());
        let cause = error["cause"].as_str().expect("a cause");
        assert!(!cause.contains('\n') && !cause.ends_with('.'), "{cause}");
        error
    }

    /// Enrolls a session with a lease of an hour.
    pub fn enroll(&mut self, nonce: u64) -> Session {
        self.enroll_for(nonce, 3_600_000)
    }

    /// Enrolls a session with a lease in milliseconds.
    ///
    /// # Panics
    /// If it cannot be enrolled.
    pub fn enroll_for(&mut self, nonce: u64, lease: u64) -> Session {
        let enrollment = json!({
            "nonce": number(nonce), "incarnation": number(1000 + nonce), "about": "a test", "lease_ms": lease
        });
        let enrolled = self.ok("enroll", enrollment);
        assert!(enrolled["revision"].is_u64(), "{enrolled}");
        Session(json!({"nonce": number(nonce), "incarnation": enrolled["incarnation"]}))
    }

    /// Reads the facts about a session and the directory `data`.
    pub fn confirm(&mut self, session: &Session) -> Value {
        self.ok(
            "confirm",
            json!({"session": session.0, "directory": "data"}),
        )
    }

    /// Reads the facts about two sessions and the directory `data`.
    pub fn observe(&mut self, session: &Session, judged: &Session) -> Value {
        let question = json!({"session": session.0, "judged": judged.0, "directory": "data"});
        self.ok("observe", question)
    }

    /// Marks a session with another one.
    pub fn mark(&mut self, session: &Session, judged: &Session) -> Value {
        let question = json!({"session": session.0, "judged": judged.0, "directory": "data"});
        self.ok("mark", question)
    }

    /// Takes the directory `data`.
    pub fn take(&mut self, session: &Session, judged: Option<&Session>) -> Value {
        self.ok("take", taking(session, judged))
    }

    /// Releases the directory `data`.
    pub fn release(&mut self, session: &Session) {
        let released = self.ok(
            "release",
            json!({"session": session.0, "directory": "data"}),
        );
        assert_eq!(released, json!({}));
    }

    /// Withdraws a session.
    pub fn withdraw(&mut self, session: &Session) {
        let withdrawn = self.ok("withdraw", json!({"session": session.0}));
        assert_eq!(withdrawn, json!({}));
    }
}

/// Returns the members of a request for the directory `data`.
#[must_use]
pub fn taking(session: &Session, judged: Option<&Session>) -> Value {
    json!({
        "session": session.0,
        "judged": judged.map(|it| it.0.clone()),
        "directory": "data",
        "deadline_ms": 10_000,
    })
}
