//! Running commands, evidence, other users, names that break lines, and a full disk.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    process::{self, Command, Output, Stdio},
};

use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    mounted::Mounted,
    program::{lockhost, run, text},
    strace::log_of,
    under_lock::under_lock,
};

use super::{object, told};

#[test]
fn who_cannot_say_it_ends_with_4() {
    let fixture = Fixture::free();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut full_disk = Command::new(lockhost());
    full_disk.arg("status").arg(fixture.path()).stdout(full);
    assert_eq!(full_disk.output().unwrap().status.code(), Some(4));
}

#[test]
fn a_kept_file_of_a_dead_owner_is_0() {
    let fixture = Fixture::stale();
    let file = File::open(fixture.lock()).unwrap();
    file.try_lock().unwrap();
    let (code, told) = told(&fixture);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(" keeps the file locked"), "{told}");
}

#[test]
fn the_keepers_of_a_killed_owners_lock_are_named() {
    let fixture = Fixture::free();
    let command = ["sh", "-c", "trap '' TERM; echo $$; read line"];
    let mut owner = under_lock(&[], fixture.path(), &command);
    let mut owner = Contender::start(owner.stdin(Stdio::piped()));
    let keeper = owner.line();
    owner.kill();
    let (code, told) = told(&fixture);
    assert_eq!(code, Some(0), "{told}");
    let kept = format!("alive: pid {keeper} (sh) keeps the file locked");
    assert!(told.contains(&kept), "{told}");
    let ending = format!("end them with: kill {keeper}");
    assert!(told.trim_end().ends_with(&ending), "{told}");
    let object = object(&[text(fixture.path())]);
    let found = &object["holder"]["keepers"][0];
    assert_eq!(found["pid"].to_string(), keeper, "{object}");
    assert_eq!(found["command"], "sh");
    owner.go_on();
}

/// Returns a program's output, or kills the program if it hangs.
fn unless_it_hangs(arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "120"]).arg(lockhost());
    command.args(arguments).output().unwrap()
}

