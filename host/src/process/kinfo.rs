//! `struct kinfo_proc`, in which macOS describes a process: `sys/sysctl.h` and `sys/proc.h` of its kernel. It is the
//! same on both kinds of machine, which are little-endian and of 64 bits. Apple's own programs (ps, lldb) are built
//! with it, so it does not change.

use super::identity::Identity;

/// Its length in bytes.
pub(crate) const LENGTH: usize = 648;

// The offsets and lengths of its first members. Between the start and the flags stand two pointers.
const START_SECONDS: (usize, usize) = (0, 8);
const START_MICROSECONDS: (usize, usize) = (8, 4);
const STATUS: usize = 36;
const PID: (usize, usize) = (40, 4);

// Behind those, in the kernel's additional record of each process (`struct eproc`).
const PARENT: (usize, usize) = (560, 4);

/// `SZOMB`: it has ended, with all its threads, and waits to be reaped.
const ZOMBIE: u8 = 5;

/// A process in the kernel's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was made, in microseconds of the wall clock. fork(2) records it once: execve(2) keeps it, and later
    /// changes of the clock do not affect it. `None` where that is 0.
    pub(crate) start: Option<u64>,
    /// It has ended, and waits to be reaped.
    pub(crate) ended: bool,
    /// How many threads it has, as far as that matters: a process that has ended has none.
    pub(crate) threads: u64,
    /// The number of its parent.
    pub(crate) parent: u32,
}

/// Reads the kernel's answer about a number. Returns `None` if there is no such process and the answer is empty, or if
/// the structure is not the expected one.
pub(crate) fn parse(answer: &[u8], pid: u32) -> Option<Entry> {
    let answer: &[u8; LENGTH] = answer.try_into().ok()?;
    if number(answer, PID) != u64::from(pid) {
        return None;
    }
    let microseconds = number(answer, START_MICROSECONDS);
    let start = number(answer, START_SECONDS)
        .checked_mul(1_000_000)
        .and_then(|start| start.checked_add(microseconds));
    let ended = answer[STATUS] == ZOMBIE;
    Some(Entry {
        start: start.filter(|start| *start != 0 && microseconds < 1_000_000),
        ended,
        threads: u64::from(!ended),
        parent: u32::try_from(number(answer, PARENT)).ok()?,
    })
}

fn number(answer: &[u8; LENGTH], (at, length): (usize, usize)) -> u64 {
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(&answer[at..at + length]);
    u64::from_le_bytes(bytes)
}

/// Returns the text of `kern.bootsessionuuid`, which the kernel makes anew at each boot, in the form of identities.
pub(crate) fn boot(text: &[u8]) -> Option<String> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    Identity::boot_id(&std::str::from_utf8(text).ok()?.to_ascii_lowercase())
}

/// The file systems on which an advisory lock means the same to every process that can see the file, because a single
/// kernel mounts them.
const SINGLE_KERNEL: [&[u8]; 2] = [b"apfs", b"hfs"];

