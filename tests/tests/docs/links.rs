//! The links of the pages, and the paths that they name: each file, heading and anchor exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use lockhost_tests::workspace;

/// Folders that builds and other programs fill.
const BUILT: [&str; 6] = [
    ".git",
    ".venv",
    "__pycache__",
    "corpus",
    "node_modules",
    "target",
];

/// Returns the repository's files with one of these endings, with paths relative to it.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&workspace(), Path::new(""), endings, &mut found);
    found.sort();
    assert!(!found.is_empty());
    found
}

fn collect(root: &Path, folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root.join(folder)).expect("the folder can be read") {
        let entry = entry.expect("an entry");
        let path = folder.join(entry.file_name());
        let kind = entry.file_type().expect("a type");
        let name = entry.file_name();
        let built =
            BUILT.iter().any(|it| name == *it) || name.to_string_lossy().starts_with("mutants");
        if kind.is_dir() && !built {
            collect(root, &path, endings, found);
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|it| endings.iter().any(|end| it == *end))
        {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(workspace().join(path)).expect("the file is text")
}

/// Returns the lines of a page that are not code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// Returns the targets of the links in a line, without those in its code spans.
fn targets(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let inline = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let definition = line
        .starts_with('[')
        .then(|| line.split_once("]: "))
        .flatten();
    let targets = inline.chain(definition.map(|(_, target)| target));
    targets.map(str::to_owned).collect()
}

/// Returns the references in a line, such as `users.md` in `[users][users.md]`, without those in its code spans.
fn references(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let labels = text
        .split("][")
        .skip(1)
        .filter_map(|rest| rest.split(']').next());
    labels.map(str::to_owned).collect()
}

/// Returns what the references of a text are defined as.
fn definitions(text: &str) -> BTreeMap<&str, &str> {
    let definition = |line| str::strip_prefix(line, "[")?.split_once("]: ");
    prose(text).filter_map(definition).collect()
}

/// Returns what a link can name in a page: its headings, as the sites that show Markdown do it, and its anchors.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, u32>::new();
    let mut anchors = BTreeSet::new();
    for line in prose(page) {
        let heading = line.trim_start_matches('#');
        if let (1..=6, Some(title)) = (line.len() - heading.len(), heading.strip_prefix(' ')) {
            let slug = slug(title);
            let count = seen.entry(slug.clone()).or_default();
            anchors.insert(match count {
                0 => slug,
                _ => format!("{slug}-{count}"),
            });
            *count += 1;
        }
        let ids = line.split("id=\"").skip(1);
        for id in ids.filter_map(|rest| rest.split('"').next()) {
            assert!(anchors.insert(id.to_owned()), "{id} is there twice");
        }
    }
    anchors
}

