//! Points in time in messages for people: absolute, and relative to the moment of the message.

use std::{
    fmt::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Formats a time in UTC, and how long ago it was: `21:36:11Z (2h 5m ago)`. For a time of another day than `now` it is
/// `2026-11-23 21:36Z (3d ago)`.
///
/// Returns `None` beyond the year 9999, which some file systems allow.
pub(crate) fn since(time: SystemTime, now: SystemTime) -> Option<String> {
    let utc_time = utc(time)?;
    let (date, clock) = utc_time.split_once('T')?;
    let is_today = utc(now).is_some_and(|now| now.starts_with(date));
    let (mut text, units) = match (is_today, clock.rsplit_once(':')) {
        (false, Some((minutes, _seconds))) => (format!("{date} {minutes}Z"), 1),
        _ => (clock.to_owned(), 2),
    };
    // The time of a file may lie ahead of the clock.
    if let Ok(age) = now.duration_since(time) {
        let _ = write!(text, " ({} ago)", rounded(age, units));
    }
    Some(text)
}

/// Formats a time as in RFC 3339. Returns `None` for a time before 1970 or after the year 9999: its format has none.
fn utc(time: SystemTime) -> Option<String> {
    time.duration_since(UNIX_EPOCH).ok()?;
    let mut text = String::new();
    write!(text, "{}", humantime::format_rfc3339_seconds(time)).ok()?;
    Some(text)
}

const UNITS: [(u64, char); 4] = [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm'), (1, 's')];

/// Formats a duration in this many of its largest units.
fn rounded(duration: Duration, units: usize) -> String {
    let mut rest = duration.as_secs();
    let largest = UNITS.iter().position(|(length, _)| rest >= *length);
    let mut parts = Vec::new();
    for (length, unit) in UNITS.iter().skip(largest.unwrap_or(0)).take(units) {
        if rest >= *length {
            parts.push(format!("{}{unit}", rest / length));
        }
        rest %= length;
    }
    match parts.is_empty() {
        true => "0s".to_owned(),
        false => parts.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// 2026-11-23T21:36:11Z.
    const ACQUIRED: u64 = 1_795_469_771;

    #[test]
    fn a_time_is_absolute_and_relative() {
        for (passed, text) in [
            (0, "21:36:11Z (0s ago)"),
            (59, "21:36:11Z (59s ago)"),
            (2 * 60 * 60 + 5 * 60 + 7, "21:36:11Z (2h 5m ago)"),
            (2 * 60 * 60 + 7, "21:36:11Z (2h ago)"),
            (3 * 60 * 60, "2026-11-23 21:36Z (3h ago)"),
            (400 * 24 * 60 * 60 + 60, "2026-11-23 21:36Z (400d ago)"),
        ] {
            let written = since(after(ACQUIRED), after(ACQUIRED + passed));
            assert_eq!(written.as_deref(), Some(text));
        }
    }

    #[test]
    fn a_time_ahead_of_the_clock_is_absolute_only() {
        let written = since(after(ACQUIRED), after(ACQUIRED - 1));
        assert_eq!(written.as_deref(), Some("21:36:11Z"));
        let written = since(after(ACQUIRED), UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(written.as_deref(), Some("2026-11-23 21:36Z"));
    }

    #[test]
    fn a_time_that_no_calendar_has_is_not_written() {
        let last = since(after(253_402_300_799), after(ACQUIRED));
        assert_eq!(last.as_deref(), Some("9999-12-31 23:59Z"));
        assert_eq!(since(after(253_402_300_800), after(ACQUIRED)), None);
    }
}
