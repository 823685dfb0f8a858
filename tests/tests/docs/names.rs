//! The names of tests: each is a short sentence, which a list of failures shows in one line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lockhost_tests::workspace;

/// In characters.
const LONGEST: usize = 60;

/// Returns all source files in a folder and below it, except third-party and built ones.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let of_others = ["target", "node_modules", ".venv"];
    let nested = |path: PathBuf| {
        if of_others.iter().any(|name| path.ends_with(name)) {
            Vec::new()
        } else if path.is_dir() {
            sources(&path)
        } else {
            vec![path]
        }
    };
    let files = paths.flat_map(nested);
    files
        .filter(|file| file.extension().is_some_and(|it| it == "rs"))
        .collect()
}

/// Returns the names of all functions, including tests, and macros' templates of tests.
fn functions(source: &str) -> impl Iterator<Item = &str> {
    let lines = source.lines().map(str::trim_start);
    lines.filter_map(|line| {
        let name = line.split_once("fn ")?.1;
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        Some(&name[..end])
    })
}

#[test]
fn no_name_of_a_test_is_longer_than_sixty_characters() {
    let workspace = workspace();
    let mut read = 0;
    let mut long = Vec::new();
    for folder in ["etcd", "guest", "host", "tests"] {
        for file in sources(&workspace.join(folder)) {
            let source = fs::read_to_string(&file).expect("a source can be read");
            let names: Vec<&str> = functions(&source).collect();
            read += names.len();
            let longer = names.into_iter().filter(|name| name.len() > LONGEST);
            long.extend(longer.map(|name| format!("{}: {name}", file.display())));
        }
    }
    assert!(read > 3000, "{read} functions are not those of all crates");
    assert!(long.is_empty(), "{long:#?}");
}
