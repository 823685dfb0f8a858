//! What a power loss may leave, and the verdict on it after the reboot.
//!
//! Nothing is synced to the disk: every file that a power loss removes or empties belonged to a process that is dead by
//! then. File systems with a journal keep the order of names (a lock without its claim is not seen there) and may lose
//! the newest. A file's content may never have reached the disk. Other file systems may come back with any of them. So
//! each set of names that one process can have had is tried with each content, with the claim and without it:
//!
//! | found after the reboot | verdict |
//! | --- | --- |
//! | a claim alone | the directory is free; a sweeper removes it if evidence was promised and its content is not empty |
//! | a lock or reclaim lock with its claim, evidence promised, whatever is in it | dead: no process keeps the file locked. Taken over, and nothing is left |
//! | … no evidence promised (a network file system) | unknown, since no host can see another boot: refused, and `--assume-dead` takes over |
//! | a reclaim lock alone with its claim, no evidence promised | the directory is free; the reclaim lock stays |
//! | without a claim, and the content a pid, perhaps cut off | another program's, as far as can be known: judged by the pid alone |
//! | without a claim, and empty or zeros | names no owner: dead, at once if it is older than a minute |

use std::fs;

use lockhost::{ErrorKind, Liveness, Options, UnknownReason, acquire};
use lockhost_tests::{
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
};

const LOCK: &str = "tinyforge.lock";
const RECLAIM: &str = "tinyforge.lock.reclaim";
const SECOND: &str = "tinyforge.lock.reclaim.reclaim";

/// The names that one process's file can have in the middle of an attempt, a reclaim, a release or a sweep.
const NAMES: [&[&str]; 7] = [
    &[],
    &[LOCK],
    &[RECLAIM],
    &[SECOND],
    &[LOCK, RECLAIM],
    &[RECLAIM, SECOND],
    &[LOCK, SECOND],
];

/// What the content `999999999\n` can have become: all, none, zeros in its place, a part.
const CONTENTS: [&str; 4] = [NO_PROCESS, "", "\0\0\0\0\0\0\0\0\0\0", "99999999"];

/// The files after a reboot.
#[derive(Clone, Copy, Debug)]
struct Remains {
    names: &'static [&'static str],
    content: &'static str,
    claim: bool,
    evidence: bool,
}

impl Remains {
    fn all() -> impl Iterator<Item = Self> {
        let names = NAMES
            .into_iter()
            .flat_map(|names| CONTENTS.map(|content| (names, content)));
        names
            .flat_map(|(names, content)| {
                [(true, true), (true, false), (false, false)].map(|(claim, evidence)| Self {
                    names,
                    content,
                    claim,
                    evidence,
                })
            })
            .filter(|remains| remains.claim || !remains.names.is_empty())
    }

    fn identity(self, mine: &Identity) -> Identity {
        let other = mine
            .clone()
            .with('b', "00000000000000000000000000000000")
            .with('p', "999999999");
        if self.evidence {
            other
        } else {
            other.without('e')
        }
    }

    fn fixture(self, identity: &Identity) -> Fixture {
        let claim = format!("{LOCK}.{}", identity.text());
        let fixture = Fixture::free().with_old(&claim, self.content);
        let claim = fixture.path().join(claim);
        for name in self.names {
            fs::hard_link(&claim, fixture.path().join(name)).expect("a link can be made");
        }
        if !self.claim {
            fs::remove_file(claim).expect("a name can be removed");
        }
        fixture
    }

    /// Returns whether it is unknown whether the owner lives.
    fn is_unknown(self) -> bool {
        self.claim && !self.evidence
    }
}

/// Acquires the lock, and releases it.
fn gets_in(options: &Options, fixture: &Fixture, remains: Remains) {
    let lock = options
        .acquire(fixture.path())
        .unwrap_or_else(|error| panic!("{remains:?}: {error}"));
    lock.release()
        .unwrap_or_else(|error| panic!("{remains:?}: {error}"));
}

