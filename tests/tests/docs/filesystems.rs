//! The page `docs/filesystems.md`: the tests that it names, and a limit that it states.
//!
//! On Linux alone: overlays are mounted.
#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, fs, path::Path};

use lockhost_tests::namespaces::Place;

/// As in `tests/tests/containers/mounts.rs`, but the two are containers: neither sees the other's processes, and the
/// kernel does not show the evidence of one overlay in the other. If this fails, the lock has become better than the
/// page states.
#[test]
#[cfg_attr(no_overlay, ignore = "needs root, unshare, nsenter and overlayfs")]
fn limit_two_containers_on_two_overlays_both_get_in() {
    let mount = "mount -t tmpfs none /mnt; cd /mnt; mkdir lower upper work work2 one other
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none one
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work2 none other; cd /";
    let machine = Place::host().mounted(mount).idle();
    let container = || Place::entered(&machine, &["--mount"]).with_container();
    let mut owner = container().contend(Path::new("/mnt/one"));
    owner.acquired();
    let mut second = container().contend(Path::new("/mnt/other"));
    assert!(second.acquired().contains("EvidenceGone"));
}

#[test]
fn each_test_that_the_page_names_is_there() {
    let tests = ["tests", "kernels/tests"].map(|it| sources(Path::new(it)));
    let tests = tests.concat();
    let page = include_str!("../../../docs/filesystems.md");
    let words = page.split('`').skip(1).step_by(2);
    let named: BTreeSet<&str> = words
        .filter(|word| word.matches('_').count() > 3 && !word.contains(' '))
        .collect();
    assert!(named.len() > 6, "{named:?}");
    for test in named {
        // A module comes first, where a macro makes the test for several.
        let test = test.rsplit("::").next().expect("a word");
        assert!(tests.contains(&format!("fn {test}()")), "{test}");
    }
}

/// Returns the text of all source files in a directory, and in those below it.
fn sources(directory: &Path) -> String {
    let files = fs::read_dir(directory).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let text = files.map(|file| match file.extension() {
        Some(extension) if extension == "rs" => fs::read_to_string(file).unwrap(),
        None if file.is_dir() => sources(&file),
        _ => String::new(),
    });
    text.collect()
}
