//! `lockhost status`: what it knows of a lock, what it answers, and that it touches nothing.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    process::{self, Command},
};

use lockhost_tests::{
    contender::Contender,
    identity::Identity,
    program::{lockhost, run, text},
    scene::{NOBODY, Scene},
    schema::Schema,
};
use serde_json::Value;

const RECLAIM: &str = "tinyforge.lock.reclaim";

/// The text, with its exit code; nothing on standard error.
fn told(scene: &Scene) -> (Option<i32>, String) {
    let before = footprints(scene);
    let output = run(&["status", text(scene.path())]);
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(footprints(scene), before, "it changed something");
    let told = String::from_utf8(output.stdout).expect("it speaks text");
    assert!(told.is_ascii(), "{told}");
    (output.status.code(), told)
}

/// The object, which says the same exit code as the program.
fn object(arguments: &[&str]) -> Value {
    let output = run(&[&["status", "--json"], arguments].concat());
    assert!(output.stderr.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stdout).expect("it speaks text");
    let mut objects = Schema::documented().lines(&told);
    assert_eq!(objects.len(), 1, "{told}");
    let object = objects.remove(0);
    assert_eq!(
        object["exit_code"].as_i64(),
        output.status.code().map(i64::from),
        "{told}"
    );
    object
}

/// Whatever would show that a file was touched: name, inode, links, size, time.
fn footprints(scene: &Scene) -> Vec<(String, u64, u64, u64, i64)> {
    let look = |name: std::ffi::OsString| {
        let file = fs::symlink_metadata(scene.path().join(&name)).expect("it is there");
        let name = name.to_string_lossy().into_owned();
        (
            name,
            file.ino(),
            file.nlink(),
            file.size(),
            file.ctime_nsec(),
        )
    };
    scene.files().into_iter().map(look).collect()
}

/// Somebody of another PID namespace, who left no evidence: nobody can tell whether it lives.
fn unknown() -> Identity {
    let mine = Identity::mine(Scene::free().path());
    mine.with('p', "7").with('n', "1").without('e')
}

#[test]
fn a_free_directory_is_3() {
    let scene = Scene::free();
    let (code, told) = told(&scene);
    assert_eq!(code, Some(3));
    assert!(told.starts_with(&format!("{}: free\n", scene.lock().display())));
    let object = object(&[text(scene.path())]);
    assert_eq!(object["state"], "free");
    assert_eq!(object["path"], text(&scene.lock()));
    assert!(object["holder"].is_null());
}

#[test]
fn a_held_one_is_0_with_owner_command_user_and_time() {
    let scene = Scene::free();
    let owner = Contender::owner(scene.path());
    let (code, told) = told(&scene);
    assert_eq!(code, Some(0));
    let user = rustix::process::getuid().as_raw();
    for part in [
        format!("{}: held\n", scene.lock().display()),
        format!("pid {}, alive: the process is running", owner.pid()),
        format!("acquire {}", scene.path().display()),
        format!("user       {user}"),
        format!("kill {}", owner.pid()),
        "since      20".to_owned(),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    let object = object(&[text(scene.path())]);
    let holder = &object["holder"];
    assert_eq!(holder["life"], "alive");
    assert_eq!(holder["reason"], "running");
    assert_eq!(holder["process"]["user"]["id"], user);
    let command: Vec<_> = holder["process"]["command"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(command[1..], ["acquire", text(scene.path())]);
}

#[test]
fn a_dead_owner_is_1_and_so_is_a_file_that_names_nobody() {
    for content in [NOBODY, "", "garbage\n"] {
        let scene = Scene::free().with("tinyforge.lock", content);
        let (code, told) = told(&scene);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("stale: "), "{told}");
        assert!(told.contains("whoever comes next takes it over"), "{told}");
    }
    assert_eq!(object(&[text(Scene::stale().path())])["state"], "stale");
}

#[test]
fn an_owner_that_nobody_can_judge_is_4_with_the_way_out() {
    let scene = Scene::free();
    let owner = unknown();
    owner.leave(&scene);
    let (code, told) = told(&scene);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("another PID namespace"), "{told}");
    assert!(
        told.contains(&format!("lockhost break --owner={}", owner.text())),
        "{told}"
    );
    assert!(
        !told.contains("command"),
        "its number is somebody else's here: {told}"
    );
    assert!(object(&[text(scene.path())])["holder"]["process"].is_null());
}

#[test]
fn a_bare_pid_of_a_running_process_is_0_with_what_runs_there_and_the_doubt() {
    let scene = Scene::free().with("tinyforge.lock", &format!("{}\n", process::id()));
    let (code, told) = told(&scene);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("a process has this pid"), "{told}");
    let command = std::env::args().next().unwrap();
    assert!(told.contains(&format!("command    {command}")), "{told}");
    assert!(told.contains("if it is certainly dead"), "{told}");
}

#[test]
fn a_kept_file_of_a_dead_owner_is_0() {
    let scene = Scene::stale();
    let file = File::open(scene.lock()).unwrap();
    file.try_lock().unwrap();
    let (code, told) = told(&scene);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the kernel keeps the file locked"), "{told}");
}

#[test]
fn a_reclaim_in_progress_is_4_and_told_and_a_dead_one_is_1() {
    let mine = format!("{}\n", process::id());
    let scene = Scene::stale().with(RECLAIM, &mine);
    let (code, told_living) = told(&scene);
    assert_eq!(code, Some(4), "{told_living}");
    let line = format!("  reclaim    {RECLAIM}, pid {}, alive", process::id());
    assert!(told_living.contains(&line), "{told_living}");
    let scene = Scene::stale().with(RECLAIM, NOBODY);
    let (code, told_dead) = told(&scene);
    assert_eq!(code, Some(1), "{told_dead}");
    let object = object(&[text(scene.path())]);
    assert_eq!(object["reclaims"][0]["life"], "dead");
}

#[test]
fn what_cannot_be_looked_at_is_4_and_wrong_usage_2() {
    let scene = Scene::free();
    fs::create_dir(scene.lock()).unwrap();
    let missing = scene.path().join("missing");
    for (path, part) in [(scene.path(), "is a directory"), (&missing, "No such file")] {
        let output = run(&["status", text(path)]);
        assert_eq!(output.status.code(), Some(4));
        assert!(output.stdout.is_empty());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(part) && told.lines().count() == 1, "{told}");
        assert_eq!(object(&[text(path)])["state"], "failed");
    }
    let object = object(&["--name=x", text(scene.path())]);
    assert_eq!(object["failure"]["kind"], "bad-name");
    for arguments in [&["status"][..], &["status", "--force", "."]] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut full_disk = Command::new(lockhost());
    full_disk
        .arg("status")
        .arg(missing.parent().unwrap())
        .stdout(full);
    assert_eq!(full_disk.output().unwrap().status.code(), Some(4));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_users_lock_is_4_and_says_whose_it_is() {
    let scene = Scene::free();
    scene.open_to_all();
    let _owner = Contender::owner(scene.path());
    let mut other = scene.as_another_user();
    let output = other.arg("status").arg(scene.path()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("belongs to user 0"), "{told}");
}

#[test]
fn another_name_is_another_lock() {
    let scene = Scene::free().with("app.pid", NOBODY);
    assert_eq!(object(&[text(scene.path())])["state"], "free");
    let object = object(&["--name=app.pid", text(scene.path())]);
    assert_eq!(object["state"], "stale");
}

#[test]
fn a_line_stays_a_line_whatever_a_command_or_a_name_holds() {
    let scene = Scene::free();
    let directory = scene.path().join("two\nlines");
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
