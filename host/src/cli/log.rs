//! `LOCKHOST_LOG`: the library's log of its attempts, and of its answers about processes, line by line on standard
//! error.
//!
//! The subscriber has only what one thread that writes lines needs; `tracing-subscriber` depends on seven more crates.

use std::{
    env,
    fmt::{self, Write},
    sync::Mutex,
    time::Instant,
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use super::complain;

const VARIABLE: &str = "LOCKHOST_LOG";

/// Begins to log, if the variable asks for it. Otherwise, prepares nothing.
pub(crate) fn start() {
    let Some(level) = env::var_os(VARIABLE).filter(|level| !level.is_empty()) else {
        return;
    };
    let level = level.to_string_lossy();
    match level.parse() {
        Ok(LevelFilter::OFF) => {}
        // No subscriber is set yet.
        Ok(level) => drop(tracing::subscriber::set_global_default(Log::new(level))),
        Err(_) => complain(&format_args!(
            "warning: invalid {VARIABLE} '{level}': expected off, error, warn, info, debug or trace"
        )),
    }
}

struct Log {
    level: LevelFilter,
    begun: Instant,
    spans: Mutex<Spans>,
}

#[derive(Default)]
struct Spans {
    made: u64,
    open: Vec<(u64, String)>,
    entered: Vec<u64>,
}

impl Log {
    fn new(level: LevelFilter) -> Self {
        Self {
            level,
            begun: Instant::now(),
            spans: Mutex::default(),
        }
    }

    fn spans<T>(&self, change: impl FnOnce(&mut Spans) -> T) -> T {
        let mut spans = self.spans.lock().unwrap_or_else(|it| it.into_inner());
        change(&mut spans)
    }
}

impl Subscriber for Log {
    /// Returns whether an event is logged: those of other crates only at the level `trace`.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = metadata.target().starts_with("lockhost");
        *metadata.level() <= self.level && (is_ours || self.level == LevelFilter::TRACE)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut text = Text(attributes.metadata().name().to_owned());
        attributes.record(&mut text);
        self.spans(|spans| {
            spans.made += 1;
            spans.open.push((spans.made, text.0));
            span::Id::from_u64(spans.made)
        })
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        let mut text = Text(String::new());
        values.record(&mut text);
        self.spans(|spans| {
            let id = span.into_u64();
            if let Some((_, told)) = spans.open.iter_mut().find(|open| open.0 == id) {
                told.push_str(&text.0);
            }
        });
    }

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level().as_str().to_lowercase();
        let mut line = Text(format!("{level} +{:?}", self.begun.elapsed()));
        self.spans(|spans| {
            for id in &spans.entered {
                if let Some((_, span)) = spans.open.iter().find(|open| open.0 == *id) {
                    line.0 += &format!(" {span}:");
                }
            }
        });
        event.record(&mut line);
        complain(&line.0);
    }

    fn enter(&self, span: &span::Id) {
        self.spans(|spans| spans.entered.push(span.into_u64()));
    }

    fn exit(&self, span: &span::Id) {
        self.spans(|spans| spans.entered.retain(|id| *id != span.into_u64()));
    }

    fn try_close(&self, span: span::Id) -> bool {
        self.spans(|spans| spans.open.retain(|open| open.0 != span.into_u64()));
        true
    }
}

/// Fields, in their order: the message bare, the others with their names.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_level_is_told_apart_from_what_is_one() {
        for level in ["off", "error", "warn", "info", "debug", "trace", "DEBUG"] {
            assert!(level.parse::<LevelFilter>().is_ok(), "{level}");
        }
        assert!("loud".parse::<LevelFilter>().is_err());
    }
}
