use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use super::{Program, name_in};
use crate::coordinator::{
    Coordinator, CoordinatorError, CoordinatorErrorKind, DirectoryKey, FencingToken, Incarnation,
    Nonce, Session, Taken,
};

const LONG: Duration = Duration::from_secs(60);

/// What each script begins with: it has the number of the request in `id`.
const BEGIN: &str = r#"#!/bin/sh
while read -r line; do
  id=${line#*\"id\":}; id=${id%%[,\}]*}
  case $line in
    *'"op":"hello"'*) echo "{\"id\":$id,\"ok\":{\"protocol\":1,\"coordinator\":\"a script\"}}" ;;
"#;

const END: &str = "  esac\ndone\n";

/// A program in a folder of its own.
struct Script(tempfile::TempDir);

impl Script {
    fn new(cases: &str) -> Self {
        Self::whole(&format!("{BEGIN}{cases}{END}"))
    }

    fn whole(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lockhost-script");
        // Made elsewhere and renamed: a file that is still open for writing cannot be run.
        let made = folder.path().join("made");
        fs::write(&made, text).unwrap();
        fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(made, path).unwrap();
        Self(folder)
    }

    fn start(&self) -> Result<Program, CoordinatorError> {
        let path = self.0.path().join("lockhost-script");
        Program::start_program(path.into(), "script://?a=b")
    }
}

fn session() -> Session {
    Session {
        incarnation: Incarnation(1),
        nonce: Nonce(36),
    }
}

fn directory() -> DirectoryKey {
    "data".parse().unwrap()
}

#[test]
fn an_address_begins_with_the_name_of_its_program() {
    assert_eq!(name_in("etcd://db1:2379/x"), Some("etcd"));
    assert_eq!(name_in("my-store2://"), Some("my-store2"));
    for url in [
        "", "etcd", "etcd:/x", "://x", "Etcd://", "../x://", "2x://", "-x://", "a/b://",
    ] {
        assert_eq!(name_in(url), None, "{url}");
    }
}

#[test]
fn a_program_that_is_missing_is_named() {
    let error = Program::start("no-such-program://").unwrap_err();
    assert_eq!(error.kind(), CoordinatorErrorKind::Misconfigured);
    assert!(
        error.to_string().contains("lockhost-no-such-program"),
        "{error}"
    );
}

#[test]
fn requests_and_answers_have_the_form_of_the_page() {
    let script = Script::new(
        r#"
    *'"op":"take"'*'"session":{"incarnation":"0000000000001","nonce":"0000000000010"}'*)
        echo "{\"id\":$id,\"ok\":{\"token\":9}}" ;;
    *'"judged":null'*) echo "nonsense" ;;
    *'"op":"withdraw"'*) echo "{\"id\":$id,\"error\":{\"kind\":\"unreachable\",\"endpoint\":\"x\",\"cause\":\"y\"}}" ;;
"#,
    );
    let program = script.start().unwrap();
    assert_eq!(program.name(), "a script");
    let taken = program.take(session(), None, LONG, &directory(), LONG);
    assert_eq!(taken, Ok(Taken::Taken(FencingToken(9))));
    let error = program.withdraw(session(), LONG).unwrap_err();
    assert_eq!(error.to_string(), "x: y");
}

#[test]
fn a_program_that_does_not_answer_is_not_waited_for() {
    let program = Script::new("*) ;;\n").start().unwrap();
    let error = program.confirm(session(), &directory(), Duration::from_millis(1));
    assert_eq!(error.unwrap_err().kind(), CoordinatorErrorKind::Unreachable);
}

#[test]
fn a_late_answer_is_not_the_next_ones() {
    // The answer to the first request comes with the second one's.
    let script = Script::new(
        r#"
    *'"op":"confirm"'*) first=$id ;;
    *'"op":"release"'*)
        echo "{\"id\":$first,\"error\":{\"kind\":\"failed\",\"cause\":\"late\"}}"
        echo "{\"id\":$id,\"ok\":{}}" ;;
"#,
    );
    let program = script.start().unwrap();
    let error = program.confirm(session(), &directory(), Duration::from_millis(1));
    assert_eq!(error.unwrap_err().kind(), CoordinatorErrorKind::Unreachable);
    assert_eq!(program.release(session(), &directory(), LONG), Ok(()));
}

#[test]
fn a_program_that_has_ended_is_started_again() {
    let script = Script::new(
        r#"
    *'"op":"confirm"'*) exit 1 ;;
    *'"op":"release"'*) echo "{\"id\":$id,\"ok\":{}}" ;;
"#,
    );
    let program = script.start().unwrap();
    let error = program.confirm(session(), &directory(), LONG).unwrap_err();
    assert_eq!(error.kind(), CoordinatorErrorKind::Failed);
    assert_eq!(program.release(session(), &directory(), LONG), Ok(()));
}

#[test]
fn a_program_that_answers_nothing_is_started_again() {
    let script = Script::new(r#"*'"op":"release"'*) echo "{\"id\":$id,\"ok\":{}}" ;;"#);
    let program = script.start().unwrap();
    let silent = |program: &Program| {
        let asked = program.confirm(session(), &directory(), Duration::from_millis(1));
        asked.unwrap_err().kind()
    };
    let connection = || std::sync::Arc::as_ptr(&program.connection.lock().unwrap().0);
    let first = connection();
    for _ in 0..super::connection::SILENCE {
        assert_eq!(silent(&program), CoordinatorErrorKind::Unreachable);
        assert_eq!(connection(), first);
    }
    assert_eq!(program.release(session(), &directory(), LONG), Ok(()));
    assert_ne!(connection(), first);
}

#[test]
fn a_line_that_is_no_answer_ends_the_connection() {
    let program = Script::new("*'confirm'*) echo 'no JSON' ;;\n")
        .start()
        .unwrap();
    let error = program.confirm(session(), &directory(), LONG).unwrap_err();
    assert_eq!(error.kind(), CoordinatorErrorKind::Failed);
}

#[test]
fn a_program_of_another_version_is_refused() {
    let script = Script::whole(
        "#!/bin/sh\nread -r line\necho '{\"id\":1,\"ok\":{\"protocol\":2}}'\nread -r line\n",
    );
    let error = script.start().unwrap_err();
    assert_eq!(error.kind(), CoordinatorErrorKind::Misconfigured);
}
