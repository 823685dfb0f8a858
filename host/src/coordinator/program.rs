//! A coordinator behind a program on PATH, by JSON lines: the page `docs/coordinators.md` defines them.

use std::{
    ffi::OsString,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    error::{CoordinatorError, CoordinatorErrorKind},
    key::DirectoryKey,
    operations::{Coordinator, Enrolled, Enrollment, Facts, Marked, Taken},
    session::Session,
};

mod answer;
mod connection;

use self::connection::Connection;

/// The version of the lines that this library knows.
const VERSION: u64 = 1;

/// How long the program may take for its first answer.
const HELLO: Duration = Duration::from_secs(5);

/// A coordinator that a program of its own connects: `lockhost-NAME` on PATH for an address `NAME://…`, as git finds its
/// commands. The page `docs/coordinators.md` in the repository defines what the program has to do.
///
/// The program runs as a child of this process, in a process group of its own, until the value is dropped. If it ends before, the
/// next question starts it again.
///
/// ```no_run
/// use std::sync::Arc;
/// use lockhost::{Options, coordinator::{Program, Timing}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let etcd = Arc::new(Program::start("etcd://db1:2379,db2:2379/locks")?);
/// let options = Options::new().coordinator(etcd, "billing".parse()?, Timing::default());
/// let lock = options.acquire("/mnt/billing")?;
/// # Ok(())
/// # }
/// ```
pub struct Program {
    program: OsString,
    url: String,
    name: String,
    connection: Mutex<Connection>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may have a password.
        f.debug_struct("Program")
            .field("program", &self.program)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Program {
    /// Starts the program for an address, and hands the address over.
    ///
    /// # Errors
    ///
    /// If the address begins with no name, there is no such program, or the program refuses the address.
    pub fn start(url: &str) -> Result<Self, CoordinatorError> {
        let name = name_in(url).ok_or_else(|| {
            misconfigured(
                "expected an address NAME://…, with lower case letters, digits and hyphens in NAME",
            )
        })?;
        Self::start_program(format!("lockhost-{name}").into(), url)
    }

    fn start_program(program: OsString, url: &str) -> Result<Self, CoordinatorError> {
        let connection = Connection::open(&program)?;
        let hello = hello(&connection, url, HELLO)?;
        Ok(Self {
            program,
            url: url.to_owned(),
            name: hello,
            connection: Mutex::new(connection),
        })
    }

    /// Asks the program, which is started again if it has ended.
    fn ask(
        &self,
        op: &str,
        mut request: Value,
        within: Duration,
    ) -> Result<Value, CoordinatorError> {
        let begun = Instant::now();
        let connection = {
            let mut connection = self
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if connection.has_ended() {
                let again = Connection::open(&self.program)?;
                hello(&again, &self.url, within)?;
                *connection = again;
            }
            connection.clone()
        };
        request["op"] = op.into();
        connection.ask(request, within.saturating_sub(begun.elapsed()))
    }
}

/// Returns the NAME of an address `NAME://…`.
fn name_in(url: &str) -> Option<&str> {
    let (name, _) = url.split_once("://")?;
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let good =
        name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(plain);
    good.then_some(name)
}

fn misconfigured(why: impl Into<String>) -> CoordinatorError {
    CoordinatorError::new(CoordinatorErrorKind::Misconfigured, why)
}

/// Hands the address over. Returns the coordinator's name for messages.
fn hello(connection: &Connection, url: &str, within: Duration) -> Result<String, CoordinatorError> {
    let request = json!({
        "op": "hello",
        "protocol": VERSION,
        "url": url,
        "lockhost": env!("CARGO_PKG_VERSION"),
    });
    let answer = connection.ask(request, within)?;
    match answer.get("protocol").and_then(Value::as_u64) {
        Some(VERSION) => {}
        _ => {
            return Err(misconfigured(
                "the program for this coordinator speaks another version of the lines",
            ));
        }
    }
    let name = answer.get("coordinator").and_then(Value::as_str);
    Ok(name.unwrap_or("the coordinator").to_owned())
}

fn session(session: Session) -> Value {
    json!({
        "incarnation": session.incarnation.to_string(),
        "nonce": session.nonce.to_string(),
    })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Coordinator for Program {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn enroll(
        &self,
        enrollment: &Enrollment,
        within: Duration,
    ) -> Result<Enrolled, CoordinatorError> {
        let request = json!({
            "nonce": enrollment.nonce.to_string(),
            "incarnation": enrollment.incarnation.to_string(),
            "about": enrollment.about,
            "lease_ms": milliseconds(enrollment.lease),
        });
        answer::enrolled(&self.ask("enroll", request, within)?)
    }

    fn confirm(
        &self,
        own: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Facts, CoordinatorError> {
        let request = json!({"session": session(own), "directory": directory.as_str()});
        answer::facts(&self.ask("confirm", request, within)?)
    }

    fn observe(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Facts, CoordinatorError> {
        let request = json!({
            "session": session(asker),
            "judged": session(judged),
            "directory": directory.as_str(),
        });
        answer::facts(&self.ask("observe", request, within)?)
    }

    fn mark(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Marked, CoordinatorError> {
        let request = json!({
            "session": session(asker),
            "judged": session(judged),
            "directory": directory.as_str(),
        });
        answer::marked(&self.ask("mark", request, within)?)
    }

    fn take(
        &self,
        own: Session,
        judged: Option<Session>,
        deadline: Duration,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Taken, CoordinatorError> {
        let request = json!({
            "session": session(own),
            "judged": judged.map(session),
            "deadline_ms": milliseconds(deadline),
            "directory": directory.as_str(),
        });
        answer::taken(&self.ask("take", request, within)?)
    }

    fn release(
        &self,
        own: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<(), CoordinatorError> {
        let request = json!({"session": session(own), "directory": directory.as_str()});
        self.ask("release", request, within).map(drop)
    }

    fn withdraw(&self, own: Session, within: Duration) -> Result<(), CoordinatorError> {
        self.ask("withdraw", json!({"session": session(own)}), within)
            .map(drop)
    }
}

#[cfg(all(test, unix))]
mod tests;
