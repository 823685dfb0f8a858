//! `LOCKHOST_LOG`: the logged steps, and that nothing is logged without it.

use std::process::{Command, Output};

use lockhost_tests::{
    fixture::Fixture,
    program::{HINT, lockhost},
    running::lock_of_another_process,
};

fn status(fixture: &Fixture, level: Option<&str>) -> Output {
    let mut command = Command::new(lockhost());
    command.arg("status").arg(fixture.path());
    command.env_remove("LOCKHOST_LOG");
    if let Some(level) = level {
        command.env("LOCKHOST_LOG", level);
    }
    command.output().expect("the program can be started")
}

fn told(output: &Output) -> String {
    let told = String::from_utf8(output.stderr.clone()).expect("it speaks text");
    let is_line = |line: &str| line.starts_with("lockhost: ") || line.starts_with(HINT);
    assert!(told.lines().all(is_line), "{told}");
    told
}

#[test]
fn each_question_about_a_process_is_told_with_its_answer() {
    let fixture = Fixture::stale();
    let output = status(&fixture, Some("debug"));
    let told = told(&output);
    let question = "judged an owner owner=Pid(999999999)";
    let answer = "answer=Dead(NoProcess)";
    let line = told.lines().find(|line| line.contains(question));
    assert!(line.is_some_and(|line| line.contains(answer)), "{told}");
    let within = format!("inspect directory={:?}", fixture.path());
    assert!(line.is_some_and(|line| line.contains(&within)), "{told}");
}

#[test]
fn an_attempt_is_told_with_its_outcome() {
    let fixture = Fixture::free().with("tinyforge.lock", &lock_of_another_process());
    let mut command = Command::new(lockhost());
    command.arg("acquire").arg(fixture.path());
    let output = command.env("LOCKHOST_LOG", "debug").output().unwrap();
    assert_eq!(output.status.code(), Some(75));
    let told = told(&output);
    let within = format!("attempt directory={:?}: ", fixture.path());
    assert!(
        told.contains(&within) && told.contains("kind=Held"),
        "{told}"
    );
}

#[test]
fn without_the_variable_or_with_off_nothing_is_logged() {
    let fixture = Fixture::stale();
    let plain = status(&fixture, None);
    for level in [None, Some(""), Some("off"), Some("warn")] {
        let output = status(&fixture, level);
        assert_eq!(told(&output), "", "{level:?}");
        assert_eq!(output.status, plain.status);
    }
}

#[test]
fn a_level_that_is_none_is_warned_of_and_costs_nothing() {
    let output = status(&Fixture::stale(), Some("loud"));
    assert_eq!(output.status.code(), Some(1));
    let told = told(&output);
    assert!(told.contains("invalid LOCKHOST_LOG 'loud'"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}
