use std::fs;

use windows_sys::Win32::Storage::FileSystem::FILE_GENERIC_READ;

use super::*;
use crate::process::platform::open_directory;

#[test]
fn a_new_file_can_be_stamped_where_that_tells_it_from_others() {
    let file = tempfile::tempfile().unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    assert_eq!(date(&file, stamp()), Ok(()));
    assert_eq!(file.metadata().unwrap().modified().unwrap(), before);
}

#[test]
fn a_name_is_looked_up_where_a_renamed_directory_is_now() {
    let place = tempfile::tempdir().unwrap();
    let [before, after] = ["before", "after"].map(|name| place.path().join(name));
    fs::create_dir(&before).unwrap();
    let directory = open_directory(&before).unwrap();
    fs::rename(&before, &after).unwrap();
    // Another directory has the path by now.
    fs::create_dir(&before).unwrap();
    // What is opened is not removed here: Wine removes a file by the path that it was opened by.
    create(&directory, "lock", FILE_GENERIC_READ).unwrap();
    assert!(after.join("lock").exists());
    assert!(!before.join("lock").exists());
    open(&directory, "lock", FILE_GENERIC_READ, 0).unwrap();
}

#[test]
fn a_directory_is_not_removed_as_a_file() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("directory")).unwrap();
    let directory = open_directory(place.path()).unwrap();
    let removed = remove(&directory, "directory");
    assert_eq!(removed, Err(Status(STATUS_FILE_IS_A_DIRECTORY)));
    assert!(place.path().join("directory").is_dir());
}
