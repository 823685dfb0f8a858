//! Source that breaks the rules, each in one way: the check finds all of it, at its line.

use super::{rules::Library, source::Files};

const SOUND: &[(&str, &str)] = &[
    (
        "lib.rs",
        "mod low;\nmod middle;\npub mod high;\npub use high::Top;\n",
    ),
    ("low.rs", "pub struct Bottom;\n"),
    (
        "middle.rs",
        "use crate::low::Bottom;\nmod one;\nmod other;\n",
    ),
    (
        "middle/one.rs",
        "pub struct One(super::super::low::Bottom);\n",
    ),
    ("middle/other.rs", "use super::one::One;\n"),
    (
        "high.rs",
        "use crate::{low::Bottom, middle};\npub struct Top;\n",
    ),
];

const RULES: Library = Library {
    root: "lib.rs",
    layers: &["low", "middle", "high"],
    rooms: &[("middle", &["one", "other"])],
    free: &[],
};

fn sound() -> Files {
    let files = SOUND.iter();
    files
        .map(|(name, text)| (name.to_string(), text.to_string()))
        .collect()
}

/// Returns the flaws found once the file has this text.
fn flaws(name: &str, text: &str) -> Vec<String> {
    let mut files = sound();
    files.insert(name.to_owned(), text.to_owned());
    RULES.flaws(&files)
}

#[test]
fn sound_layers_have_no_flaw() {
    assert_eq!(RULES.flaws(&sound()), [""; 0]);
    assert_eq!(RULES.unread(&sound()), [""; 0]);
}

#[test]
fn an_import_from_above_is_a_flaw_at_its_line() {
    let flaw = "low.rs:2: low imports from high, which is not below it";
    for line in [
        "use crate::high::Top;",
        "use crate::high;",
        "use super::high::Top as Bottom;",
        "pub(crate) use crate::high::*;",
        "fn it() -> crate::high::Top { todo!() }",
        "use crate::{high::{self}};",
        "const IT: char = '\"'; use crate::high; const TEXT: &str = \"\";",
        "fn it<'a>(_: &'a crate::high::Top) {}",
    ] {
        assert_eq!(
            flaws("low.rs", &format!("//! It.\n{line}\n")),
            [flaw],
            "{line}"
        );
    }
}

#[test]
fn in_a_list_the_line_is_that_of_the_name() {
    let text = "use crate::{\n    low::Bottom,\n    high::{\n        Bottom as Other,\n        Top,\n    },\n    low,\n};\n";
    let rule = "middle imports from high, which is not below it";
    let found = flaws("middle.rs", &format!("{text}mod one;\nmod other;\n"));
    assert_eq!(
        found,
        [
            format!("middle.rs:4: {rule}"),
            format!("middle.rs:5: {rule}")
        ]
    );
}

#[test]
fn the_root_is_above_all_that_is_in_it() {
    let found = flaws("low.rs", "use crate::Top;\n");
    assert_eq!(found, ["low.rs:1: low imports from the root of its crate"]);
    let found = flaws("middle/one.rs", "fn it() { super::it() }\n");
    assert_eq!(
        found,
        ["middle/one.rs:1: one imports from middle, the module that it is in"]
    );
}

#[test]
fn a_circle_inside_of_a_room_is_a_flaw() {
    let found = flaws("middle/one.rs", "\nuse super::other::Other;\n");
    assert_eq!(
        found,
        ["middle/one.rs:2: one imports from other, which is not below it"]
    );
}

#[test]
fn neighbours_in_one_line_do_not_import_from_each_other() {
    let rules = Library {
        layers: &["low", "middle high"],
        ..RULES
    };
    let found = rules.flaws(&sound());
    assert_eq!(
        found,
        ["high.rs:1: high imports from middle, which is not below it"]
    );
}

#[test]
fn comments_texts_and_tests_import_nothing() {
    for text in [
        "// use crate::high::Top;\n",
        "/// As [`Top`](crate::high::Top).\n",
        "/* /* */ use crate::high::Top; */\n",
        "const IT: &str = \"use crate::high::Top;\";\n",
        "const IT: &str = r#\"\" use crate::high::Top;\"#;\n",
        "pub(in crate::high) struct It;\n",
        "#[cfg(test)]\nmod tests {\n    use crate::high::Top;\n    fn it() { crate::Top }\n}\n",
        "#[cfg(all(test, unix))]\nuse crate::{high::Top};\n",
        "#[cfg(test)]\nimpl It {\n    fn it() { crate::high::it(); }\n}\n",
    ] {
        assert_eq!(flaws("low.rs", text), [""; 0], "{text}");
    }
}

#[test]
fn what_comes_after_a_test_is_read() {
    let flaw = "low.rs:3: low imports from high, which is not below it";
    for test in [
        "#[cfg(test)]\nmod tests { fn it() { {} } }\n",
        "#[cfg(test)]\nuse crate::{high::Top, low};\n",
        "#[cfg(any(not(test), windows))]\nfn it() {}\n",
    ] {
        assert_eq!(
            flaws("low.rs", &format!("{test}use crate::high;\n")),
            [flaw],
            "{test}"
        );
    }
}

#[test]
fn all_files_that_a_path_chooses_from_are_read() {
    let middle = "#[cfg_attr(unix, path = \"middle/unix.rs\")]\n#[cfg_attr(windows, path = \"middle/windows.rs\")]\nmod one;\nmod other;\n";
    let mut files = sound();
    files.insert("middle.rs".to_owned(), middle.to_owned());
    files.insert(
        "middle/unix.rs".to_owned(),
        "use crate::high::Top;\n".to_owned(),
    );
    files.insert("middle/windows.rs".to_owned(), "mod inner;\n".to_owned());
    files.insert(
        "middle/inner.rs".to_owned(),
        "use crate::high::Top;\n".to_owned(),
    );
    let found = RULES.flaws(&files);
    let flaw =
        |file| format!("middle/{file}.rs:1: middle imports from high, which is not below it");
    assert_eq!(found, [flaw("unix"), flaw("inner")]);
    assert_eq!(RULES.unread(&files), ["middle/one.rs"]);
}

#[test]
fn a_file_of_another_module_by_path_is_an_import() {
    let found = flaws("low.rs", "\n#[path = \"../high.rs\"]\nmod copy;\n");
    assert!(
        found.iter().any(|it| it.contains("copy has no layer")),
        "{found:?}"
    );
    let mut files = sound();
    files.insert(
        "middle/one.rs".to_owned(),
        "#[path = \"../high/part.rs\"]\nmod part;\n".to_owned(),
    );
    files.insert("high/part.rs".to_owned(), String::new());
    let found = RULES.flaws(&files);
    assert_eq!(
        found,
        ["middle/one.rs:2: middle imports from high, which is not below it"]
    );
}

#[test]
fn a_module_not_listed_and_one_that_is_gone_are_flaws() {
    let lib = "mod low;\nmod middle;\nmod more;\n";
    let mut files = sound();
    files.insert("lib.rs".to_owned(), lib.to_owned());
    files.insert("more.rs".to_owned(), String::new());
    files.insert(
        "middle.rs".to_owned(),
        "mod one;\nmod other;\nmod more;\n".to_owned(),
    );
    files.insert("middle/more.rs".to_owned(), String::new());
    let found = RULES.flaws(&files);
    assert_eq!(
        found,
        [
            "middle/more.rs:1: more has no layer in middle",
            "more.rs:1: more has no layer in the list",
            "the list names high, which is not there",
        ]
    );
    assert_eq!(RULES.unread(&files), ["high.rs"]);
}