/// Sweeps: replaces a dead owner's lock.
fn sweep(fixture: &Fixture, remains: Remains) {
    fs::write(fixture.lock(), NO_PROCESS).expect("a file can be written");
    gets_in(&Options::new(), fixture, remains);
}

#[test]
fn what_is_known_to_be_dead_is_taken_over_and_swept() {
    let mine = Identity::mine(Fixture::free().path());
    let mut count = 0;
    for remains in Remains::all().filter(|remains| !remains.is_unknown()) {
        let identity = remains.identity(&mine);
        let fixture = remains.fixture(&identity);
        gets_in(&Options::new(), &fixture, remains);
        sweep(&fixture, remains);
        // An empty claim as well: it is an hour old.
        assert!(
            fixture.files().is_empty(),
            "{remains:?}: {:?}",
            fixture.files()
        );
        count += 1;
    }
    println!("{count} states that are taken over");
}

#[test]
fn a_lock_of_another_boot_without_evidence_is_refused() {
    let mine = Identity::mine(Fixture::free().path());
    let mut count = 0;
    for remains in
        Remains::all().filter(|remains| remains.is_unknown() && remains.names.contains(&LOCK))
    {
        let identity = remains.identity(&mine);
        let fixture = remains.fixture(&identity);
        let before = fixture.files();
        let refused = acquire(fixture.path()).expect_err("its owner cannot be seen");
        assert_eq!(refused.kind(), ErrorKind::Held, "{remains:?}: {refused}");
        let holder = refused.holder().expect("an owner is named");
        assert_eq!(
            holder.liveness(),
            Liveness::Unknown(UnknownReason::OtherBoot),
            "{remains:?}"
        );
        assert_eq!(fixture.files(), before, "{remains:?}");
        let named = holder.identity().expect("it has a claim");
        gets_in(&Options::new().assume_dead(named), &fixture, remains);
        sweep(&fixture, remains);
        // A user's word about one lock proves nothing to a sweeper.
        assert_eq!(
            fixture.files(),
            [format!("{LOCK}.{}", identity.text()).as_str()],
            "{remains:?}"
        );
        count += 1;
    }
    println!("{count} states that are refused");
}

#[test]
fn a_reclaim_lock_of_another_boot_leaves_a_free_lock_free() {
    let mine = Identity::mine(Fixture::free().path());
    let mut count = 0;
    for remains in
        Remains::all().filter(|remains| remains.is_unknown() && !remains.names.contains(&LOCK))
    {
        let identity = remains.identity(&mine);
        let fixture = remains.fixture(&identity);
        let before = fixture.files();
        gets_in(&Options::new(), &fixture, remains);
        assert_eq!(fixture.files(), before, "{remains:?}");
        count += 1;
        if !remains.names.contains(&RECLAIM) {
            continue;
        }
        // It only blocks a process that has to replace a dead owner's lock.
        fs::write(fixture.lock(), NO_PROCESS).expect("a file can be written");
        let refused = acquire(fixture.path()).expect_err("its owner cannot be seen");
        let named = refused.holder().and_then(|holder| holder.identity());
        assert_eq!(named, Some(identity.text().as_str()), "{remains:?}");
        gets_in(
            &Options::new().assume_dead(identity.text()),
            &fixture,
            remains,
        );
        assert_eq!(
            fixture.files(),
            [format!("{LOCK}.{}", identity.text()).as_str()],
            "{remains:?}"
        );
    }
    println!("{count} states that are let be");
}

#[test]
fn a_lock_without_claim_whose_pid_is_reused_is_refused() {
    // Cut off, `1234\n` may be 1, and process 1 is alive.
    let fixture = Fixture::free().with_old(LOCK, "1");
    let refused = acquire(fixture.path()).expect_err("process 1 is alive");
    let named = refused
        .holder()
        .and_then(|holder| holder.identity())
        .expect("it has a pid")
        .to_owned();
    let lock = Options::new()
        .assume_dead(named)
        .acquire(fixture.path())
        .unwrap();
    lock.release().unwrap();
    assert!(fixture.files().is_empty());
}
