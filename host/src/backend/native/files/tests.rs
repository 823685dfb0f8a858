use super::*;
use crate::outcome::{self, cause};

// rustix makes no FIFO on macOS.
#[test]
#[cfg(not(target_os = "macos"))]
fn what_is_no_file_is_not_waited_for() {
    use std::os::unix::{fs::symlink, net::UnixListener};

    use rustix::fs::{CWD, mknodat};

    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(place.path().join("socket")).unwrap();
    symlink("pipe", place.path().join("link")).unwrap();
    let dir = File::open(place.path()).unwrap();
    for (name, code) in [
        ("pipe", ErrorCode::NoSuchDevice),
        ("socket", ErrorCode::NoSuchDevice),
        ("link", ErrorCode::Loop),
        ("none", ErrorCode::NoEntry),
    ] {
        assert_eq!(open(&dir, name).err(), Some(code), "{name}");
    }
}

#[test]
fn a_new_file_is_private_and_exists_once() {
    use std::os::unix::fs::MetadataExt;
    let place = tempfile::tempdir().unwrap();
    let dir = File::open(place.path()).unwrap();
    let file = create(&dir, "new").unwrap();
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(create(&dir, "new").err(), Some(ErrorCode::Exist));
    let (opened, id) = open(&dir, "new").unwrap();
    assert_eq!(Ok(id), self::id(&file));
    assert_eq!(Ok(id), id_at(&dir, "new"));
    assert_eq!(write(&file, "7\n"), Ok(2));
    assert_eq!(opened.read(1), Ok(b"7".to_vec()));
}

#[test]
fn the_number_of_an_error_without_a_code_is_kept() {
    cause::forget();
    assert_eq!(code(Operation::Link, Errno::STALE), ErrorCode::Io);
    let failure = outcome::Failure {
        operation: Operation::Link,
        code: outcome::ErrorCode::Io,
    };
    let number = cause::of(failure).and_then(|it| it.raw_os_error());
    assert_eq!(number, Some(Errno::STALE.raw_os_error()));
}

#[test]
#[cfg(target_os = "linux")]
fn an_open_file_gets_its_name_again() {
    let place = tempfile::tempdir().unwrap();
    let dir = File::open(place.path()).unwrap();
    let file = create(&dir, "one").unwrap();
    link(&dir, "one", "two").unwrap();
    unlink(&dir, "one").unwrap();
    link_open(&file, &dir, "one").unwrap();
    assert_eq!(id_at(&dir, "one"), id(&file));
    std::fs::remove_file(place.path().join("one")).unwrap();
    std::fs::remove_file(place.path().join("two")).unwrap();
    assert_eq!(link_open(&file, &dir, "one"), Err(ErrorCode::NoEntry));
}
