//! The meaning of a lock file's bytes, and the names of one lock's files.

use alloc::{string::String, vec::Vec};
use core::fmt;

use arrayvec::ArrayString;

use crate::facts::Datetime;

/// The longest file that counts as a lock file, in bytes. PID files in use are far shorter.
pub const LONGEST: usize = 64;

/// The largest process number, as POSIX systems count them (`pid_t` is a signed 32-bit integer).
pub const LARGEST_PID: u32 = i32::MAX as u32;

/// The deepest reclaim lock that is followed; each level takes one more crash inside a reclaim.
pub const DEEPEST: u8 = 8;

/// Returns the pid in a lock file, as the original reads it: a decimal number, perhaps with a sign and leading zeros,
/// white space (Unicode's) around it. Returns `None` for anything else, for zero and negative numbers, and for numbers
/// that no process can have.
///
/// The content is read as bytes: what is not UTF-8 is neither white space nor a digit.
#[must_use]
pub fn parse_pid(content: &[u8]) -> Option<u32> {
    let text = without_white_space(content);
    let mut rest = text.strip_prefix(b"+").unwrap_or(text);
    let mut pid = 0_u32;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        pid = pid.checked_mul(10)?.checked_add((digit - b'0').into())?;
        rest = behind;
    }
    // Without a digit, the pid is zero.
    (without_white_space(rest).is_empty() && (1..=LARGEST_PID).contains(&pid)).then_some(pid)
}

