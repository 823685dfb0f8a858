//! The JSON lines by which `lockhost` uses this coordinator: the pages of lockhost define them, in `coordinators.md`.

use std::{
    io::{self, BufRead, Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use crate::{
    address::Address,
    error::{Class, Error, ErrorKind, excerpt},
    etcd::Etcd,
    facts::{Enrollment, Facts, Outcome, Owner, Session},
    keys::{is_directory, is_number},
};

/// The version of the lines.
const PROTOCOL: u64 = 1;

/// How long a line may be, with its newline.
const LONGEST: u64 = 65_536;

/// How many requests are carried out at once. `lockhost` has a few for each directory.
const MOST: usize = 128;

/// The name and the version of this program.
pub const PROGRAM: &str = concat!("lockhost-etcd ", env!("CARGO_PKG_VERSION"));

/// Reads requests, one a line, until the input ends, and writes one answer a line for each.
///
/// Each request is carried out in a thread of its own, and the answers come in any order. When the input has ended, requests may
/// still be under way; a program ends then, and takes them along.
///
/// # Errors
///
/// If the input cannot be read, or has a line that is not a request, so that no answer to it is possible.
///
/// ```
/// use std::{io::Write, sync::mpsc};
///
/// struct Lines(mpsc::Sender<String>);
///
/// impl Write for Lines {
///     fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
///         let _ = self.0.send(String::from_utf8_lossy(line).into_owned());
///         Ok(line.len())
///     }
///     fn flush(&mut self) -> std::io::Result<()> {
///         Ok(())
///     }
/// }
///
/// let (lines, answers) = mpsc::channel();
/// let hello = br#"{"id": 0, "op": "hello", "protocol": 1, "url": "etcd://one", "timeout_ms": 2000}"#;
/// lockhost_etcd::serve::serve(&hello[..], Lines(lines))?;
/// assert!(answers.recv()?.contains("etcd at http://one:2379"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn serve(mut input: impl BufRead, output: impl Write + Send + 'static) -> io::Result<()> {
    let output = Arc::new(Mutex::new(output));
    let busy = Arc::new(AtomicUsize::new(0));
    let mut etcd = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let request = Request::read(&line)?;
        let answer = match (&etcd, request.operation()) {
            (Some(etcd), Ok(operation)) if request.name != "hello" => {
                let begins = Begins {
                    etcd: Arc::clone(etcd),
                    busy: Arc::clone(&busy),
                    output: Arc::clone(&output),
                    id: request.id.clone(),
                };
                match begins.begin(operation) {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                }
            }
            (None, _) if request.name == "hello" => request.hello().map(|(new, answer)| {
                etcd = Some(Arc::new(new));
                answer
            }),
            (None, _) => Err(misconfigured("the first request must be 'hello'")),
            (Some(_), Err(error)) => Err(error),
            (Some(_), Ok(_)) => Err(misconfigured("'hello' has been answered before")),
        };
        write(&output, &request.id, answer)?;
    }
}

/// A request, as it was read.
struct Request {
    id: Value,
    name: String,
    within: Duration,
    at: Instant,
    members: Map<String, Value>,
}

/// What a request wants, checked.
struct Operation {
    what: What,
    within: Duration,
    at: Instant,
}

enum What {
    Hello,
    Enroll(Enrollment),
    Confirm(Session, String),
    Observe(Session, Session, String),
    Mark(Session, Session, String),
    Take {
        session: Session,
        judged: Option<Session>,
        directory: String,
        deadline_ms: u64,
    },
    Release(Session, String),
    Withdraw(Session),
}

fn misconfigured(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, cause.into())
}

