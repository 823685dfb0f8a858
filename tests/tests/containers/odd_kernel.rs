//! Kernels with odd answers, as in sandboxes that are new implementations (gVisor): whatever is missing, garbage or
//! false, a living owner stays the owner.
//!
//! An answer is odd because another file is mounted over that of proc(5), or because strace(1) puts it into a system
//! call.
//!
//! On Linux alone: mounts and strace(1) change the kernel's answers.
#![cfg(target_os = "linux")]

use std::fs;

use lockhost_tests::{
    fixture::Fixture,
    mounted::Mounted,
    namespaces::{Place, Placed, seen_alive_then_dead},
};

/// A place with an odd answer, in which every process has the tests' own PID namespace.
struct Odd {
    what: &'static str,
    /// Run by a shell that has the process's pid; `shown FILE` mounts its standard input over a file of proc(5).
    script: &'static str,
    /// The verdict here on an owner elsewhere, when it is alive and when it is dead.
    from_here: (&'static str, &'static str),
    /// The verdict elsewhere on an owner here.
    from_there: (&'static str, &'static str),
    /// The verdict here on an owner here.
    among: (&'static str, &'static str),
}

const BY_EVIDENCE: (&str, &str) = ("Alive(Evidence)", "EvidenceGone");
const BY_NUMBER: (&str, &str) = ("Alive(Evidence)", "NoProcess");
const BY_START: (&str, &str) = ("Alive(Running)", "NoProcess");