fn slug(title: &str) -> String {
    let kept = title.trim().chars().filter_map(|char| match char {
        ' ' => Some('-'),
        '-' | '_' => Some(char),
        _ => char.is_alphanumeric().then_some(char),
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// Returns the path that a link in a page leads to, without `..`.
fn resolve(page: &Path, link: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                assert!(path.pop(), "{page:?}: {link} leads out of the repository")
            }
            Component::CurDir => {}
            _ => path.push(part),
        }
    }
    path
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let pages = files(&["md"]);
    assert!(pages.iter().any(|page| page.ends_with("README.md")));
    let mut broken = Vec::new();
    let mut checked = 0;
    for page in &pages {
        let text = read(page);
        for target in prose(&text).flat_map(targets) {
            let by_rustdoc = target.starts_with("crate");
            if target.contains("://") || target.starts_with("mailto:") || by_rustdoc {
                continue;
            }
            checked += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = match file {
                "" => page.clone(),
                _ => resolve(page, file),
            };
            let leads = workspace().join(&path).exists()
                && (anchor.is_empty() || anchors(&read(&path)).contains(anchor));
            if !leads {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(checked > 50, "{checked}");
}

#[test]
fn every_reference_of_a_page_is_defined() {
    let mut broken = Vec::new();
    for page in files(&["md"]) {
        let text = read(&page);
        let defined = definitions(&text);
        let references: Vec<_> = prose(&text).flat_map(references).collect();
        let undefined = references
            .iter()
            .filter(|it| !defined.contains_key(it.as_str()));
        broken.extend(undefined.map(|it| format!("{}: {it}", page.display())));
        let unused = defined
            .keys()
            .filter(|it| !references.iter().any(|used| used == *it));
        if page.starts_with("docs") {
            broken.extend(unused.map(|it| format!("{}: unused {it}", page.display())));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Returns the pages of the book, by their names.
fn pages() -> BTreeSet<String> {
    let entries = fs::read_dir(workspace().join("docs")).expect("the pages can be listed");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("a name is text"));
    names
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .collect()
}

/// Returns the names of the pages that a text in `docs` links to.
fn linked(text: &str) -> BTreeSet<String> {
    let targets = prose(text).flat_map(targets);
    let files = targets.filter_map(|target| Some(target.split('#').next()?.to_owned()));
    files.filter(|file| file.ends_with(".md")).collect()
}

#[test]
fn the_table_of_contents_has_every_page() {
    let contents = linked(&read(Path::new("docs/SUMMARY.md")));
    assert_eq!(contents, pages(), "docs/SUMMARY.md");
    assert!(contents.len() > 20);
}

#[test]
fn every_page_is_reached_from_the_front_page() {
    let front = linked(&read(Path::new("README.md")));
    let mut open: Vec<_> = front
        .iter()
        .filter_map(|page| page.strip_prefix("docs/"))
        .map(str::to_owned)
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(page) = open.pop() {
        if reached.insert(page.clone()) {
            open.extend(linked(&read(&Path::new("docs").join(page))));
        }
    }
    assert_eq!(reached, pages());
}

/// The book has nothing beside the pages, and docs.rs has less.
#[test]
fn no_link_of_a_page_leads_out_of_the_book() {
    let mut outside = Vec::new();
    for page in pages() {
        let text = read(&Path::new("docs").join(&page));
        let leading_out = prose(&text)
            .flat_map(targets)
            .filter(|target| target.starts_with("..") || target.starts_with('/'));
        outside.extend(leading_out.map(|target| format!("{page}: {target}")));
    }
    assert!(outside.is_empty(), "name the path instead: {outside:#?}");
}

/// The registries of npm and PyPI show these pages without the repository around them.
#[test]
fn no_link_of_a_package_leads_into_the_repository() {
    let mut inside = Vec::new();
    for page in ["node/README.md", "python/README.md"] {
        let text = read(Path::new(page));
        let relative = prose(&text)
            .flat_map(targets)
            .filter(|target| !target.starts_with('#') && !target.contains("://"));
        inside.extend(relative.map(|target| format!("{page}: {target}")));
    }
    assert!(inside.is_empty(), "name the path instead: {inside:#?}");
}

#[test]
fn every_page_opens_with_its_readers() {
    for page in pages() {
        let text = read(&Path::new("docs").join(&page));
        let opening = text
            .lines()
            .find(|line| !line.is_empty() && !line.starts_with('#'));
        let opens = opening.is_some_and(|line| line.starts_with("This page is for "));
        assert!(opens, "{page}: {opening:?}");
    }
}

/// On docs.rs a page is a module, where a path such as `users.md` leads nowhere: `host/src/links.md` defines it there.
#[test]
fn pages_of_the_library_link_by_references() {
    let library = read(Path::new("host/src/lib.rs"));
    let names = library.split("page!(\"").skip(1);
    let names: Vec<_> = names.filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() > 7, "{names:?}");
    let modules = read(Path::new("host/src/links.md"));
    let modules = definitions(&modules);
    for name in names {
        let page = read(&Path::new("docs").join(name));
        for (label, target) in definitions(&page) {
            assert_eq!(label, target, "{name}");
            assert!(
                modules.contains_key(label),
                "host/src/links.md: {label} of {name}"
            );
        }
        let inline = prose(&page).filter(|line| !line.starts_with('['));
        for target in inline.flat_map(targets) {
            let elsewhere = !target.starts_with('#') && !target.contains("://");
            assert!(!elsewhere, "{name}: ({target}) is to be a reference");
        }
    }
}

#[test]
fn every_step_that_the_source_cites_has_its_number() {
    const PAGE: &str = "protocol.md#";
    let anchors = anchors(&read(Path::new("docs/protocol.md")));
    assert!(anchors.contains("take-5") && anchors.contains("the-invariant"));
    let mut broken = Vec::new();
    for file in files(&["md", "rs", "wit"]) {
        // Here the string is not a citation.
        if file.ends_with("links.rs") {
            continue;
        }
        for rest in read(&file).split(PAGE).skip(1) {
            let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '-');
            let step = rest[..end.unwrap_or(rest.len())].trim_end_matches('-');
            if !anchors.contains(step) {
                broken.push(format!("{}: {step}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Returns the code spans of a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Returns whether a code span is a path from the root of the repository, and not a pattern for several.
fn is_path(span: &str) -> bool {
    const FOLDERS: [&str; 7] = [
        ".ci/", ".github/", "docs/", "guest/", "host/", "tests/", "wit/",
    ];
    let plain = |char: char| char.is_ascii_alphanumeric() || "./_-".contains(char);
    FOLDERS.iter().any(|folder| span.starts_with(folder)) && span.chars().all(plain)
}

#[test]
fn every_path_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    for page in files(&["md"]) {
        let text = read(&page);
        let paths = prose(&text).flat_map(spans).filter(|span| is_path(span));
        missing.extend(
            paths
                .filter(|path| !workspace().join(path).exists())
                .map(|path| format!("{}: {path}", page.display())),
        );
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_room_on_the_map_is_there() {
    let map = read(Path::new("ARCHITECTURE.md"));
    let (mut folder, mut rooms) = (None, 0);
    for line in prose(&map) {
        if line.starts_with('#') {
            folder = spans(line).next();
        }
        let (Some(folder), Some(row)) = (folder, line.strip_prefix("| `")) else {
            continue;
        };
        let names = row.split('|').next().expect("a first column");
        for room in spans(&format!("`{names}")) {
            let path = workspace().join(folder).join(room);
            assert!(path.exists(), "{folder}: {room}");
            rooms += 1;
        }
    }
    assert!(rooms > 20, "{rooms}");
}

#[test]
fn headings_get_the_names_that_links_use() {
    let page = "# On the list: evidence\n```\n# no heading\n```\n## It is `so`, here\n## It is `so`, here\n1. <a id=\"x-1\"></a>\n#no\n";
    let expected = [
        "it-is-so-here",
        "it-is-so-here-1",
        "on-the-list-evidence",
        "x-1",
    ];
    assert_eq!(anchors(page), expected.map(str::to_owned).into());
    let line = "see [a](b.md#c) and `[no](link)`, ![d](e.svg)";
    assert_eq!(targets(line), ["b.md#c", "e.svg"]);
    assert_eq!(targets("[a]: b.md"), ["b.md"]);
    assert_eq!(references("[a][b.md#c], `[no][d]`"), ["b.md#c"]);
    assert_eq!(definitions("[a.md]: b").get("a.md"), Some(&"b"));
    assert_eq!(
        resolve(Path::new("docs/a.md"), "../wit/x"),
        Path::new("wit/x")
    );
}
