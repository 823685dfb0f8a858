//! The granularity of file times: a file that names no owner is judged by its age.

use std::{
    fs::File,
    io::Seek,
    io::Write,
    time::{Duration, Instant, SystemTime},
};

use super::finding::Finding;

/// How long to wait for a file's time to change.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many changes establish the granularity.
const CHANGES: usize = 3;

pub(super) fn finding(file: &File) -> Finding {
    Finding::fact(match granularity(file) {
        Some(step) => format!(
            "times of files are {} apart",
            humantime::format_duration(step)
        ),
        None => format!(
            "times of files are coarse, or not kept: none changed within {}",
            humantime::format_duration(PATIENCE)
        ),
    })
}

/// Returns the smallest step between times of modification.
fn granularity(mut file: &File) -> Option<Duration> {
    let begun = Instant::now();
    let mut last: Option<SystemTime> = None;
    let mut smallest: Option<Duration> = None;
    let mut changes = 0;
    while changes < CHANGES && begun.elapsed() < PATIENCE {
        file.rewind().and_then(|()| file.write_all(b"1")).ok()?;
        let time = file.metadata().and_then(|it| it.modified()).ok()?;
        let step = last.and_then(|last| time.duration_since(last).ok());
        if let Some(step) = step.filter(|step| !step.is_zero()) {
            changes += 1;
            smallest = Some(smallest.map_or(step, |smallest| smallest.min(step)));
        }
        last = Some(time);
    }
    smallest
}
