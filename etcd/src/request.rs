//! Requests to the gateway, as JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// A comparison of a transaction.
#[derive(Clone)]
pub(crate) enum Compare<'a> {
    /// The key is there.
    Present(&'a str),
    /// The key is absent.
    Absent(&'a str),
    /// The key has this value.
    Equals(&'a str, &'a str),
}

/// An operation of a transaction.
pub(crate) enum Operation<'a> {
    Read(&'a str),
    Put {
        key: &'a str,
        value: &'a str,
        /// Zero for none.
        lease: i64,
    },
    Delete(&'a str),
}

fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

impl Compare<'_> {
    fn json(&self) -> Value {
        match self {
            Self::Present(key) => {
                json!({"key": encode(key), "target": "VERSION", "result": "GREATER", "version": "0"})
            }
            Self::Absent(key) => {
                json!({"key": encode(key), "target": "VERSION", "result": "EQUAL", "version": "0"})
            }
            // A key that is absent has no value, and is not equal.
            Self::Equals(key, value) => {
                json!({"key": encode(key), "target": "VALUE", "result": "EQUAL", "value": encode(value)})
            }
        }
    }
}

impl Operation<'_> {
    fn json(&self) -> Value {
        match self {
            Self::Read(key) => json!({"request_range": {"key": encode(key)}}),
            Self::Put { key, value, lease } => json!({"request_put": {
                "key": encode(key), "value": encode(value), "lease": lease.to_string()
            }}),
            Self::Delete(key) => json!({"request_delete_range": {"key": encode(key)}}),
        }
    }
}

/// Returns a transaction. Where the comparisons fail, it reads the keys.
pub(crate) fn transaction(
    compares: &[Compare<'_>],
    operations: &[Operation<'_>],
    keys: &[&str],
) -> String {
    let reads = keys.iter().map(|key| Operation::Read(key).json());
    json!({
        "compare": compares.iter().map(Compare::json).collect::<Vec<_>>(),
        "success": operations.iter().map(Operation::json).collect::<Vec<_>>(),
        "failure": reads.collect::<Vec<_>>(),
    })
    .to_string()
}

/// Returns a read of several keys at one revision.
///
/// It compares nothing, so it succeeds. For etcd a transaction without any read in it is no linearizable read, and a member
/// that is cut off would answer what was true before. The reads in both branches prevent that.
pub(crate) fn look(keys: &[&str]) -> String {
    let reads: Vec<_> = keys.iter().map(|key| Operation::Read(key)).collect();
    transaction(&[], &reads, keys)
}
