//! Answers of the gateway: what they mean, and what is wrong with those that etcd does not give.
//!
//! The gateway writes 64-bit numbers as texts, keys and values in base 64, and leaves out what is zero, empty or false.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::error::{ErrorKind, Failure, excerpt};

/// How large an answer may be. The largest one that is asked for has a handful of short keys.
pub(crate) const LARGEST: u64 = 256 << 10;

/// An answer that etcd gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer(Map<String, Value>);

/// A refusal of a request, by etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The code of gRPC.
    code: u64,
    message: String,
}

/// A key as the coordinator has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) value: Vec<u8>,
    /// The lease that it is attached to, or zero.
    pub(crate) lease: i64,
}

/// Why an answer is not one of etcd.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(String);

impl Malformed {
    /// Returns the error about a value that lockhost does not write.
    pub(crate) fn value(value: &[u8]) -> Self {
        let text = excerpt(&String::from_utf8_lossy(value));
        Self(format!("a key of lockhost has the value '{text}'"))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is not one of etcd: {}", self.0)
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::new(ErrorKind::Malformed, malformed.to_string())
    }
}

type Result<T> = std::result::Result<T, Malformed>;

fn malformed<T>(why: impl Into<String>) -> Result<T> {
    Err(Malformed(why.into()))
}

/// Reads an answer with its status: what was asked for, a refusal by etcd, or something else.
pub(crate) fn read(
    status: u16,
    body: &[u8],
) -> std::result::Result<std::result::Result<Answer, Refusal>, Failure> {
    let text = str::from_utf8(body);
    let object = text
        .ok()
        .and_then(|it| serde_json::from_str(it.trim()).ok());
    let Some(Value::Object(mut object)) = object else {
        let text = excerpt(&String::from_utf8_lossy(&body[..body.len().min(1024)]));
        return Err(match status {
            // Of the gateway where there is no such path, and of servers that are no etcd.
            404 | 405 => Failure::new(
                ErrorKind::NotEtcd,
                format!("there is no JSON gateway of etcd: HTTP {status} '{text}'"),
            ),
            _ => Malformed(format!("HTTP {status} '{text}'")).into(),
        });
    };
    if let Some(refusal) = Refusal::of(&object) {
        return Ok(Err(refusal));
    }
    if status != 200 {
        let text = excerpt(&String::from_utf8_lossy(body));
        return Err(Malformed(format!("HTTP {status} '{text}'")).into());
    }
    // A stream of one answer, as that of a lease.
    if let Some(result) = object.remove("result") {
        let Value::Object(result) = result else {
            return Err(Malformed("'result' is no object".to_owned()).into());
        };
        object = result;
    }
    Ok(Ok(Answer(object)))
}

impl Refusal {
    fn of(object: &Map<String, Value>) -> Option<Self> {
        let (message, code) = match object.get("error") {
            Some(Value::String(error)) => (error.as_str(), object.get("code")),
            // In a stream.
            Some(Value::Object(error)) => (error.get("message")?.as_str()?, error.get("grpc_code")),
            Some(_) => return None,
            // Later gateways have the message alone.
            None => (object.get("message")?.as_str()?, Some(object.get("code")?)),
        };
        Some(Self {
            code: code.and_then(Value::as_u64).unwrap_or(2),
            message: excerpt(message),
        })
    }

    /// Returns whether the user's token is no longer valid, so that another one helps.
    pub(crate) fn wants_token(&self) -> bool {
        self.code == 16
            || self.message.contains("invalid auth token")
            || self.message.contains("revision of auth store is old")
            || self.message.contains("user name is empty")
    }

    /// Returns whether users are not in use at all.
    pub(crate) fn has_no_users(&self) -> bool {
        self.message.contains("authentication is not enabled")
    }

    pub(crate) fn is_missing_lease(&self) -> bool {
        self.message.contains("requested lease not found")
    }

    pub(crate) fn is_existing_lease(&self) -> bool {
        self.message.contains("lease already exists")
    }

    fn kind(&self) -> ErrorKind {
        let says = |part| self.message.contains(part);
        if says("database space exceeded") {
            ErrorKind::NoSpace
        } else if says("no leader") || says("leader changed") || says("leader failure") {
            ErrorKind::NoLeader
        } else if says("authentication failed") || says("user name is empty") || self.code == 16 {
            ErrorKind::Authentication
        } else if self.code == 7 {
            ErrorKind::PermissionDenied
        } else if self.code == 4 || says("timed out") {
            ErrorKind::TimedOut
        } else if self.code == 14 {
            ErrorKind::Unreachable
        } else {
            ErrorKind::Refused
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), refusal.message)
    }
}