impl Request {
    fn read(line: &[u8]) -> io::Result<Self> {
        let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        if line.last() != Some(&b'\n') && line.len() as u64 >= LONGEST {
            return Err(invalid("a line is longer than 65,536 bytes"));
        }
        let text = str::from_utf8(line).map_err(|_| invalid("a line is not in UTF-8"))?;
        let Ok(Value::Object(members)) = serde_json::from_str(text.trim()) else {
            return Err(invalid("a line is no JSON object"));
        };
        let id = members.get("id").filter(|id| id.is_u64());
        let id = id.ok_or_else(|| invalid("a request has no 'id'"))?.clone();
        let name = members.get("op").and_then(Value::as_str);
        let name = name.unwrap_or_default().to_owned();
        // An answer that comes at the very end of this time would be late.
        let within = members.get("timeout_ms").and_then(Value::as_u64);
        let within = Duration::from_millis(within.unwrap_or_default());
        let within = within - (within / 10).min(Duration::from_millis(50));
        Ok(Self {
            id,
            name,
            within,
            at: Instant::now(),
            members,
        })
    }

    fn hello(&self) -> Result<(Etcd, Value), Error> {
        if self.members.get("protocol").and_then(Value::as_u64) < Some(PROTOCOL) {
            return Err(misconfigured(
                "this version of lockhost is too old for lockhost-etcd",
            ));
        }
        let address: Address = self.text("url")?.parse()?;
        let etcd = Etcd::new(&address)?;
        let name = etcd.name();
        let answer = json!({"protocol": PROTOCOL, "program": PROGRAM, "coordinator": name});
        Ok((etcd, answer))
    }

    fn operation(&self) -> Result<Operation, Error> {
        let what = match self.name.as_str() {
            "hello" => What::Hello,
            "enroll" => What::Enroll(Enrollment {
                nonce: self.number(&self.members, "nonce")?,
                incarnation: self.number(&self.members, "incarnation")?,
                about: self.text("about")?.to_owned(),
                lease: Duration::from_millis(self.milliseconds("lease_ms")?),
            }),
            "confirm" => What::Confirm(self.session("session")?, self.directory()?),
            "observe" => What::Observe(
                self.session("session")?,
                self.session("judged")?,
                self.directory()?,
            ),
            "mark" => What::Mark(
                self.session("session")?,
                self.session("judged")?,
                self.directory()?,
            ),
            "take" => {
                let judged = match self.members.get("judged") {
                    None | Some(Value::Null) => None,
                    Some(_) => Some(self.session("judged")?),
                };
                What::Take {
                    session: self.session("session")?,
                    judged,
                    directory: self.directory()?,
                    deadline_ms: self.milliseconds("deadline_ms")?,
                }
            }
            "release" => What::Release(self.session("session")?, self.directory()?),
            "withdraw" => What::Withdraw(self.session("session")?),
            other => {
                return Err(misconfigured(format!(
                    "unknown operation '{}'",
                    excerpt(other)
                )));
            }
        };
        Ok(Operation {
            what,
            within: self.within,
            at: self.at,
        })
    }

    fn text(&self, name: &str) -> Result<&str, Error> {
        let text = self.members.get(name).and_then(Value::as_str);
        text.ok_or_else(|| misconfigured(format!("the request has no text '{name}'")))
    }

    fn number(&self, object: &Map<String, Value>, name: &str) -> Result<String, Error> {
        let number = object.get(name).and_then(Value::as_str);
        match number.filter(|it| is_number(it)) {
            Some(number) => Ok(number.to_owned()),
            None => Err(misconfigured(format!(
                "'{name}' of the request is no number of 13 digits of base 36"
            ))),
        }
    }

    fn session(&self, name: &str) -> Result<Session, Error> {
        match self.members.get(name) {
            Some(Value::Object(session)) => Ok(Session {
                incarnation: self.number(session, "incarnation")?,
                nonce: self.number(session, "nonce")?,
            }),
            _ => Err(misconfigured(format!(
                "the request has no session '{name}'"
            ))),
        }
    }

    fn directory(&self) -> Result<String, Error> {
        match self.text("directory")? {
            name if is_directory(name) => Ok(name.to_owned()),
            _ => Err(misconfigured(
                "the directory's key is not of 1 to 64 letters, digits, '.', '-', '_'",
            )),
        }
    }

    fn milliseconds(&self, name: &str) -> Result<u64, Error> {
        let number = self.members.get(name).and_then(Value::as_u64);
        let number = number.filter(|it| *it > 0);
        number.ok_or_else(|| misconfigured(format!("'{name}' is no number above zero")))
    }
}

