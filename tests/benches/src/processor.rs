//! Processor time of programs that have ended.

use std::fs;

use super::Outcome;

/// Returns the processor time of all children that have ended, and of theirs that they waited for: in microseconds, which
/// the kernel counts here in ticks of a hundredth of a second (proc_pid_stat(5)).
pub(crate) fn of_children() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |nth: usize| -> Outcome<f64> { Ok(fields.get(nth).ok_or("a field")?.parse()?) };
    // The sixteenth and the seventeenth field; the list begins with the third.
    Ok((ticks(13)? + ticks(14)?) * 1e4)
}
