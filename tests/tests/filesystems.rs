//! File systems that the page `host/docs/filesystems.md` names, and that no other test mounts.

use std::process::Command;

use lockhost_tests::{program::lockhost, scene::Scene};

/// In a mount namespace of its own, with the program as `$0`, the directory as `$1` and the type as `$2`: an owner in
/// another PID namespace, somebody beside it, and somebody once it was killed and the kernel has dropped its lock.
const SCRIPT: &str = r#"
mount -t "$2" none "$1" && mkfifo "$1/said" "$1/again" || exit 3
unshare --pid --fork --kill-child --mount-proc "$0" acquire "$1" > "$1/said" &
read line < "$1/said"
echo "$line"
"$0" acquire "$1" 2>&1
echo "code $?"
kill -KILL $!
flock --exclusive "$1/tinyforge.lock" true
"$0" acquire "$1" > "$1/again" 2> "$1/told" &
read line < "$1/again"
kill $!
wait $!
echo "code $?"
cat "$1/told"
ls "$1"
"#;

#[test]
#[cfg_attr(not_root, ignore = "only root can mount a file system")]
fn a_file_system_without_a_device_keeps_evidence() {
    for kind in ["tmpfs", "ramfs"] {
        let scene = Scene::free();
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", SCRIPT])
            .arg(lockhost())
            .arg(scene.path())
            .arg(kind)
            .output()
            .expect("unshare can be started");
        let said = String::from_utf8(output.stdout).expect("it speaks text");
        let lines: Vec<&str> = said.lines().collect();
        let [acquired, refused, code, ended, told, left @ ..] = &lines[..] else {
            panic!("{kind}: {said}");
        };
        assert!(acquired.ends_with("(pid 1)"), "{kind}: {said}");
        assert!(refused.contains("lslocks shows for whom"), "{kind}: {said}");
        assert_eq!((*code, *ended), ("code 75", "code 0"), "{kind}: {said}");
        let dead = "dead pid 1, which no longer keeps its file locked";
        assert!(told.contains(dead), "{kind}: {said}");
        assert_eq!(left, ["again", "said", "told"], "{kind}");
    }
}
