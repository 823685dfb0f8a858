//! Examples in the library's documentation: each public item has one.
//!
//! `cargo test -p lockhost --doc` checks that the examples work.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use lockhost_tests::workspace;

/// An item of the documentation.
struct Item {
    file: PathBuf,
    /// The type that it is a function of.
    owner: Option<String>,
    name: String,
    docs: String,
}

impl Item {
    fn has_example(&self) -> bool {
        self.docs.contains("```")
    }
}

/// Returns the library's files.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sources can be read");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let library = paths.filter(|path| !path.ends_with("cli") && !path.ends_with("main.rs"));
    let nested = |path: PathBuf| {
        if path.is_dir() {
            sources(&path)
        } else {
            vec![path]
        }
    };
    library.flat_map(nested).collect()
}

/// Returns a source's lines, without its tests.
fn lines(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source can be read");
    let lines = text.lines().map(ToOwned::to_owned);
    lines.take_while(|line| line != "mod tests {").collect()
}

/// Returns the name that a line declares, if that is public: for a bare `pub` that is not reachable, a lint warns.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim_start().strip_prefix("pub ")?;
    let kinds = [
        "fn ",
        "async fn ",
        "const fn ",
        "struct ",
        "enum ",
        "trait ",
        "const ",
        "type ",
    ];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .next()
}

fn items(file: &Path) -> Vec<Item> {
    let (mut items, mut docs, mut owner) = (Vec::new(), String::new(), None);
    for line in lines(file) {
        let code = line.trim_start();
        if let Some(doc) = code.strip_prefix("///") {
            docs = docs + doc + "\n";
            continue;
        }
        if code.starts_with("#[") {
            continue;
        }
        if let Some(of) = line.strip_prefix("impl ") {
            owner = of.strip_suffix(" {").map(ToOwned::to_owned);
        } else if line == "}" {
            owner = None;
        }
        if let Some(name) = declared(&line) {
            items.push(Item {
                file: file.to_owned(),
                owner: owner.clone().filter(|_| line.starts_with(' ')),
                name: name.to_owned(),
                docs: docs.clone(),
            });
        }
        docs.clear();
    }
    items
}

/// Returns the target of a link in front of the words "has an example", without the path to it.
fn linked(docs: &str) -> Option<String> {
    let text = docs.split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, _) = text.split_once(" has an example")?;
    let (_, link) = before.rsplit_once('[')?;
    let (label, _) = link.split_once(']')?;
    let name = label.rsplit("::").next()?;
    Some(name.trim_matches(['`', '(', ')']).to_owned())
}

#[test]
fn every_public_item_has_an_example_or_links_to_one() {
    let mut files = sources(&workspace().join("host/src"));
    // For the tests of this workspace alone, and hidden in the documentation.
    files.retain(|file| !file.ends_with("backend/comparison.rs"));
    let items: Vec<_> = files.iter().flat_map(|file| items(file)).collect();
    println!("{} public items", items.len());
    assert!(items.len() > 50);
    let examples: String = items
        .iter()
        .filter(|item| item.has_example())
        .map(|item| item.docs.as_str())
        .collect();
    // A module is linked as "the module", or by its name, and its example stands at the top of its file.
    let modules = files.iter().filter(|file| {
        let lines = lines(file);
        lines.iter().any(|line| line.starts_with("//! ```"))
    });
    let modules = modules.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()));
    let names = items.iter().filter(|item| item.has_example());
    let exemplified: BTreeSet<_> = names
        .map(|item| item.name.clone())
        .chain(modules)
        .chain(["module".to_owned(), "module's documentation".to_owned()])
        .collect();
    let without: Vec<_> = items
        .iter()
        .filter(|item| !item.has_example())
        .filter(|item| !linked(&item.docs).is_some_and(|name| exemplified.contains(&name)))
        .filter(|item| {
            let called = [format!(".{}(", item.name), format!("::{}(", item.name)];
            let is_called = called.iter().any(|call| examples.contains(call));
            item.owner.is_none() || !is_called
        })
        .map(|item| (&item.file, &item.owner, &item.name))
        .collect();
    assert!(without.is_empty(), "no example: {without:#?}");
}