impl Answer {
    /// Returns the member `name`, which is a text.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        let text = self.0.get(name).and_then(Value::as_str);
        text.ok_or_else(|| Malformed(format!("'{name}' is no text")))
    }

    /// Returns the number `name`, or zero if it is not there.
    pub(crate) fn number(&self, name: &str) -> Result<i64> {
        number(&self.0, name)
    }

    /// Returns the cluster that answered.
    pub(crate) fn cluster(&self) -> Result<u64> {
        match member(&self.0, "header")?.get("cluster_id") {
            Some(Value::String(text)) => text.parse().ok(),
            Some(number) => number.as_u64(),
            None => None,
        }
        .map_or_else(|| malformed("'cluster_id' is no number"), Ok)
    }

    /// Returns the revision at which the request was executed.
    pub(crate) fn revision(&self) -> Result<u64> {
        let revision = number(member(&self.0, "header")?, "revision")?;
        match u64::try_from(revision) {
            // That of an empty coordinator is one.
            Ok(revision) if revision > 0 => Ok(revision),
            _ => malformed("the revision is not above zero"),
        }
    }

    /// Returns whether the comparisons of a transaction held.
    pub(crate) fn succeeded(&self) -> Result<bool> {
        match self.0.get("succeeded") {
            None => Ok(false),
            Some(Value::Bool(held)) => Ok(*held),
            Some(_) => malformed("'succeeded' is neither true nor false"),
        }
    }

    /// Returns the entries that a transaction has read: one for each key, in the order in which they were asked for.
    pub(crate) fn entries(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>> {
        let many = self.responses()?.len();
        if many != keys.len() {
            return malformed(format!("{many} responses in place of {}", keys.len()));
        }
        let each = keys.iter().enumerate();
        each.map(|(nth, key)| self.entry(nth, key)).collect()
    }

    /// Returns the entry that one operation of a transaction has read.
    pub(crate) fn entry(&self, nth: usize, key: &str) -> Result<Option<Entry>> {
        match self.responses()?.get(nth) {
            Some(Value::Object(response)) => Entry::read(member(response, "response_range")?, key),
            Some(_) => malformed("a response is no object"),
            None => malformed("a response is missing"),
        }
    }

    fn responses(&self) -> Result<&[Value]> {
        match self.0.get("responses") {
            None => Ok(&[]),
            Some(Value::Array(responses)) => Ok(responses),
            Some(_) => malformed("'responses' is no list"),
        }
    }
}

impl Entry {
    /// Reads the answer to a question about one key.
    fn read(range: &Map<String, Value>, key: &str) -> Result<Option<Self>> {
        let entries = match range.get("kvs") {
            None => &[][..],
            Some(Value::Array(entries)) => entries,
            Some(_) => return malformed("'kvs' is no list"),
        };
        let [entry] = entries else {
            return match entries.len() {
                0 => Ok(None),
                many => malformed(format!("{many} entries in place of one")),
            };
        };
        let Value::Object(entry) = entry else {
            return malformed("an entry is no object");
        };
        if bytes(entry, "key")? != key.as_bytes() {
            return malformed("an entry has another key");
        }
        Ok(Some(Self {
            value: bytes(entry, "value")?,
            lease: number(entry, "lease")?,
        }))
    }

    /// Returns the value, if it is the text of a number of 64 bits as lockhost writes them.
    pub(crate) fn number(&self) -> Result<String> {
        let text = str::from_utf8(&self.value).unwrap_or_default();
        match crate::keys::is_number(text) {
            true => Ok(text.to_owned()),
            false => Err(Malformed::value(&self.value)),
        }
    }
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>> {
    match object.get(name) {
        Some(Value::Object(member)) => Ok(member),
        Some(_) => malformed(format!("'{name}' is no object")),
        None => malformed(format!("there is no '{name}'")),
    }
}

fn number(object: &Map<String, Value>, name: &str) -> Result<i64> {
    match object.get(name) {
        None => Some(0),
        Some(Value::String(text)) => text.parse().ok(),
        Some(number) => number.as_i64(),
    }
    .map_or_else(|| malformed(format!("'{name}' is no number")), Ok)
}

fn bytes(object: &Map<String, Value>, name: &str) -> Result<Vec<u8>> {
    match object.get(name) {
        None => Some(Vec::new()),
        Some(Value::String(text)) => STANDARD.decode(text).ok(),
        Some(_) => None,
    }
    .map_or_else(|| malformed(format!("'{name}' is not in base 64")), Ok)
}

#[cfg(test)]
#[path = "answer/tests.rs"]
mod tests;