impl Operation {
    fn run(&self, etcd: &Etcd) -> Result<Value, Error> {
        let within = self.within.saturating_sub(self.at.elapsed());
        match &self.what {
            What::Hello => Ok(json!({})),
            What::Enroll(enrollment) => {
                let made = etcd.enroll(enrollment, within)?;
                Ok(json!({"incarnation": made.incarnation, "revision": made.revision}))
            }
            What::Confirm(session, directory) => {
                Ok(facts(&etcd.confirm(session, directory, within)?))
            }
            What::Observe(session, judged, directory) => Ok(facts(&etcd.observe(
                session,
                Some(judged),
                directory,
                within,
            )?)),
            What::Mark(session, judged, directory) => {
                let outcome = etcd.mark(session, judged, directory, within)?;
                Ok(outcome_as("marked", &outcome))
            }
            What::Take {
                session,
                judged,
                directory,
                deadline_ms,
            } => {
                let judged = judged.as_ref();
                let outcome = etcd.take(session, judged, directory, *deadline_ms, within)?;
                Ok(outcome_as("token", &outcome))
            }
            What::Release(session, directory) => {
                etcd.release(session, directory, within)?;
                Ok(json!({}))
            }
            What::Withdraw(session) => {
                etcd.withdraw(session, within)?;
                Ok(json!({}))
            }
        }
    }
}

fn facts(facts: &Facts) -> Value {
    let owner = |it: &Owner| json!({"nonce": it.nonce, "deadline_ms": it.deadline});
    json!({
        "incarnation": facts.incarnation,
        "revision": facts.revision,
        "own": facts.own,
        "judged": facts.judged,
        "key": facts.key.as_ref().map(owner),
    })
}

fn outcome_as(name: &str, outcome: &Outcome) -> Value {
    match outcome {
        Ok(revision) => json!({ name: revision }),
        Err(found) => json!({"refused": facts(found)}),
    }
}

/// What an operation needs to be carried out beside others.
struct Begins<W> {
    etcd: Arc<Etcd>,
    busy: Arc<AtomicUsize>,
    output: Arc<Mutex<W>>,
    id: Value,
}

impl<W: Write + Send + 'static> Begins<W> {
    fn begin(self, operation: Operation) -> Result<(), Error> {
        let busy = Arc::clone(&self.busy);
        if busy.fetch_add(1, Ordering::Relaxed) >= MOST {
            busy.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::new(
                ErrorKind::Contended,
                format!("more than {MOST} requests at once"),
            ));
        }
        let runs = thread::Builder::new().name("request".to_owned());
        let started = runs.spawn(move || {
            let answer = operation.run(&self.etcd);
            self.busy.fetch_sub(1, Ordering::Relaxed);
            // If the output is closed, its reader has ended, and the input ends as well.
            let _ = write(&self.output, &self.id, answer);
        });
        started.map(drop).map_err(|error| {
            busy.fetch_sub(1, Ordering::Relaxed);
            Error::new(
                ErrorKind::Refused,
                format!("no thread can be started: {error}"),
            )
        })
    }
}

fn write<W: Write>(output: &Mutex<W>, id: &Value, answer: Result<Value, Error>) -> io::Result<()> {
    let line = match answer {
        Ok(answer) => json!({"id": id, "ok": answer}),
        Err(error) => json!({"id": id, "error": described(&error)}),
    };
    let line = format!("{line}\n");
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    // With one call, since another thread may write the next line.
    output.write_all(line.as_bytes())?;
    output.flush()
}

fn described(error: &Error) -> Value {
    let mut described = json!({
        "kind": kind(error.kind()),
        "cause": error.cause(),
        "hint": error.hint(),
    });
    if let Some(endpoint) = error.endpoint() {
        described["endpoint"] = endpoint.into();
    }
    described
}

/// Returns the kind of an error as the lines name it.
fn kind(kind: ErrorKind) -> &'static str {
    match kind.class() {
        Class::Unreachable => "unreachable",
        Class::Denied => "denied",
        Class::Misconfigured => "misconfigured",
        Class::Failed => "failed",
        Class::Nonsense => "nonsense",
    }
}