/// Returns the numbers in a file that holds more than a pid, in their order. A program may have written its own pid
/// among them, as PostgreSQL, Mercurial and Qt do. A number begins the file, or is a word of its own, and a process can
/// have it. A file that [`parse_pid`] can read has none. Nor has one that begins with a hyphen: it names no owner,
/// whatever follows the hyphen.
///
/// A file of at most [`LONGEST`] bytes has no more than half as many.
#[must_use]
pub fn other_numbers(content: &[u8]) -> Vec<u32> {
    let mut numbers = Vec::new();
    if content.starts_with(b"-") || parse_pid(content).is_some() {
        return numbers;
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut rest = content;
    while !rest.is_empty() {
        let word = rest.iter().take_while(|byte| is_word(byte)).count();
        let begins = rest.len() == content.len();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == word || begins {
            numbers.extend(parse_pid(&rest[..digits]));
        }
        rest = &rest[word.max(1)..];
    }
    numbers
}

/// Returns the text without the white space that it begins with: what Unicode calls White_Space, as UTF-8. Written out
/// here because the standard library's tables for all of Unicode are larger than the rest of this file.
fn without_white_space(mut text: &[u8]) -> &[u8] {
    loop {
        text = match *text {
            [b'\t'..=b'\r' | b' ', ref rest @ ..] => rest,
            [0xc2, 0x85 | 0xa0, ref rest @ ..] => rest,
            [first, second, third, ref rest @ ..] => {
                match u32::from_be_bytes([0, first, second, third]) {
                    0xe1_9a80
                    | 0xe2_8080..=0xe2_808a
                    | 0xe2_80a8
                    | 0xe2_80a9
                    | 0xe2_80af
                    | 0xe2_819f
                    | 0xe3_8080 => rest,
                    _ => return text,
                }
            }
            _ => return text,
        }
    }
}

/// Returns what an owner writes: its pid in decimal and a newline.
#[must_use]
pub fn content_of(pid: u32) -> String {
    let mut text = String::new();
    push_decimal(&mut text, pid.into());
    text.push('\n');
    text
}

/// Returns the identity of an owner that is known only by its pid: the pid with the file's time, since nothing else
/// distinguishes two such owners.
#[must_use]
pub fn bare_identity(pid: u32, modified: Option<Datetime>) -> String {
    let (seconds, nanoseconds) =
        modified.map_or((0, 0), |time| (time.seconds, time.nanoseconds.into()));
    let mut text = String::new();
    push_decimal(&mut text, pid.into());
    text.push('@');
    push_decimal(&mut text, seconds);
    text.push('.');
    push_decimal(&mut text, nanoseconds);
    text
}

/// Appends a number, as `write!` would, without the ten kilobytes that `write!` adds to the component.
fn push_decimal(text: &mut String, number: u64) {
    if number > 9 {
        push_decimal(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

/// The longest identity, in bytes.
pub const LONGEST_IDENTITY: usize = 128;

/// An identity, as the contract defines one: a format number, a hyphen, a lower case letter, then such letters, digits
/// and hyphens. So neither `tinyforge.lock.bak` nor `tinyforge.lock.2026-11-23` is a claim, and no identity leads out
/// of the directory.
///
/// Kept in place, so that a value that names a process is cheap to copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(ArrayString<LONGEST_IDENTITY>);

impl Identity {
    /// Returns the identity with this text, or `None` if the text is not an identity.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let format = text.bytes().take_while(u8::is_ascii_digit).count();
        let good = (1..=4).contains(&format)
            && matches!(text.as_bytes().get(format..)?, [b'-', b'a'..=b'z', rest @ ..]
                if rest.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')));
        if good {
            let mut identity = ArrayString::new();
            identity.try_push_str(text).ok()?;
            Some(Self(identity))
        } else {
            None
        }
    }

    /// Returns whether its maker has a session at a coordinator (format 2). No other attempt ever has this session.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.0.starts_with("2-")
    }

    /// Returns its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns whether a name can be a lock's: a plain file name that ends in `.lock` or `.pid`.
#[must_use]
pub fn is_lock_name(name: &str) -> bool {
    let stem = name
        .strip_suffix(".lock")
        .or_else(|| name.strip_suffix(".pid"));
    stem.is_some_and(|stem| !stem.is_empty())
        && !name
            .bytes()
            .any(|byte| matches!(byte, b'/' | b'\\' | b':') || byte.is_ascii_control())
}

/// One file of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// The lock file itself (0), or the reclaim lock that many levels deep.
    Level(u8),
    /// The claim of an identity.
    Claim(Identity),
}

/// The names of the files of one lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Names {
    lock: String,
}

impl Names {
    /// Returns the names for the lock of this name.
    #[must_use]
    pub fn new(lock: String) -> Self {
        Self { lock }
    }

    /// Returns the name of the lock file.
    #[must_use]
    pub fn lock(&self) -> &str {
        &self.lock
    }

    /// Returns the file's name in the directory.
    #[must_use]
    pub fn file(&self, name: &Name) -> String {
        match name {
            Name::Level(level) => self.level(*level),
            Name::Claim(identity) => self.claim(identity),
        }
    }

    /// Returns the name of an identity's claim.
    #[must_use]
    pub fn claim(&self, identity: &Identity) -> String {
        let mut file = self.lock.clone();
        file.push('.');
        file.push_str(identity.as_str());
        file
    }

    /// Returns the name of the lock file (0), or of its reclaim lock of that level.
    #[must_use]
    pub fn level(&self, level: u8) -> String {
        let mut file = self.lock.clone();
        for _ in 0..level {
            file.push_str(".reclaim");
        }
        file
    }

    /// Returns whether a file's name is that of a reclaim lock, at whatever level.
    #[must_use]
    pub fn is_reclaim(&self, file: &str) -> bool {
        let above = file.strip_prefix(self.lock.as_str());
        above.is_some_and(|it| it.starts_with(".reclaim"))
    }

    /// Returns the identity that made a claim on this lock, if the file's name is that of one.
    #[must_use]
    pub fn claimant(&self, file: &str) -> Option<Identity> {
        Identity::new(file.strip_prefix(self.lock.as_str())?.strip_prefix('.')?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_what_the_original_takes_for_one() {
        for (content, pid) in [
            (&b"123\n"[..], 123),
            (b"123", 123),
            (b" \t123\r\n\n", 123),
            (b"+123\n", 123),
            (b"000123\n", 123),
            ("\u{a0}123\u{2003}\n".as_bytes(), 123),
            (b"2147483647\n", LARGEST_PID),
        ] {
            assert_eq!(parse_pid(content), Some(pid), "{content:?}");
        }
    }

    #[test]
    fn anything_else_is_no_pid() {
        for content in [
            &b""[..],
            b"\n",
            b"0\n",
            b"-1\n",
            b"-0\n",
            b"+\n",
            b"++1\n",
            b"+ 1\n",
            b"1 2\n",
            b"1_0\n",
            b"0x10\n",
            b"1.0\n",
            b"2147483648\n",
            b"4294967297\n",
            b"18446744073709551617\n",
            b"123\0\n",
            b"\xff123\n",
            "١٢٣\n".as_bytes(),
            b"garbage",
        ] {
            assert_eq!(parse_pid(content), None, "{content:?}");
        }
    }

    #[test]
    fn other_programs_write_their_pid_among_other_things() {
        for (content, numbers) in [
            (&b"11818\nhost\n"[..], &[11818][..]),
            (b"11818 8080", &[11818, 8080]),
            (b"11818,1", &[11818, 1]),
            (b"{\"pid\": 11818}\n", &[11818]),
            (b"{\"version\":2,\"pid\":11818}", &[2, 11818]),
            // PostgreSQL's postmaster.pid, of a directory with a short name.
            (
                b"11818\n/db\n1764378000\n5432\n/tmp\n*\n  5432001    3\nready   \n",
                &[11818, 1_764_378_000, 5432, 5_432_001, 3],
            ),
            // Mercurial: the host, perhaps its PID namespace, and the pid.
            (b"web1.example.org:11818", &[11818]),
            (b"web1/4026531836:11818", &[11818]),
            // QLockFile: the pid, the program, the host, and the machine.
            (
                b"11818\nmyapp\nweb1\nd41d8cd98f00b204e9800998ecf8427e\n",
                &[11818],
            ),
            (b"11818abc 7x", &[11818]),
            (b"\xff123\0", &[123]),
        ] {
            assert_eq!(other_numbers(content), numbers, "{content:?}");
        }
    }

    #[test]
    fn a_file_without_a_number_of_its_own_names_no_owner() {
        for content in [
            &b""[..],
            b"\n",
            b"garbage\n",
            b"-",
            b"-2345\n",
            b"-1 11818",
            b"0 00\n",
            b"0x10\n",
            b"not4u\n",
            b"x_11818\n",
            b"4294967297 2147483648 99999999999999999999\n",
            // What [`parse_pid`] can read is a pid, and no other number.
            b" 11818\n",
        ] {
            assert_eq!(other_numbers(content), [], "{content:?}");
        }
    }

    #[test]
    fn no_file_holds_more_numbers_than_half_its_bytes() {
        let most = "7 ".repeat(LONGEST / 2);
        assert_eq!(other_numbers(most.as_bytes()).len(), LONGEST / 2);
        for byte in 0..=u8::MAX {
            assert!(other_numbers(&[byte; LONGEST]).len() <= LONGEST / 2);
        }
    }

    #[test]
    fn white_space_is_what_unicode_takes_for_it() {
        for char in '\0'..=char::MAX {
            let text = String::from(char);
            let is_space = without_white_space(text.as_bytes()).is_empty();
            assert_eq!(is_space, char.is_whitespace(), "{char:?}");
        }
    }

    #[test]
    fn a_pid_is_written_in_decimal_with_a_newline() {
        for (pid, content) in [
            (1, "1\n"),
            (9, "9\n"),
            (10, "10\n"),
            (100, "100\n"),
            (LARGEST_PID, "2147483647\n"),
        ] {
            assert_eq!(content_of(pid), content);
        }
    }

    #[test]
    fn an_owner_without_a_claim_is_its_pid_and_the_files_time() {
        let modified = Some(Datetime {
            seconds: 1_795_552_026,
            nanoseconds: 9,
        });
        assert_eq!(bare_identity(7, modified), "7@1795552026.9");
        assert_eq!(bare_identity(7, None), "7@0.0");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for pid in [1, 7, 4_194_304, LARGEST_PID] {
            assert_eq!(parse_pid(content_of(pid).as_bytes()), Some(pid));
            assert!(content_of(pid).len() <= LONGEST);
        }
    }

    #[test]
    fn only_identities_make_claims() {
        let names = Names::new("tinyforge.lock".into());
        for file in ["tinyforge.lock.1-p7", "tinyforge.lock.2-x-y0"] {
            assert!(names.claimant(file).is_some(), "{file}");
        }
        for file in [
            "tinyforge.lock",
            "tinyforge.lock.bak",
            "tinyforge.lock.1",
            "tinyforge.lock.1.gz",
            "tinyforge.lock.1-P7",
            "tinyforge.lock.1-p7.orig",
            "tinyforge.lock.-p7",
            "tinyforge.lock.reclaim",
            "tinyforge.lock.reclaim.reclaim",
            "tinyforge.lock.2026-11-23",
            "tinyforge.lock.1-",
            "tinyforge.lock.12345-p7",
            "tinyforge.lock.2024-01-01 old",
            "other.lock.1-p7",
        ] {
            assert_eq!(names.claimant(file), None, "{file}");
        }
    }

    #[test]
    fn levels_above_the_lock_are_reclaim_locks() {
        let names = Names::new("a.lock".into());
        for level in 1..=DEEPEST {
            assert!(names.is_reclaim(&names.level(level)), "{level}");
        }
        for file in ["a.lock", "a.lock.1-p7", "b.lock.reclaim", ".reclaim"] {
            assert!(!names.is_reclaim(file), "{file}");
        }
    }

    #[test]
    fn an_identity_has_a_longest() {
        let text = format!("1-{}", "a".repeat(LONGEST_IDENTITY - 2));
        let identity = Identity::new(&text).unwrap();
        assert_eq!(identity.as_str(), text);
        assert_eq!(format!("{identity:?}"), text);
        assert_eq!(Identity::new(&format!("{text}a")), None);
        assert_eq!(Identity::new(""), None);
    }

    #[test]
    fn levels_nest() {
        let names = Names::new("a.lock".into());
        assert_eq!(names.level(0), "a.lock");
        assert_eq!(names.level(2), "a.lock.reclaim.reclaim");
        let identity = Identity::new("1-p7").unwrap();
        assert_eq!(names.file(&Name::Claim(identity)), "a.lock.1-p7");
    }

    #[test]
    fn a_lock_name_is_a_plain_file_name_with_its_ending() {
        for name in ["tinyforge.lock", "my.pid", "ä.lock", "..lock"] {
            assert!(is_lock_name(name), "{name}");
        }
        for name in [
            "",
            ".lock",
            ".pid",
            "a",
            "a.lock ",
            "a/b.lock",
            "../a.lock",
            "a\\b.lock",
            "c:a.lock",
            "a\0.lock",
            "a\n.lock",
            "a.lock/",
        ] {
            assert!(!is_lock_name(name), "{name:?}");
        }
    }
}
