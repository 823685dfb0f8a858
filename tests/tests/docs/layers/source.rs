//! Rust source as far as layers show in it: its modules, and the paths that lead from one to another.

use std::{collections::BTreeMap, iter::Peekable};

use super::tokens::{Token, tokens};

/// Files by their paths from the folder of the crate's source.
pub(super) type Files = BTreeMap<String, String>;

/// A module: the names that lead to it from the root of its crate.
pub(super) type Module = Vec<String>;

/// A line that names another module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) from: Module,
    pub(super) to: Module,
}

/// A crate, read from its root.
#[derive(Debug, Default)]
pub(super) struct Crate {
    /// The modules with a file, and the names of their files. Several where a system chooses.
    pub(super) modules: BTreeMap<Module, Vec<String>>,
    /// Files of tests alone.
    pub(super) tests: Vec<String>,
    pub(super) imports: Vec<Import>,
}

impl Crate {
    /// Reads the file of this name, and all that it leads to.
    pub(super) fn read(files: &Files, root: &str) -> Self {
        let mut all = Self::default();
        all.add(files, root, Vec::new(), true);
        let mut found = Vec::new();
        for (module, names) in &all.modules {
            for name in names {
                found.extend(imports(&files[name], name, module));
            }
        }
        for (from, file, line, path) in found {
            let to = all.module_of(&path);
            all.imports.push(Import {
                file,
                line,
                from,
                to,
            });
        }
        all
    }

    /// Returns the module that a path leads into: the rest of the path is an item there.
    fn module_of(&self, path: &[String]) -> Module {
        let lengths = (0..=path.len()).rev();
        let mut modules = lengths.map(|length| &path[..length]);
        let found = modules.find(|it| self.modules.contains_key(*it));
        found.unwrap_or_default().to_vec()
    }

    /// Adds a module. With `owns`, its modules lie beside it, and not in a folder of its name.
    fn add(&mut self, files: &Files, file: &str, module: Module, owns: bool) {
        let Some(text) = files.get(file) else {
            return;
        };
        self.modules
            .entry(module.clone())
            .or_default()
            .push(file.to_owned());
        let (folder, name) = split(file);
        let beside = match owns {
            true => folder.to_owned(),
            false => join(folder, name.trim_end_matches(".rs")),
        };
        for declared in declarations(text) {
            let mut path = module.clone();
            path.extend(declared.inside.iter().cloned());
            let inner = declared
                .inside
                .iter()
                .fold(beside.clone(), |it, name| join(&it, name));
            path.push(declared.name.clone());
            let candidates: Vec<(String, bool)> = match declared.paths.is_empty() {
                true => vec![
                    (join(&inner, &format!("{}.rs", declared.name)), false),
                    (join(&inner, &format!("{}/mod.rs", declared.name)), true),
                ],
                false => declared
                    .paths
                    .iter()
                    .map(|it| (join(folder, it), true))
                    .collect(),
            };
            for (found, owns) in candidates {
                if declared.is_test {
                    self.tests.extend(below(files, &found));
                    continue;
                }
                if !found.starts_with(folder) {
                    // A file of another module, compiled here once more.
                    self.imports.push(Import {
                        file: file.to_owned(),
                        line: declared.line,
                        from: path.clone(),
                        to: module_by_path(&found),
                    });
                }
                self.add(files, &found, path.clone(), owns);
            }
        }
    }
}

/// Returns a test's file, and those in the folder of its name.
fn below(files: &Files, file: &str) -> Vec<String> {
    let folder = format!("{}/", file.trim_end_matches(".rs").trim_end_matches("/mod"));
    let names = files.keys();
    names
        .filter(|it| *it == file || it.starts_with(&folder))
        .cloned()
        .collect()
}

fn module_by_path(file: &str) -> Module {
    let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
    stem.split('/').map(str::to_owned).collect()
}

fn split(file: &str) -> (&str, &str) {
    file.rsplit_once('/').unwrap_or(("", file))
}

fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|it| !it.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A `mod` of another file.
struct Declared {
    name: String,
    line: usize,
    /// The modules in this file that it is in.
    inside: Vec<String>,
    /// The values of `#[path]`, for each system.
    paths: Vec<String>,
    is_test: bool,
}

fn declarations(text: &str) -> Vec<Declared> {
    let mut declared = Vec::new();
    walk(text, |tokens, at, scope| {
        let [word, name, end] = &tokens[at..(at + 3).min(tokens.len())] else {
            return;
        };
        if word.text == "mod" && end.text == ";" {
            declared.push(Declared {
                name: name.text.clone(),
                line: word.line,
                inside: scope.modules.iter().map(|it| it.0.clone()).collect(),
                paths: scope.paths.clone(),
                is_test: scope.is_test,
            });
        }
    });
    declared
}

type Found = (Module, String, usize, Vec<String>);

