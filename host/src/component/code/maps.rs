//! The executable parts of a process' memory: `/proc/PID/maps`, proc_pid_maps(5).

use std::{io::BufRead, ops::Range};

/// Returns whether all of `code` lies in one mapping that is executable and not writable. A line that cannot be read is
/// no mapping.
pub(super) fn is_executable(maps: impl BufRead, code: &Range<usize>) -> bool {
    maps.split(b'\n')
        .map_while(Result::ok)
        .find_map(|line| {
            let (range, permissions) = mapping(&line)?;
            range.contains(&code.start).then(|| {
                code.end <= range.end && permissions.contains('x') && !permissions.contains('w')
            })
        })
        .unwrap_or(false)
}

/// Returns the address range and the permissions of a mapping. A file's name, which is last, may contain any bytes.
fn mapping(line: &[u8]) -> Option<(Range<usize>, &str)> {
    let mut fields = line.split(|byte| *byte == b' ');
    let mut field = || str::from_utf8(fields.next()?).ok();
    let (start, end) = field()?.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some((address(start)?..address(end)?, field()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &[u8] = b"\
        1000-2000 r--p 00000000 08:01 12                         /bin/\xff\n\
        2000-8000 r-xp 00001000 08:01 12                         /bin/\xff\n\
        8000-9000 rwxp 00007000 08:01 12                         /bin/\xff\n\
        9000-b000 r--p 00000000 00:00 0 \n\
        7fff00000000-7fff00001000 r-xp 00000000 00:00 0          [vdso]\n";

    #[test]
    fn code_is_executable_where_one_read_only_mapping_has_it_all() {
        for (start, end, expected) in [
            (0x2000, 0x8000, true),
            (0x3000, 0x3001, true),
            (0x7fff_0000_0000, 0x7fff_0000_1000, true),
            (0x1000, 0x2000, false),
            (0x1f00, 0x2100, false),
            (0x7f00, 0x8100, false),
            (0x8000, 0x9000, false),
            (0x9000, 0xb000, false),
            (0xb000, 0xc000, false),
            (0, 0x1000, false),
        ] {
            assert_eq!(is_executable(MAPS, &(start..end)), expected, "{start:x}");
        }
    }

    #[test]
    fn what_says_nothing_permits_nothing() {
        for maps in [
            "",
            "\n",
            "2000 r-xp",
            "2000-",
            "-8000 r-xp",
            "2000-8000",
            "2000-80z0 r-xp",
        ] {
            assert!(!is_executable(maps.as_bytes(), &(0x3000..0x4000)), "{maps}");
        }
    }
}
