//! A creation time that distinguishes a new file from all others, where no number does.

use std::{
    hash::{BuildHasher, RandomState},
    ops::Range,
};

/// Returns a time at which nothing was made, and that no file has by chance: one of two billion (2·10⁹), in units of
/// 100 nanoseconds since the year 1601. The true time would be the same for files that are made right after each other.
/// A file system may also give a new file the time of one which had its name before ("tunnelling").
pub(super) fn stamp() -> i64 {
    stamp_of(RandomState::new().hash_one(()))
}

fn stamp_of(random: u64) -> i64 {
    let steps = (YEARS.end - YEARS.start) / STEP;
    let step = i64::try_from(random % steps.unsigned_abs()).unwrap_or_default();
    (EPOCH + YEARS.start + step * STEP) * UNITS
}

/// The times that FAT and exFAT can store in every time zone, from 1981 to 2106, in seconds since 1970.
const YEARS: Range<i64> = 347_155_200..4_323_283_200;

/// The step of these times, in seconds: a stored time is read back unchanged.
const STEP: i64 = 2;

/// The seconds from the beginning of Windows' time, the year 1601, to that of Unix.
const EPOCH: i64 = 11_644_473_600;

/// The units of Windows' time in a second.
const UNITS: i64 = 10_000_000;

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, time::Duration};

    use super::*;

    #[test]
    fn files_made_one_right_after_the_other_have_different_stamps() {
        let stamps: HashSet<_> = (0..100).map(|_| stamp()).collect();
        assert_eq!(stamps.len(), 100);
    }

    #[test]
    fn every_stamp_is_a_time_that_fat_can_say() {
        let day = Duration::from_secs(24 * 60 * 60).as_secs().cast_signed();
        for random in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            let made = stamp_of(random);
            assert_eq!(made % (STEP * UNITS), 0);
            let seconds = made / UNITS - EPOCH;
            assert!(seconds / day >= 4_018, "before 1981");
            assert!(seconds / day < 50_038, "after 2106");
        }
    }
}
