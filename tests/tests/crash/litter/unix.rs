//! Files of every kind, and names that differ by their case.

use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
};

use lockhost::acquire;
use lockhost_tests::fixture::{Fixture, NO_PROCESS};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{dead, sweep};

#[test]
fn files_without_an_owner_are_left_as_they_are() {
    let dead = dead(1).text();
    let names = [
        "data",
        "tinyforge.loc",
        "tinyforge.lock~",
        "tinyforge.lock.bak",
        "tinyforge.lock.1",
        "tinyforge.lock.1-",
        "tinyforge.lock.1-P999999999",
        "tinyforge.lock.1-p999999999.orig",
        "tinyforge.lock.12345-p999999999",
        "tinyforge.lock.2026-11-23",
        "tinyforge.lock.reclaim.bak",
        "tinyforge.lock.reclaimed",
        "tinyforge.lockx",
    ]
    .map(str::to_owned);
    let almost = [
        format!("tinyforge.lock.{dead}.orig"),
        format!("tinyforge.lock.{dead}~"),
        format!("tinyforge.lock..{dead}"),
        format!("tinyforge.lock.reclaim.{dead}"),
        format!("tinyforge.lock.{}", dead.to_uppercase()),
        format!("Tinyforge.lock.{dead}"),
        format!("other.lock.{dead}"),
        format!(".tinyforge.lock.{dead}"),
    ];
    let fixture = Fixture::free();
    for name in names.iter().chain(&almost) {
        fs::write(fixture.path().join(name), NO_PROCESS).unwrap();
    }
    // Entries with a dead process's name that are not files which a process would have made.
    let bears = |tag: char| {
        let other = dead.replace("-s1-", &format!("-s1{}-", tag as u32));
        fixture.path().join(format!("tinyforge.lock.{other}"))
    };
    fs::create_dir(bears('d')).unwrap();
    symlink("data", bears('l')).unwrap();
    mknodat(CWD, bears('p'), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let state = || {
        let files = fixture.files().into_iter();
        let files = files.filter(|file| file != "tinyforge.lock");
        files
            .map(|file| {
                let stat = fs::symlink_metadata(fixture.path().join(&file)).unwrap();
                (
                    file,
                    stat.ino(),
                    stat.ctime(),
                    stat.ctime_nsec(),
                    stat.size(),
                )
            })
            .collect::<Vec<_>>()
    };
    let before = state();
    assert_eq!(before.len(), names.len() + almost.len() + 3);
    sweep(&fixture);
    assert_eq!(state(), before);
    let lock = acquire(fixture.path()).unwrap();
    acquire(fixture.path()).unwrap_err();
    lock.release().unwrap();
    assert_eq!(state(), before);
}