const KERNELS: [Odd; 16] = [
    Odd {
        what: "an entry that ends early",
        script: "echo \"$$ (telling) S 1 1\" | shown $$/stat",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    Odd {
        what: "an empty entry",
        script: "printf '' | shown $$/stat",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    Odd {
        what: "a start that is no number",
        script: "cut -d' ' -f1-21 /proc/$$/stat | sed 's/$/ x 0 0/' | shown $$/stat",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    // A start that no process has: to others its pid would be another process's by now.
    Odd {
        what: "a start of 0",
        script: "cut -d' ' -f1-21 /proc/$$/stat | sed 's/$/ 0 0 0/' | shown $$/stat",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    // A start that qemu-user invents for its own process: others read another one.
    Odd {
        what: "a start of its own",
        script: "cut -d' ' -f1-21 /proc/$$/stat | sed 's/$/ 7 0 0/' | shown $$/stat",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    Odd {
        what: "no list of numbers",
        script: "grep -v NSpid /proc/$$/status | shown $$/status",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    Odd {
        what: "a list of other numbers",
        script: "sed 's/^NSpid:.*/NSpid:\\t1\\t2/' /proc/$$/status | shown $$/status",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    Odd {
        what: "an empty boot id",
        script: "printf '' | shown sys/kernel/random/boot_id",
        from_here: BY_EVIDENCE,
        from_there: BY_EVIDENCE,
        among: BY_EVIDENCE,
    },
    Odd {
        what: "a boot id of garbage",
        script: "echo 0123-../../x | shown sys/kernel/random/boot_id",
        from_here: BY_EVIDENCE,
        from_there: BY_EVIDENCE,
        among: BY_EVIDENCE,
    },
    Odd {
        what: "a boot id of many pages",
        script: "head -c 64K /dev/zero | tr '\\0' 0 | shown sys/kernel/random/boot_id",
        from_here: BY_EVIDENCE,
        from_there: BY_EVIDENCE,
        among: BY_EVIDENCE,
    },
    // The same id everywhere, as in an emulator's own root.
    Odd {
        what: "a boot id beside which the kernel's other files are missing",
        script: "mount -t tmpfs none /proc/sys/kernel/random
            echo 01234567-89ab-cdef-0123-456789abcdef > /proc/sys/kernel/random/boot_id",
        from_here: BY_EVIDENCE,
        from_there: BY_EVIDENCE,
        among: BY_EVIDENCE,
    },
    Odd {
        what: "namespaces of its own",
        script: "mkdir /mnt/ns; touch /mnt/ns/pid /mnt/ns/time; mount --rbind /mnt/ns /proc/$$/ns",
        from_here: BY_EVIDENCE,
        from_there: BY_EVIDENCE,
        among: BY_EVIDENCE,
    },
    Odd {
        what: "a time namespace of its own",
        script: "mkdir /mnt/ns; touch /mnt/ns/pid /mnt/ns/time
            mount --bind /proc/$$/ns/pid /mnt/ns/pid; mount --rbind /mnt/ns /proc/$$/ns",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_NUMBER,
    },
    Odd {
        what: "no namespaces",
        script: "mount -t tmpfs none /proc/$$/ns",
        from_here: BY_EVIDENCE,
        from_there: BY_EVIDENCE,
        among: BY_EVIDENCE,
    },
    Odd {
        what: "no time namespace",
        script: "mkdir /mnt/ns; touch /mnt/ns/pid
            mount --bind /proc/$$/ns/pid /mnt/ns/pid
            mount --rbind /mnt/ns /proc/$$/task/$$/ns; mount --rbind /mnt/ns /proc/$$/ns",
        from_here: BY_NUMBER,
        from_there: BY_NUMBER,
        among: BY_START,
    },
    Odd {
        what: "neither boot id nor namespaces nor numbers",
        script: "printf '' | shown sys/kernel/random/boot_id
            printf '' | shown $$/status; mount -t tmpfs none /proc/$$/ns",
        from_here: BY_EVIDENCE,
        from_there: BY_EVIDENCE,
        among: BY_EVIDENCE,
    },
];

fn odd(script: &str) -> Place {
    odd_in(&Place::host(), script)
}

fn odd_in(place: &Place, script: &str) -> Place {
    let shown = "mount -t tmpfs none /mnt
        shown() {
            file=/mnt/$(echo $1 | tr / _)
            cat > $file
            mount --bind $file /proc/$1
        }";
    place.clone().mounted(&format!("{shown}\n{script}"))
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn whatever_a_kernel_tells_of_itself_an_owner_is_judged() {
    for Odd {
        what,
        script,
        from_here,
        from_there,
        among,
    } in KERNELS
    {
        let fixture = Fixture::free();
        let (here, there) = (odd(script), Place::host());
        println!("{what}");
        seen_alive_then_dead(&there, &here, fixture.path(), from_here.0, from_here.1);
        seen_alive_then_dead(&here, &there, fixture.path(), from_there.0, from_there.1);
        seen_alive_then_dead(&here, &here, fixture.path(), among.0, among.1);
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn without_evidence_no_odd_kernel_has_the_living_replaced() {
    for Odd { what, script, .. } in KERNELS {
        let fixture = Fixture::free();
        let host = Place::host().without_evidence();
        let here = odd_in(&host, script);
        for (owner, asker) in [(&host, &here), (&here, &host), (&here, &here)] {
            let mut owner = owner.contend(fixture.path());
            owner.acquired();
            let (liveness, told) = asker.contend(fixture.path()).refused();
            let doubts = [
                "Alive(Exists)",
                "Alive(Running)",
                "Unknown(Unreadable)",
                "Unknown(NoAnswer)",
            ];
            assert!(doubts.contains(&liveness.as_str()), "{what}: {told}");
            assert!(owner.still_holds(), "{what}: {told}");
            owner.release();
        }
    }
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_container_whose_start_is_made_up_comes_back_after_a_crash() {
    let fixture = Fixture::free();
    let odd = KERNELS.iter().find(|odd| odd.what == "a start of its own");
    let container = odd_in(&Place::container(), odd.unwrap().script);
    let mut first = container.contend(fixture.path());
    first.acquired();
    assert!(first.identity().starts_with("1-p1-t"), "no start");
    first.kill();
    for _ in 0..3 {
        let mut next = container.contend(fixture.path());
        assert_eq!(next.acquired(), "[Dead(EvidenceGone)]");
        next.kill();
    }
}

/// Returns a place where programs of this machine run under the emulator for programs of other machines, which invents
/// as much for them.
fn emulated() -> Place {
    let emulator = format!("qemu-{}-static", std::env::consts::ARCH);
    Place::host().with(&[&emulator])
}

#[test]
#[cfg_attr(
    no_fuse_or_qemu_user,
    ignore = "needs root, FUSE with bindfs, and qemu-user"
)]
fn under_an_emulator_an_owner_is_seen_alive_and_dead() {
    let mounted = Mounted::bindfs();
    for (owner, other) in [
        (emulated(), Place::host()),
        (Place::host(), emulated()),
        (emulated(), emulated()),
    ] {
        let mut owner = owner.contend(&mounted.path());
        owner.acquired();
        let (liveness, told) = other.contend(&mounted.path()).refused();
        // The emulator's invented start is the true one where both fall into one tick.
        let alive = ["Alive(Exists)", "Alive(Running)"];
        assert!(alive.contains(&liveness.as_str()), "{liveness}: {told}");
        assert!(owner.still_holds(), "{told}");
        owner.kill();
        let mut heir = other.contend(&mounted.path());
        assert_eq!(heir.acquired(), "[Dead(NoProcess)]");
        heir.release();
    }
}

/// False answers about the owner to others, by a script that knows its pid as `$owner`, and the verdict then.
const LIES: [(&str, &str); 5] = [
    (
        "sed 's/) [A-Z]/) Z/' /proc/$owner/stat | shown $owner/stat",
        "Alive(Evidence)",
    ),
    (
        "cut -d' ' -f1-21 /proc/$owner/stat | sed 's/$/ 7 0 0/' | shown $owner/stat",
        "Alive(Evidence)",
    ),
    (
        "cut -d' ' -f1-21 /proc/$owner/stat | sed 's/$/ 0 0 0/' | shown $owner/stat",
        "Alive(Evidence)",
    ),
    ("printf '' | shown $owner/stat", "Alive(Evidence)"),
    ("mount -t tmpfs none /proc/$owner", "Alive(Evidence)"),
];

fn owner(fixture: &Fixture) -> Placed {
    let mut owner = Place::host().contend(fixture.path());
    owner.acquired();
    owner
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn whatever_a_kernel_tells_of_an_owner_a_locked_file_decides() {
    for (lie, taken_for) in LIES {
        let fixture = Fixture::free();
        let mut owner = owner(&fixture);
        let place = odd(&format!("owner={}\n{lie}", owner.pid()));
        let (liveness, told) = place.contend(fixture.path()).refused();
        assert_eq!(liveness, taken_for, "{lie}: {told}");
        assert!(owner.still_holds());
        owner.kill();
        assert_eq!(
            Place::host().contend(fixture.path()).acquired(),
            "[Dead(NoProcess)]"
        );
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn without_statx_locks_are_acquired_refused_and_replaced() {
    for answer in ["statx:error=ENOSYS", "statx:error=EPERM"] {
        let fixture = Fixture::free();
        let place = Place::host().injected(&[answer]);
        let mut owner = place.contend(fixture.path());
        owner.acquired();
        let (liveness, told) = place.contend(fixture.path()).refused();
        assert_eq!(liveness, "Alive(Running)", "{answer}: {told}");
        owner.kill();
        let mut heir = place.contend(fixture.path());
        assert_eq!(heir.acquired(), "[Dead(NoProcess)]", "{answer}");
        heir.release();
        assert!(fixture.files().is_empty(), "{answer}");
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn whatever_kill_answers_a_living_owner_stays_the_owner() {
    let answers = [
        ("kill:error=EPERM", "Alive(Running)"),
        ("kill:error=ENOSYS", "Alive(Running)"),
        ("kill:error=EINVAL", "Alive(Running)"),
        ("kill:error=ESRCH", "Alive(Evidence)"),
    ];
    for (answer, taken_for) in answers {
        let fixture = Fixture::free();
        let mut owner = owner(&fixture);
        let place = Place::host().injected(&[answer]);
        let (liveness, told) = place.contend(fixture.path()).refused();
        assert_eq!(liveness, taken_for, "{answer}: {told}");
        assert!(owner.still_holds());
    }
}

#[test]
#[cfg_attr(
    no_namespaces_or_strace,
    ignore = "needs root, unshare, nsenter and strace"
)]
fn where_locks_or_file_systems_are_odd_an_owner_stays_one() {
    let unknown = "Unknown(OtherNamespace)";
    let answers = [
        ("fstatfs:error=ENOSYS", "Alive(Evidence)"),
        ("flock:error=ENOSYS", "Alive(Evidence)"),
        ("flock:error=ENOLCK", "Alive(Evidence)"),
        ("flock:error=EOPNOTSUPP", "Alive(Evidence)"),
        // gVisor's own file systems: without a type, with an unlisted type, and with another kernel's.
        ("fstatfs:poke_exit=@arg2=0000000000000000", unknown),
        ("fstatfs:poke_exit=@arg2=9719020100000000", unknown),
        ("fstatfs:poke_exit=@arg2=ffffffffffffffff", unknown),
    ];
    for (answer, taken_for) in answers {
        let fixture = Fixture::free();
        let mut owner = Place::container().contend(fixture.path());
        owner.acquired();
        let files = fixture.files();
        let place = Place::container().injected(&[answer]);
        let (liveness, told) = place.contend(fixture.path()).refused();
        assert_eq!(liveness, taken_for, "{answer}: {told}");
        assert!(owner.still_holds());
        assert_eq!(fixture.files(), files);
        let content = fs::read_to_string(fixture.lock()).unwrap();
        assert_eq!(content, "1\n");
    }
}