/// Returns the paths in a file that begin with `crate`, `super` or `self`, outside of tests.
fn imports(text: &str, file: &str, module: &Module) -> Vec<Found> {
    let mut found = Vec::new();
    walk(text, |tokens, at, scope| {
        let is = |nth: usize, text: &str| tokens.get(nth).is_some_and(|it| it.text == text);
        let is_head = matches!(&*tokens[at].text, "crate" | "super" | "self") && is(at + 1, "::");
        let continues = at > 0 && (is(at - 1, "::") || is(at - 1, "in") || is(at - 1, "$"));
        // Paths in braces are found with the part before the braces.
        if scope.is_test || !is_head || continues || scope.in_tree {
            return;
        }
        let mut here = module.clone();
        here.extend(scope.modules.iter().map(|it| it.0.clone()));
        let mut rest = tokens[at..].iter().cloned().peekable();
        for (line, path) in tree(&mut rest) {
            let mut to = here.clone();
            let mut names = path.into_iter().peekable();
            while let Some(name) = names.next_if(|it| matches!(&**it, "crate" | "super" | "self")) {
                match &*name {
                    "crate" => to.clear(),
                    "super" => drop(to.pop()),
                    _ => {}
                }
            }
            to.extend(names);
            found.push((here.clone(), file.to_owned(), line, to));
        }
    });
    found
}

/// Returns the paths of a tree as `use` has them, with the line of each one's last name.
fn tree(tokens: &mut Peekable<impl Iterator<Item = Token>>) -> Vec<(usize, Vec<String>)> {
    let mut path = Vec::new();
    let mut line = 0;
    while let Some(token) = tokens.next_if(|it| is_name(&it.text) || it.text == "*") {
        line = token.line;
        path.push(token.text);
        if tokens.next_if(|it| it.text == "::").is_none() {
            break;
        }
        if tokens.next_if(|it| it.text == "{").is_none() {
            continue;
        }
        let mut all = Vec::new();
        while tokens.peek().is_some_and(|it| it.text != "}") {
            for (line, rest) in tree(tokens) {
                let rest = rest.into_iter().filter(|it| it != "self");
                all.push((line, path.iter().cloned().chain(rest).collect()));
            }
            // To the next one, behind an `as` too.
            while tokens
                .next_if(|it| it.text != "," && it.text != "}")
                .is_some()
            {}
            tokens.next_if(|it| it.text == ",");
        }
        tokens.next_if(|it| it.text == "}");
        return all;
    }
    vec![(line, path)]
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The place of a token.
#[derive(Default)]
struct Scope {
    /// The modules in this file that it is in, and how deep their braces are.
    modules: Vec<(String, usize)>,
    /// From the attributes before it.
    paths: Vec<String>,
    is_test: bool,
    /// Whether it is in the braces of a `use`.
    in_tree: bool,
}

/// Visits all tokens except those of attributes.
fn walk(text: &str, mut look: impl FnMut(&[Token], usize, &Scope)) {
    let tokens = tokens(text);
    let mut scope = Scope::default();
    let (mut depth, mut at) = (0, 0);
    let mut test_until = None;
    let mut tree_from = None;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1).map_or("", |it| &it.text);
        if token.text == "#" && matches!(next, "[" | "!") {
            let end = attribute_end(&tokens, at);
            let attribute = &tokens[at..end];
            scope.paths.extend(paths_in(attribute));
            if test_until.is_none() && is_of_tests(attribute) {
                test_until = Some(depth);
            }
            at = end;
            continue;
        }
        scope.is_test = test_until.is_some();
        scope.in_tree = tree_from.is_some_and(|from| depth > from);
        look(&tokens, at, &scope);
        match &*token.text {
            "use" => tree_from = Some(depth),
            "mod" if tokens.get(at + 2).is_some_and(|it| it.text == "{") => {
                scope.modules.push((next.to_owned(), depth));
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                scope.modules.retain(|it| it.1 < depth);
            }
            _ => {}
        }
        if matches!(&*token.text, ";" | "{" | "}") {
            scope.paths.clear();
        }
        let ends = matches!((&*token.text, tree_from), (";", _) | ("}", None));
        if ends && test_until.is_some_and(|from| depth <= from) {
            test_until = None;
        }
        if token.text == ";" && tree_from.is_some_and(|from| depth <= from) {
            tree_from = None;
        }
        at += 1;
    }
}

fn attribute_end(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for (nth, token) in tokens.iter().enumerate().skip(at) {
        match &*token.text {
            "[" => depth += 1,
            "]" => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return nth + 1;
        }
    }
    tokens.len()
}

fn paths_in(attribute: &[Token]) -> impl Iterator<Item = String> {
    let said = attribute.windows(3);
    said.filter(|it| it[0].text == "path" && it[1].text == "=")
        .map(|it| it[2].text.trim_matches('"').to_owned())
}

/// Returns whether it is `cfg(test)`, or `cfg(all(test, …))`.
fn is_of_tests(attribute: &[Token]) -> bool {
    let text: String = attribute.iter().map(|it| &*it.text).collect();
    text == "#[cfg(test)]" || text.starts_with("#[cfg(all(test,")
}