/// Returns the number of a file system by its type's name, `f_fstypename` of statfs(2), if it is on the list: the bytes
/// of the name. The kernel assigns its own numbers to types as they are loaded, and they differ between versions.
pub(crate) fn kind(name: &[u8]) -> Option<u64> {
    let name = until_nul(name)?;
    let is_listed = SINGLE_KERNEL.contains(&name);
    is_listed.then(|| name.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

fn until_nul(name: &[u8]) -> Option<&[u8]> {
    name.split(|byte| *byte == 0).next()
}

/// Returns the name of a file system's type if a file there changes its number once it is written to. The number is
/// that of the first cluster of the content, and all empty files have the same (`msdosfs_defileid` of Apple's msdosfs).
/// Then nothing distinguishes a file from another, and a lock could be neither verified nor released.
pub(crate) fn renumbers(name: &[u8]) -> Option<&str> {
    let name = str::from_utf8(until_nul(name)?).ok()?;
    matches!(name, "msdos" | "exfat").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the answer about process 77, made 1.25 s after the year 1970 began.
    fn told(status: u8) -> [u8; LENGTH] {
        // The other bytes are not zero.
        let mut told = [0xa5; LENGTH];
        told[..8].copy_from_slice(&1_i64.to_le_bytes());
        told[8..12].copy_from_slice(&250_000_i32.to_le_bytes());
        told[36] = status;
        told[40..44].copy_from_slice(&77_i32.to_le_bytes());
        told[560..564].copy_from_slice(&76_i32.to_le_bytes());
        told
    }

    #[test]
    fn a_process_is_read_and_a_zombie_has_ended() {
        let running = Entry {
            start: Some(1_250_000),
            ended: false,
            threads: 1,
            parent: 76,
        };
        // SIDL, SRUN, SSLEEP, SSTOP: being made, running, asleep, stopped.
        for status in 1..=4 {
            assert_eq!(parse(&told(status), 77), Some(running), "{status}");
        }
        let zombie = parse(&told(5), 77).unwrap();
        assert!(zombie.ended && zombie.threads == 0 && zombie.start == running.start);
    }

    #[test]
    fn what_is_about_no_such_process_is_none() {
        let told = told(2);
        assert_eq!(parse(&told, 78), None);
        assert_eq!(parse(&told[1..], 77), None);
        assert_eq!(parse(&[], 77), None);
        assert_eq!(parse(&[&told[..], &told[..]].concat(), 77), None);
    }

    #[test]
    fn a_start_that_is_none_is_not_compared() {
        let mut never = told(2);
        never[..12].fill(0);
        assert_eq!(parse(&never, 77).unwrap().start, None);
        assert_eq!(parse(&[0xa5; LENGTH], 0xa5a5_a5a5).unwrap().start, None);
    }

    #[test]
    fn a_boot_is_a_number_without_hyphens() {
        let told = b"0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9\0";
        let boot_id = "0a1b2c3d4e5f60718293a4b5c6d7e8f9".to_owned();
        assert_eq!(boot(told), Some(boot_id));
        for none in [&b""[..], b"\0", b"0A1B2C3D-4E5F", &[0xff; 37]] {
            assert_eq!(boot(none), None);
        }
    }

    #[test]
    fn the_page_about_file_systems_and_the_list_are_the_same() {
        let page = include_str!("../../docs/filesystems.md");
        let part = page.split("\n## ").find(|it| it.starts_with("On macOS"));
        let rows = part.unwrap().lines().filter(|line| line.starts_with("| `"));
        let told = rows.map(|row| {
            let mut words = row.split('`').skip(1).step_by(2);
            let (name, number) = (words.next().unwrap(), words.next().unwrap());
            let number = number.strip_prefix("0x").unwrap();
            (name.as_bytes(), u64::from_str_radix(number, 16).ok())
        });
        let listed = SINGLE_KERNEL.map(|name| (name, kind(name)));
        assert!(told.eq(listed));
    }

    #[test]
    fn fat_and_its_like_number_files_by_their_content() {
        assert_eq!(renumbers(b"msdos\0\0\0\0\0\0\0\0\0\0\0"), Some("msdos"));
        assert_eq!(renumbers(b"exfat"), Some("exfat"));
        for name in [&b""[..], b"\0msdos", b"apfs", b"exfatx", b"\xffexfat"] {
            assert_eq!(renumbers(name), None, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn file_systems_of_one_kernel_have_a_number_and_no_others() {
        assert_eq!(kind(b"apfs\0\0\0\0\0\0\0\0\0\0\0\0"), Some(0x6170_6673));
        assert_eq!(kind(b"hfs\0apfs"), Some(0x68_6673));
        for name in [
            &b""[..],
            b"\0",
            b"ap",
            b"apfsx",
            b"hfsplus",
            b"nfs",
            b"smbfs",
            b"webdav",
            b"acfs",
            b"afpfs",
            b"macfuse",
            b"lifs",
            b"virtiofs",
            b"AppleVirtIOFS",
            b"msdos",
            b"exfat",
            b"devfs",
        ] {
            assert_eq!(kind(name), None, "{}", name.escape_ascii());
        }
    }
}
