use std::{
    fs::{self, OpenOptions},
    os::windows::fs::OpenOptionsExt,
    time::Duration,
};

use tempfile::TempDir;
use windows_sys::Win32::Storage::FileSystem::{FILE_SHARE_READ, FILE_SHARE_WRITE};

use super::*;
use crate::process::platform::open_directory;

fn place() -> (TempDir, File) {
    let place = tempfile::tempdir().unwrap();
    let dir = open_directory(place.path()).unwrap();
    (place, dir)
}

fn code_of<T>(result: Result<T, ErrorCode>) -> Option<ErrorCode> {
    result.err()
}

#[test]
fn a_file_is_the_same_under_each_of_its_names() {
    let (_place, dir) = place();
    let claim = create(&dir, "claim").unwrap();
    assert_eq!(write(&claim, "7\n"), Ok(2));
    link(&dir, "claim", "lock").unwrap();
    let own = id(&claim);
    let (opened, seen) = open(&dir, "lock").unwrap();
    assert_eq!((Ok(seen), id_at(&dir, "lock")), (own, own));
    assert_eq!(opened.read(64), Ok(b"7\n".to_vec()));
    assert_eq!(opened.read(1), Ok(b"7".to_vec()));
    let seen = stat(&claim).unwrap();
    assert_eq!(stat_at(&dir, "lock"), Ok(seen));
    let expected = (DescriptorType::RegularFile, 2, 2);
    assert_eq!((seen.kind, seen.size, seen.links), expected);
    assert!(seen.modified.is_some());
    // Both are open, and the names are free at once.
    for name in ["lock", "claim"] {
        unlink(&dir, name).unwrap();
        assert_eq!(id_at(&dir, name), Err(ErrorCode::NoEntry));
        assert_ne!(id(&create(&dir, name).unwrap()), own);
    }
}

#[test]
fn a_name_is_given_once() {
    let (place, dir) = place();
    create(&dir, "claim").unwrap();
    create(&dir, "lock").unwrap();
    fs::create_dir(place.path().join("directory")).unwrap();
    for name in ["lock", "directory"] {
        assert_eq!(
            code_of(create(&dir, name)),
            Some(ErrorCode::Exist),
            "{name}"
        );
        assert_eq!(link(&dir, "claim", name), Err(ErrorCode::Exist), "{name}");
    }
    assert_eq!(link(&dir, "missing", "other"), Err(ErrorCode::NoEntry));
    assert_eq!(unlink(&dir, "missing"), Err(ErrorCode::NoEntry));
    assert_eq!(code_of(open(&dir, "missing")), Some(ErrorCode::NoEntry));
}

#[test]
fn an_empty_file_has_no_bytes_to_read() {
    let (_place, dir) = place();
    create(&dir, "lock").unwrap();
    assert_eq!(open(&dir, "lock").unwrap().0.read(65), Ok(Vec::new()));
}

#[test]
fn a_directory_is_opened_and_neither_read_nor_removed() {
    let (place, dir) = place();
    fs::create_dir(place.path().join("directory")).unwrap();
    let (opened, id) = open(&dir, "directory").unwrap();
    assert!(opened.is_directory());
    assert_eq!(id_at(&dir, "directory"), Ok(id));
    assert_eq!(opened.read(1), Err(ErrorCode::BadDescriptor));
    assert_eq!(stat(opened.file()).unwrap().kind, DescriptorType::Directory);
    assert_eq!(unlink(&dir, "directory"), Err(ErrorCode::IsDirectory));
    assert!(place.path().join("directory").is_dir());
}

#[test]
fn a_file_that_is_open_without_leave_to_remove_it_is_busy() {
    let (place, dir) = place();
    create(&dir, "lock").unwrap();
    let mut options = OpenOptions::new();
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
    let reader = options.read(true).open(place.path().join("lock")).unwrap();
    assert_eq!(unlink(&dir, "lock"), Err(ErrorCode::Busy));
    drop(reader);
    assert_eq!(unlink(&dir, "lock"), Ok(()));
}

#[test]
fn a_file_under_a_devices_name_is_a_file() {
    let (_place, dir) = place();
    create(&dir, "claim").unwrap();
    link(&dir, "claim", "NUL.lock").unwrap();
    assert_eq!(stat_at(&dir, "NUL.lock").unwrap().links, 2);
    unlink(&dir, "NUL.lock").unwrap();
    assert_eq!(stat_at(&dir, "claim").unwrap().links, 1);
}

#[test]
fn only_the_access_time_is_refreshed() {
    let (place, dir) = place();
    let lock = create(&dir, "lock").unwrap();
    let long_ago = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let times = FileTimes::new()
        .set_accessed(long_ago)
        .set_modified(long_ago);
    lock.set_times(times).unwrap();
    refresh(&lock).unwrap();
    let seen = fs::metadata(place.path().join("lock")).unwrap();
    assert_eq!(seen.modified().unwrap(), long_ago);
    assert!(seen.accessed().unwrap() > long_ago);
    let seconds = stat(&lock).unwrap().modified.map(|it| it.seconds);
    assert_eq!(seconds, Some(1_000_000_000));
}

#[test]
fn a_listing_has_each_name_once() {
    let (_place, dir) = place();
    let names = ["a.lock", "b.lock", "\u{e9}.lock"];
    for name in names {
        create(&dir, name).unwrap();
    }
    let mut listing = Listing::of(&dir).unwrap();
    let mut found = Vec::new();
    while let Some(name) = listing.entry().unwrap() {
        found.push(name.text().unwrap().to_owned());
    }
    found.sort();
    assert_eq!(found, names);
}

#[test]
fn a_time_before_1970_is_none() {
    assert_eq!(datetime(UNIX_EPOCH - Duration::from_secs(1)), None);
    assert!(datetime(UNIX_EPOCH).is_some());
}

#[test]
fn an_open_file_gets_no_further_name() {
    let (_place, dir) = place();
    let file = create(&dir, "one").unwrap();
    let linked = link_open(&file, &dir, "two");
    assert_eq!(linked, Err(ErrorCode::Unsupported));
    assert_eq!(id_at(&dir, "two"), Err(ErrorCode::NoEntry));
}
