//! Names that mean something else than a file in a directory, to Windows or to some of its programs.

/// The names of devices, also with an extension and with spaces behind them.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// The names of devices that have a digit behind them.
const PORTS: [&str; 2] = ["COM", "LPT"];

/// The digits. Windows also accepts superscript digits.
const DIGITS: [&str; 13] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "\u{b9}", "\u{b2}", "\u{b3}",
];

/// Returns what is wrong with a name, if anything is: a clause without a full stop.
pub(super) fn flaw(name: &str) -> Option<&'static str> {
    if name.contains(|c: char| c.is_control() || r#"<>:"|?*\"#.contains(c)) {
        return Some("control characters and < > : \" | ? * \\ are not permitted in file names");
    }
    let stem = name.split('.').next().unwrap_or_default();
    is_device(stem).then_some("Windows reserves it for a device")
}

fn is_device(stem: &str) -> bool {
    let stem = stem.trim_end().to_ascii_uppercase();
    let mut ports = PORTS.iter().filter_map(|port| stem.strip_prefix(port));
    DEVICES.contains(&&*stem) || ports.any(|digit| DIGITS.contains(&digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_and_odd_characters_are_no_names() {
        let flawed = [
            "NUL.lock",
            "nul.lock",
            "con.tar.lock",
            "Com1.pid",
            "LPT\u{b2}.lock",
            "aux .lock",
            "conin$.lock",
            "a:b.lock",
            "a?.lock",
            r"a\b.lock",
            "a\u{7}.lock",
        ];
        for name in flawed {
            assert!(flaw(name).is_some(), "{name}");
        }
        let good = [
            "tinyforge.lock",
            "null.lock",
            "com.lock",
            "com10.lock",
            "console.pid",
            ".lock",
            "\u{e9}.lock",
        ];
        for name in good {
            assert_eq!(flaw(name), None, "{name}");
        }
    }
}
