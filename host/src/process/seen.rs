//! What proc(5) shows of a running process to a person.

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt};

/// The command and its arguments, and the number of the user that the process runs as. `None` if there is no such
/// process, or it is hidden.
pub(crate) fn seen(pid: u32) -> Option<(Vec<OsString>, Option<u32>)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    // The real one is the first: whoever started it.
    let user = line("Uid:")?
        .split_ascii_whitespace()
        .next()?
        .parse()
        .ok()?;
    let command = command(&fs::read(format!("/proc/{pid}/cmdline")).ok()?);
    if command.is_empty() {
        // A zombie, or a thread of the kernel's: its name alone is left.
        let name = format!("[{}]", line("Name:")?.trim());
        return Some((vec![name.into()], Some(user)));
    }
    Some((command, Some(user)))
}

/// Each argument ends with a zero; a process that has renamed itself may leave more of them, or none.
fn command(cmdline: &[u8]) -> Vec<OsString> {
    let end = cmdline.iter().rposition(|byte| *byte != 0);
    let Some(end) = end else {
        return Vec::new();
    };
    let arguments = cmdline[..=end].split(|byte| *byte == 0);
    arguments
        .map(|argument| OsString::from_vec(argument.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_told_apart_and_empty_ones_kept() {
        assert_eq!(command(b"a\0b c\0\0d\0"), ["a", "b c", "", "d"]);
        assert_eq!(command(b"sshd: listener\0\0\0"), ["sshd: listener"]);
        assert!(command(b"").is_empty() && command(b"\0\0").is_empty());
    }

    #[test]
    fn this_process_is_shown() {
        let (command, _) = seen(std::process::id()).unwrap();
        assert_eq!(command, std::env::args_os().collect::<Vec<_>>());
    }
}
