//! A coordinator in memory, which a test can cut off, and whose data it can change.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lockhost::coordinator::{
    Coordinator, CoordinatorError, CoordinatorErrorKind, DirectoryKey, Enrolled, Enrollment, Facts,
    FencingToken, Incarnation, KeyOwner, Marked, Nonce, Revision, Session, Taken, Timing,
};

#[path = "../../host/src/coordinator/data.rs"]
mod data;

use self::data::Data;

/// The address that its errors name.
pub const ENDPOINT: &str = "memory://coordinator";

/// The name of the tests' directory at the coordinator.
pub const DIRECTORY: &str = "data";

/// Intervals as short as a busy machine bears. W is 3.5 seconds.
pub const TIMING: Timing = Timing {
    deadline: Duration::from_millis(2_000),
    period: Duration::from_millis(100),
    timeout: Duration::from_millis(300),
    stop: Duration::from_millis(400),
    lease: Duration::from_millis(2_000),
};

/// The coordinator. Sessions have no end: a test ends them.
#[derive(Debug, Default)]
pub struct MemoryCoordinator {
    data: Mutex<Data>,
    changed: Condvar,
    cut: AtomicBool,
}

impl MemoryCoordinator {
    /// Returns a new one, without data.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Returns options that use it.
    pub fn options(self: &Arc<Self>) -> lockhost::Options {
        let coordinator = Arc::clone(self) as Arc<dyn Coordinator>;
        lockhost::Options::new().coordinator(coordinator, directory(), TIMING)
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Data) -> T) -> T {
        let mut data = self.data();
        let result = change(&mut data);
        drop(data);
        self.changed.notify_all();
        result
    }

    /// Sets whether no process reaches it.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// Enrolls a session, as an owner on another machine has it.
    pub fn enroll_another(&self, nonce: u64) -> Session {
        let enrollment = Enrollment {
            nonce: Nonce(nonce),
            incarnation: Incarnation(7),
            about: "another machine".to_owned(),
            lease: TIMING.lease,
        };
        let enrolled = self.change(|data| data.enroll(&enrollment));
        Session {
            incarnation: enrolled.expect("the nonce is new").incarnation,
            nonce: Nonce(nonce),
        }
    }

    /// Puts the directory's key to a session.
    pub fn put_key(&self, session: Session) -> FencingToken {
        let owner = key_of(session, TIMING.deadline);
        match self.change(|data| data.take(session, None, owner, &directory())) {
            Taken::Taken(token) => token,
            Taken::Refused(facts) => panic!("the key is another session's: {facts:?}"),
        }
    }

    /// Removes a session, as an operator revokes it.
    pub fn revoke(&self, session: Session) {
        self.change(|data| data.withdraw(session));
    }

    /// Removes all data, as if its folder was wiped.
    pub fn wipe(&self) {
        self.change(|data| *data = Data::default());
    }

    /// Returns the sessions that are there.
    pub fn sessions(&self) -> Vec<Nonce> {
        self.data().sessions.keys().copied().collect()
    }

    /// Returns the session that the directory's key names.
    pub fn key(&self) -> Option<Nonce> {
        let data = self.data();
        data.keys.get(DIRECTORY).map(|key| key.nonce)
    }

    /// Waits until a session is marked gone by some asker.
    pub fn await_mark(&self, judged: Session) {
        let marked = |data: &Data| data.marks.iter().any(|(it, _)| *it == judged.nonce);
        let data = self.data();
        drop(
            self.changed
                .wait_while(data, |data| !marked(data))
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    fn reached(&self) -> Result<(), CoordinatorError> {
        if self.cut.load(Ordering::SeqCst) {
            let kind = CoordinatorErrorKind::Unreachable;
            return Err(CoordinatorError::new(kind, "cut off").at(ENDPOINT));
        }
        Ok(())
    }
}

fn directory() -> DirectoryKey {
    DIRECTORY.parse().expect("a valid name")
}

fn key_of(session: Session, deadline: Duration) -> KeyOwner {
    KeyOwner {
        nonce: session.nonce,
        deadline,
    }
}

impl Coordinator for MemoryCoordinator {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn enroll(
        &self,
        enrollment: &Enrollment,
        _within: Duration,
    ) -> Result<Enrolled, CoordinatorError> {
        self.reached()?;
        self.change(|data| data.enroll(enrollment)).ok_or_else(|| {
            CoordinatorError::new(CoordinatorErrorKind::Failed, "the session exists").at(ENDPOINT)
        })
    }

    fn confirm(
        &self,
        session: Session,
        directory: &DirectoryKey,
        _within: Duration,
    ) -> Result<Facts, CoordinatorError> {
        self.reached()?;
        Ok(self.data().facts(session, None, directory))
    }

    fn observe(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        _within: Duration,
    ) -> Result<Facts, CoordinatorError> {
        self.reached()?;
        Ok(self.data().facts(asker, Some(judged), directory))
    }

    fn mark(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        _within: Duration,
    ) -> Result<Marked, CoordinatorError> {
        self.reached()?;
        Ok(self.change(|data| data.mark(asker, judged, directory)))
    }

    fn take(
        &self,
        session: Session,
        judged: Option<Session>,
        deadline: Duration,
        directory: &DirectoryKey,
        _within: Duration,
    ) -> Result<Taken, CoordinatorError> {
        self.reached()?;
        let owner = key_of(session, deadline);
        Ok(self.change(|data| data.take(session, judged, owner, directory)))
    }

    fn release(
        &self,
        session: Session,
        directory: &DirectoryKey,
        _within: Duration,
    ) -> Result<(), CoordinatorError> {
        self.reached()?;
        self.change(|data| data.release(session, directory));
        Ok(())
    }

    fn withdraw(&self, session: Session, _within: Duration) -> Result<(), CoordinatorError> {
        self.reached()?;
        self.change(|data| data.withdraw(session));
        Ok(())
    }
}
