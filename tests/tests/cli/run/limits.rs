//! The limits of setrlimit(2) when the program starts.

use lockhost_tests::program::is_one_message;

use super::*;

/// Runs a command under limits, as `prlimit` sets them. Returns the code, and the output.
fn limited(limits: &str) -> (Option<i32>, String) {
    let fixture = Fixture::free();
    let lockhost = under_lock(&[], fixture.path(), &["true"]);
    let mut command = Command::new("prlimit");
    command.args([limits, "--"]).arg(lockhost.get_program());
    let output = command.args(lockhost.get_args()).output().unwrap();
    assert!(
        fixture.files().is_empty(),
        "{limits}: {:?}",
        fixture.files()
    );
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), told)
}

/// Returns what follows the warning of a sweep. One process in 64 sweeps without a cause, and may not be able to.
fn after_warning(told: &str) -> &str {
    match told.starts_with("lockhost: warning: cannot list ") {
        true => told.split_once('\n').map_or("", |(_, rest)| rest),
        false => told,
    }
}

#[test]
fn under_any_limit_it_works_or_prints_one_error() {
    let megabytes = |limit: &str, count: u64| format!("--{limit}={}", count << 20);
    let mut limits: Vec<String> = (17..34).map(|it| megabytes("as", it)).collect();
    limits.extend((1..16).map(|it| megabytes("data", it)));
    // A stack on which the C library's loader, and the code before main, can run.
    limits.extend((2..12).map(|it| format!("--stack={}", it * 65536)));
    limits.extend([0, 1, 4, 50].map(|it| format!("--fsize={it}")));
    limits.extend((4..12).map(|it| format!("--nofile={it}")));
    for limit in [
        "core",
        "locks",
        "memlock",
        "msgqueue",
        "nproc",
        "sigpending",
        "rttime",
    ] {
        limits.push(format!("--{limit}=0"));
    }
    let mut worked = 0;
    for limit in limits {
        let (code, told) = limited(&limit);
        let told = after_warning(&told);
        if code == Some(0) {
            worked += 1;
            assert_eq!(told, "", "{limit}");
            continue;
        }
        assert!(matches!(code, Some(1 | 126)), "{limit}: {code:?} {told}");
        assert!(told.starts_with("lockhost: "), "{limit}: {told}");
        assert!(is_one_message(told), "{limit}: {told}");
    }
    assert!(worked > 20, "{worked}");
}

#[test]
fn a_small_stack_is_no_obstacle() {
    assert_eq!(limited("--stack=131072"), (Some(0), String::new()));
}
