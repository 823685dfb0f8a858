//! A program in which native code decides.

use lockhost_tests::{fixture::Fixture, program::run};

use super::text;

pub(super) const COMMANDS: [&str; 5] = ["acquire", "break", "status", "holds", "doctor"];

/// The commands of this backend whose output programs read: none.
pub(super) const FOR_PROGRAMS: &[&[&str]] = &[];

#[test]
fn the_version_says_that_native_code_decides() {
    let told = text(&run(&["--version"]).stdout);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(
        lines[1].starts_with("native code, and no component, "),
        "{told}"
    );
}

#[test]
fn a_program_without_the_component_says_so() {
    for arguments in [&["component"][..], &["component", "--wit"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let told = text(&output.stderr);
        assert!(told.contains("built without the component"), "{told}");
    }
}

#[test]
fn doctor_names_native_code_as_the_backend() {
    let fixture = Fixture::free();
    let told = text(&run(&["doctor", fixture.path().to_str().unwrap()]).stdout);
    assert!(told.contains("\nbackend: native\n"), "{told}");
}
