//! The usual scene: one machine with the coordinator, one with the owner, and one with an asker.

use std::{thread, time::Duration};

use lockhost_etcd_tests::{
    bed::{Bed, Intervals, Machine, Owner},
    programs::lockhost,
    server::Server,
};

/// In front of a command, so that it ignores SIGTERM.
pub(crate) const STUBBORN: [&str; 4] = ["sh", "-c", "trap '' TERM; exec \"$@\"", "sh"];

/// In front of a command, so that it runs in a session of its own, as an orphan.
pub(crate) const ORPHANED: [&str; 4] = ["sh", "-c", "setsid \"$@\" & exec sleep infinity", "sh"];

/// Returns the identity in the hint of a refusal.
pub(crate) fn owner_in(refusal: &str) -> &str {
    let owner = refusal.split("--owner=").nth(1).expect("a hint");
    owner.split_whitespace().next().expect("an identity")
}

pub(crate) struct Scene {
    /// Before their machines, so that they end first.
    pub(crate) servers: Vec<Server>,
    pub(crate) first: Machine,
    pub(crate) second: Machine,
    /// The machines of the coordinator.
    _members: Vec<Machine>,
    pub(crate) bed: Bed,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::of(1)
    }

    /// Returns a scene whose first machine has a mount of its own, so that the volume can hang there alone.
    pub(crate) fn with_a_mount_of_the_first() -> Self {
        let scene = Self::new();
        scene.first.mount_by_itself();
        scene
    }

    /// Returns a scene whose coordinator has so many members.
    pub(crate) fn of(many: usize) -> Self {
        let bed = Bed::new();
        let members: Vec<_> = (0..many)
            .map(|nth| bed.machine(&format!("etcd{nth}")))
            .collect();
        let servers = bed.coordinator(&members.iter().collect::<Vec<_>>());
        Self {
            servers,
            first: bed.machine("first"),
            second: bed.machine("second"),
            _members: members,
            bed,
        }
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> = self.servers.iter().map(Server::host).collect();
        format!("etcd://{}/test", hosts.join(","))
    }

    /// Starts an owner on the first machine, and waits until its command acts.
    pub(crate) fn owner(&self, intervals: Intervals) -> Owner {
        self.owner_with(intervals, &[])
    }

    /// Does the same with words in front of the command.
    pub(crate) fn owner_with(&self, intervals: Intervals, words: &[&str]) -> Owner {
        let mut owner = self
            .first
            .acquire_with("first", &self.url(), intervals, &[], words);
        owner.acts();
        owner
    }

    /// Starts a process on the second machine that waits for the lock. It is patient with a slow coordinator.
    pub(crate) fn asker(&self) -> Owner {
        self.second.acquire("second", &self.url(), Intervals::USUAL)
    }

    /// Starts a process on the second machine that does not wait.
    pub(crate) fn impatient(&self) -> Owner {
        self.second
            .acquire_with("second", &self.url(), Intervals::USUAL, &[], &[])
    }

    /// Waits until the coordinator has no session of an owner whose machine is gone.
    pub(crate) fn wait_for_no_session(&self) {
        while !self.servers[0]
            .ctl(&["get", "--prefix", "--keys-only", "/test/session/"])
            .trim()
            .is_empty()
        {
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until the coordinator has the session of at most one living process.
    pub(crate) fn wait_for_less_than_two_sessions(&self) {
        let sessions = ["get", "--prefix", "--keys-only", "/test/session/"];
        while self.servers[0].ctl(&sessions).matches("/test/").count() > 1 {
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Removes the lock of this owner, as a person does.
    pub(crate) fn breaks(&self, owner: &str) {
        let mut command = self.second.command(&lockhost());
        let status = command
            .args(["break", &format!("--owner={owner}")])
            .arg(self.bed.volume())
            .status()
            .expect("it can be started");
        assert!(status.success(), "{status}");
    }

    /// Revokes the only lease.
    pub(crate) fn revoke(&self) {
        let leases = self.servers[0].ctl(&["lease", "list"]);
        let lease = leases.lines().last().expect("a lease").trim();
        self.servers[0].ctl(&["lease", "revoke", lease]);
    }

    /// Waits until the command of the owner has acted for so long from now on.
    pub(crate) fn acts_for(&self, seconds: f64) {
        let last = || self.bed.turns().last().expect("a turn").times.1;
        let end = last() + seconds;
        let mut before = 0.0;
        while last() < end {
            assert!(last() > before, "it acts no more");
            before = last();
            thread::sleep(Duration::from_millis(500));
        }
    }

    /// Checks that an owner on the second machine acted after the one on the first, and that it leaves nothing behind.
    pub(crate) fn second_acts_after_first(&self, mut second: Owner) {
        second.acts();
        self.acts_for(0.5);
        second.stop();
        self.bed.acted(&["first", "second"]);
        assert_eq!(self.bed.names(), [""; 0]);
    }
}
