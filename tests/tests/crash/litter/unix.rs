//! Files of every kind, and names that differ by their case.

use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
};

use lockhost::acquire;
use lockhost_tests::scene::{NOBODY, Scene};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{dead, sweep};

#[test]
fn nobodys_files_are_left_as_they_are() {
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
    let scene = Scene::free();
    for name in names.iter().chain(&almost) {
        fs::write(scene.path().join(name), NOBODY).unwrap();
    }
    // What bears a dead process' name, and is no file that a process would have made.
    let bears = |tag: char| {
        let other = dead.replace("-s1-", &format!("-s1{}-", tag as u32));
        scene.path().join(format!("tinyforge.lock.{other}"))
    };
    fs::create_dir(bears('d')).unwrap();
    symlink("data", bears('l')).unwrap();
    mknodat(CWD, bears('p'), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let state = || {
        let files = scene.files().into_iter();
        let files = files.filter(|file| file != "tinyforge.lock");
        files
            .map(|file| {
                let stat = fs::symlink_metadata(scene.path().join(&file)).unwrap();
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
    sweep(&scene);
    assert_eq!(state(), before);
    let lock = acquire(scene.path()).unwrap();
    acquire(scene.path()).unwrap_err();
    lock.release().unwrap();
    assert_eq!(state(), before);
}
