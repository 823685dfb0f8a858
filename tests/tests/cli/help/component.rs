//! A program in which the component decides.

use lockhost_tests::{fixture::Fixture, program::run};

use super::text;

pub(super) const COMMANDS: [&str; 6] =
    ["acquire", "break", "status", "holds", "doctor", "component"];

/// The commands of this backend whose output programs read.
pub(super) const FOR_PROGRAMS: &[&[&str]] = &[&["component", "--wit"]];

#[test]
fn the_version_names_the_component_and_the_target() {
    let told = text(&run(&["--version"]).stdout);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert_eq!(lines[0], text(&run(&["-V"]).stdout).trim());
    let noted = include_str!("../../../../host/lockfile.wasm.sha256").trim();
    assert!(
        lines[1].starts_with(&format!("component sha256 {noted}, ")),
        "{told}"
    );
    assert!(lines[2].contains(std::env::consts::ARCH), "{told}");
}

#[test]
fn the_component_and_its_contract_come_out_as_they_are() {
    assert_eq!(run(&["component"]).stdout, lockhost::COMPONENT);
    let contract = include_bytes!("../../../../wit/lockfile.wit");
    assert_eq!(run(&["component", "--wit"]).stdout, contract);
}

#[test]
fn doctor_names_the_component_as_the_backend() {
    let fixture = Fixture::free();
    let told = text(&run(&["doctor", fixture.path().to_str().unwrap()]).stdout);
    assert!(told.contains("\nbackend: component\n"), "{told}");
}
