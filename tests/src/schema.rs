//! The schema of the program's JSON output.

use std::fs;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/events.schema.json");

/// The documented schema, but stricter: fields that it does not name are refused.
pub struct Schema {
    schemas: Schemas,
    root: SchemaIndex,
}

impl Schema {
    /// Reads the documented schema.
    ///
    /// # Panics
    /// If it is not a schema.
    #[must_use]
    pub fn documented() -> Self {
        let text = fs::read_to_string(SCHEMA).expect("the schema is there");
        let mut schema = serde_json::from_str(&text).expect("it is JSON");
        close(&mut schema);
        let mut compiler = Compiler::new();
        compiler
            .add_resource("events.json", schema)
            .expect("it has a name");
        let mut schemas = Schemas::new();
        let root = compiler
            .compile("events.json", &mut schemas)
            .expect("it is a schema");
        Self { schemas, root }
    }

    /// Reads one object.
    ///
    /// # Panics
    /// If it is not an object, or not as in the schema.
    #[must_use]
    pub fn read(&self, line: &str) -> Value {
        let value = serde_json::from_str(line).expect(line);
        let valid = self.schemas.validate(&value, self.root);
        valid.unwrap_or_else(|error| panic!("{line}: {error:#}"));
        value
    }

    /// Reads objects, one a line.
    ///
    /// # Panics
    /// As [`Schema::read`].
    #[must_use]
    pub fn lines(&self, text: &str) -> Vec<Value> {
        text.lines().map(|line| self.read(line)).collect()
    }
}

/// Closes every object in it: it has the fields that it names, and no other.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.contains_key("properties") && fields.contains_key("type") {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