#[test]
#[cfg_attr(no_fuse, ignore = "needs root and FUSE with bindfs")]
fn a_mount_that_is_dead_hangs_no_lock_beside_it() {
    let fixture = Fixture::stale();
    let keeper = File::open(fixture.lock()).unwrap();
    keeper.try_lock().unwrap();
    // A descriptor of a file with the lock's own name, locked too, is found before that of the lock itself.
    let dead = Mounted::bindfs_without_cache();
    let mut neighbour = Command::new("flock");
    let file = dead.path().join("tinyforge.lock");
    let mut neighbour = Contender::start(
        neighbour
            .arg(&file)
            .args(["sh", "-c", "echo locked; cat"])
            .stdin(Stdio::piped()),
    );
    assert_eq!(neighbour.line(), "locked");
    let stopped = dead.stopped();
    let keeper = format!("pid {} (", process::id());
    for (command, code, kept) in [
        ("status", 0, format!("alive: {keeper}")),
        ("acquire", 75, format!(": kept by {keeper}")),
    ] {
        let output = unless_it_hangs(&[command, text(fixture.path())]);
        let told = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        assert_eq!(output.status.code(), Some(code), "{command}: {told:?}");
        assert!(told.concat().contains(&kept), "{command}: {told:?}");
    }
    drop(stopped);
    neighbour.end_of_input();
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn of_a_process_with_many_descriptors_only_some_are_looked_at() {
    let fixture = Fixture::stale();
    let mut keeper = Command::new("flock");
    let mut keeper = Contender::start(
        keeper
            .arg(fixture.lock())
            .args(["sh", "-c", "echo locked; cat"])
            .stdin(Stdio::piped()),
    );
    assert_eq!(keeper.line(), "locked");
    let open = "ulimit -n $(ulimit -Hn); for it in {1..3000}; do exec {fd}</dev/null; done";
    let mut other = Command::new("bash");
    let mut other = Contender::start(
        other
            .args(["-c", &format!("{open}; echo open; read")])
            .stdin(Stdio::piped()),
    );
    assert_eq!(other.line(), "open");
    let mut status = Command::new(lockhost());
    status.arg("status").arg(fixture.path());
    let (told, log) = log_of(&["-f", "--seccomp-bpf", "-e", "trace=/^readlink"], &status);
    let its = format!("/proc/{}/fd/", other.pid());
    let looks = log.lines().filter(|line| line.contains(&its)).count();
    assert!(looks <= 1_000, "{looks}");
    // The process that locked the file comes first.
    let first = log.lines().find(|line| line.contains("/fd/")).unwrap();
    assert!(
        first.contains(&format!("/proc/{}/", keeper.pid())),
        "{first}"
    );
    assert!(
        told.contains(&format!("alive: pid {} (flock)", keeper.pid())),
        "{told}"
    );
    keeper.end_of_input();
    other.end_of_input();
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_users_lock_is_held_and_says_whose_it_is() {
    let fixture = Fixture::free();
    fixture.open_to_all();
    let _owner = Contender::owner(fixture.path());
    let mut other = fixture.as_another_user();
    let output = other.arg("status").arg(fixture.path()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("only user 0 may read the file"), "{told}");
}

#[test]
fn a_line_stays_a_line_whatever_a_command_or_a_name_holds() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("two\nlines");
    fs::create_dir(&directory).unwrap();
    let mut owner = Contender::acquire(&directory);
    assert!(owner.line().starts_with("acquired "));
    let output = run(&["status", text(&directory)]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.lines().skip(1).all(|line| line.starts_with("  ")),
        "{told}"
    );
    assert!(told.contains(r"two\nlines/tinyforge.lock: held"), "{told}");
}

#[test]
fn a_held_one_is_0_with_owner_command_user_and_time() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    let (code, told) = told(&fixture);
    assert_eq!(code, Some(0));
    let user = rustix::process::getuid().as_raw();
    for part in [
        format!("{}: held\n", fixture.lock().display()),
        format!("pid {}, alive: the process is running", owner.pid()),
        format!("acquire {}", fixture.path().display()),
        format!("user       {user}"),
        format!("kill {}", owner.pid()),
        "s ago)\n".to_owned(),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    let object = object(&[text(fixture.path())]);
    let holder = &object["holder"];
    assert_eq!(holder["life"], "alive");
    assert_eq!(holder["reason"], "running");
    assert_eq!(holder["process"]["user"]["id"], user);
    let command: Vec<_> = holder["process"]["command"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(command[1..], ["acquire", text(fixture.path())]);
}

#[test]
fn a_bare_pid_of_a_running_process_is_0_with_the_doubt() {
    let fixture = Fixture::free().with("tinyforge.lock", &format!("{}\n", process::id()));
    let (code, told) = told(&fixture);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("a process has this pid"), "{told}");
    let command = std::env::args().next().unwrap();
    assert!(told.contains(&format!("command    {command}")), "{told}");
    assert!(told.contains("if it is certainly dead"), "{told}");
}

/// Returns the line of advice, which differs between root and another user.
fn advice_to(command: &mut Command, fixture: &Fixture) -> String {
    let output = command.arg("status").arg(fixture.path()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let line = told.lines().find(|line| line.contains("to do"));
    line.unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn who_may_not_write_is_not_promised_the_lock() {
    let free = Fixture::free();
    fs::set_permissions(free.path(), Permissions::from_mode(0o755)).unwrap();
    let own = advice_to(&mut Command::new(lockhost()), &free);
    assert!(
        own.ends_with("the next process to try acquires the lock"),
        "{own}"
    );
    let other = advice_to(&mut free.as_another_user(), &free);
    assert!(
        other.ends_with("this process may not: Permission denied (os error 13)"),
        "{other}"
    );
    let stale = Fixture::stale();
    fs::set_permissions(stale.path(), Permissions::from_mode(0o1777)).unwrap();
    fs::set_permissions(stale.lock(), Permissions::from_mode(0o644)).unwrap();
    let other = advice_to(&mut stale.as_another_user(), &stale);
    assert!(
        other.contains("this process may not: the file belongs to user 0"),
        "{other}"
    );
}

#[test]
#[cfg_attr(not_root, ignore = "only root can mount")]
fn on_a_read_only_mount_no_lock_is_promised() {
    let fixture = Fixture::free();
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && exec \"$0\" status \"$1\"";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(lockhost())
        .arg(fixture.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(
        told.contains("may not: Read-only file system (os error 30)"),
        "{told}"
    );
}

#[test]
#[cfg_attr(not_root, ignore = "only root may set the attribute")]
fn root_is_not_referred_to_root() {
    let fixture = Fixture::free();
    let locked = |flag: &str| {
        let status = Command::new("chattr")
            .arg(flag)
            .arg(fixture.path())
            .status();
        status.is_ok_and(|status| status.success())
    };
    // Not every file system has the attribute.
    if !locked("+i") {
        return;
    }
    let output = run(&["acquire", text(fixture.path())]);
    assert!(locked("-i"));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("(this process is root)\n  hint: check its capabilities, "),
        "{told}"
    );
    assert!(!told.contains("belongs to user 0"), "{told}");
}
