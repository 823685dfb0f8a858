//! The operations of a coordinator, with what goes in and comes out.

use std::time::Duration;

use super::{
    error::CoordinatorError,
    key::DirectoryKey,
    session::{FencingToken, Incarnation, Nonce, Revision, Session},
};

/// What a new session is made of. [`Coordinator`] has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrollment {
    /// The session's nonce, which no other session has.
    pub nonce: Nonce,
    /// The incarnation, if the coordinator has none yet.
    pub incarnation: Incarnation,
    /// A text for people, which names the process and its machine: the value of the session's key.
    pub about: String,
    /// How long the coordinator keeps the session after its last confirm or observation. It decides how soon a dead owner's
    /// session goes, and never whether a living owner is safe.
    pub lease: Duration,
}

/// The answer to an enrollment. [`Coordinator`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Enrolled {
    /// The incarnation of the coordinator's data: the one that was there, or the candidate.
    pub incarnation: Incarnation,
    /// The revision at which the session was made, or a later one.
    pub revision: Revision,
}

/// What a coordinator reports, all of it read at one revision. [`Coordinator`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The incarnation of the coordinator's data. None after its data was wiped, until a process enrolls.
    pub incarnation: Option<Incarnation>,
    /// The revision at which these facts were read.
    pub revision: Revision,
    /// Whether the session of the process that asks is there.
    pub own: bool,
    /// Whether the judged session is there. `false` where the question named none.
    pub judged: bool,
    /// The session that the directory's key names.
    pub key: Option<KeyOwner>,
}

/// The session that a directory's key names. [`Coordinator`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyOwner {
    /// The session's nonce.
    pub nonce: Nonce,
    /// D of that session, in whole milliseconds: how long it may act after a confirm. An asker that knows no more of the
    /// session than this key waits accordingly.
    pub deadline: Duration,
}

/// The answer to the transaction of the first *gone*. [`Coordinator`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marked {
    /// The judged session is absent, and the asker's session is marked with it. This is the transaction's revision.
    Marked(Revision),
    /// A comparison failed. Nothing was written.
    Refused(Facts),
}

/// The answer to the transaction for a directory's key. [`Coordinator`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taken {
    /// The directory's key names the session. The token is the transaction's revision.
    Taken(FencingToken),
    /// A comparison failed. Nothing was written.
    Refused(Facts),
}

/// A coordinator, as this crate uses it.
///
/// A session is found by its nonce. Each operation that names a [`Session`] also compares, or reports, the incarnation. An
/// operation blocks for `within` at most, fail-over between several endpoints included. Several threads call at once, each
/// for its own session or another operation of the same one.
///
/// # Errors
///
/// An error of any operation leaves open whether the coordinator executed it. This crate then repeats the operation, or
/// gives the attempt up. An orphaned session ends with its lease. A comparison that fails is no error but an answer.
///
/// # Examples
///
/// One in memory, for the threads of one process, without leases:
///
/// ```
/// use std::{
///     collections::{BTreeMap, BTreeSet},
///     sync::Mutex,
///     time::Duration,
/// };
/// use lockhost::coordinator::{
///     Coordinator, CoordinatorError, CoordinatorErrorKind, DirectoryKey, Enrolled, Enrollment, Facts,
///     FencingToken, Incarnation, KeyOwner, Marked, Nonce, Revision, Session, Taken,
/// };
///
/// #[derive(Default)]
/// struct Data {
///     incarnation: Option<Incarnation>,
///     revision: u64,
///     sessions: BTreeSet<Nonce>,
///     marks: BTreeSet<(Nonce, Nonce)>,
///     keys: BTreeMap<String, KeyOwner>,
/// }
///
/// impl Data {
///     fn facts(&self, own: Session, judged: Option<Session>, directory: &DirectoryKey) -> Facts {
///         Facts {
///             incarnation: self.incarnation,
///             revision: Revision(self.revision),
///             own: self.sessions.contains(&own.nonce),
///             judged: judged.is_some_and(|it| self.sessions.contains(&it.nonce)),
///             key: self.keys.get(directory.as_str()).copied(),
///         }
///     }
/// }
///
/// #[derive(Default)]
/// struct Memory(Mutex<Data>);
///
/// type Answer<T> = Result<T, CoordinatorError>;
///
/// impl Coordinator for Memory {
///     fn name(&self) -> String {
///         "memory".to_owned()
///     }
///
///     fn enroll(&self, new: &Enrollment, _within: Duration) -> Answer<Enrolled> {
///         let mut data = self.0.lock().unwrap();
///         let incarnation = *data.incarnation.get_or_insert(new.incarnation);
///         if !data.sessions.insert(new.nonce) {
///             return Err(CoordinatorError::new(CoordinatorErrorKind::Failed, "the session exists"));
///         }
///         data.revision += 1;
///         Ok(Enrolled { incarnation, revision: Revision(data.revision) })
///     }
///
///     fn confirm(&self, own: Session, directory: &DirectoryKey, _within: Duration) -> Answer<Facts> {
///         Ok(self.0.lock().unwrap().facts(own, None, directory))
///     }
///
///     fn observe(
///         &self,
///         asker: Session,
///         judged: Session,
///         directory: &DirectoryKey,
///         _within: Duration,
///     ) -> Answer<Facts> {
///         Ok(self.0.lock().unwrap().facts(asker, Some(judged), directory))
///     }
///
///     fn mark(
///         &self,
///         asker: Session,
///         judged: Session,
///         directory: &DirectoryKey,
///         _within: Duration,
///     ) -> Answer<Marked> {
///         let mut data = self.0.lock().unwrap();
///         let facts = data.facts(asker, Some(judged), directory);
///         if facts.incarnation != Some(asker.incarnation) || !facts.own || facts.judged {
///             return Ok(Marked::Refused(facts));
///         }
///         data.marks.insert((judged.nonce, asker.nonce));
///         data.revision += 1;
///         Ok(Marked::Marked(Revision(data.revision)))
///     }
///
///     fn take(
///         &self,
///         session: Session,
///         judged: Option<Session>,
///         deadline: Duration,
///         directory: &DirectoryKey,
///         _within: Duration,
///     ) -> Answer<Taken> {
///         let mut data = self.0.lock().unwrap();
///         let facts = data.facts(session, judged, directory);
///         let marked = judged.is_none_or(|it| data.marks.contains(&(it.nonce, session.nonce)));
///         let free = facts.key.is_none_or(|key| {
///             key.nonce == session.nonce || judged.is_some_and(|it| it.nonce == key.nonce)
///         });
///         let same = facts.incarnation == Some(session.incarnation) && facts.own;
///         if !same || facts.judged || !marked || !free {
///             return Ok(Taken::Refused(facts));
///         }
///         let owner = KeyOwner { nonce: session.nonce, deadline };
///         data.keys.insert(directory.as_str().to_owned(), owner);
///         data.revision += 1;
///         Ok(Taken::Taken(FencingToken(data.revision)))
///     }
///
///     fn release(&self, own: Session, directory: &DirectoryKey, _within: Duration) -> Answer<()> {
///         let mut data = self.0.lock().unwrap();
///         if data.facts(own, None, directory).key.is_some_and(|key| key.nonce == own.nonce) {
///             data.keys.remove(directory.as_str());
///             data.revision += 1;
///         }
///         Ok(())
///     }
///
///     fn withdraw(&self, own: Session, _within: Duration) -> Answer<()> {
///         let mut data = self.0.lock().unwrap();
///         data.sessions.remove(&own.nonce);
///         data.marks.retain(|(_, asker)| *asker != own.nonce);
///         data.revision += 1;
///         Ok(())
///     }
/// }
///
/// let memory = Memory::default();
/// let second = Duration::from_secs(1);
/// let new = Enrollment {
///     nonce: Nonce(7),
///     incarnation: Incarnation(1),
///     about: "an example".to_owned(),
///     lease: second,
/// };
/// let incarnation = memory.enroll(&new, second)?.incarnation;
/// let session = Session { incarnation, nonce: new.nonce };
/// let directory = "billing".parse().expect("a valid name");
/// assert!(matches!(memory.take(session, None, second, &directory, second)?, Taken::Taken(_)));
/// # Ok::<(), CoordinatorError>(())
/// ```
pub trait Coordinator: Send + Sync {
    /// Returns its name for messages, such as `etcd at https://db1:2379, https://db2:2379`, without a password.
    fn name(&self) -> String;

    /// Creates a session, in one transaction: the incarnation is unchanged, or is put if there is none; the session's key
    /// is absent, and is put with its lease.
    ///
    /// # Errors
    ///
    /// If the coordinator cannot do it, or the session's key exists.
    fn enroll(
        &self,
        enrollment: &Enrollment,
        within: Duration,
    ) -> Result<Enrolled, CoordinatorError>;

    /// Reads the incarnation, the owner's session and the directory's key in one read, and extends the session's lease.
    ///
    /// A lease that could not be extended is no error: only the facts count.
    ///
    /// # Errors
    ///
    /// If the coordinator cannot read.
    fn confirm(
        &self,
        session: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Facts, CoordinatorError>;

    /// Reads the incarnation, the asker's session, the judged session and the directory's key in one read, and extends the
    /// lease of the asker's session.
    ///
    /// The asker's session need not be there, nor ever have been: a process that only judges has none.
    ///
    /// # Errors
    ///
    /// If the coordinator cannot read.
    fn observe(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Facts, CoordinatorError>;

    /// Marks the asker's session with the judged one, in one transaction: the incarnation is the asker's, the asker's session
    /// is there, the judged session is absent; a mark is put that goes with the asker's session.
    ///
    /// A mark that is there already is put once more.
    ///
    /// # Errors
    ///
    /// If the coordinator cannot do it.
    fn mark(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Marked, CoordinatorError>;

    /// Puts the directory's key to the session, in one transaction: the incarnation is the session's, the session is there,
    /// and the key is absent, names the session itself, or names the judged one. If a session was judged, it is also absent,
    /// and the session's mark with it is there.
    ///
    /// The key also holds `deadline`, the session's D. A key that names the session itself is put once more. The three cases
    /// of the key may be tried one after the other, each in a transaction of its own with all the other comparisons.
    ///
    /// # Errors
    ///
    /// If the coordinator cannot do it. The key may be put later all the same.
    fn take(
        &self,
        session: Session,
        judged: Option<Session>,
        deadline: Duration,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Taken, CoordinatorError>;

    /// Deletes the directory's key if it names the session, in one transaction. Otherwise it does nothing.
    ///
    /// # Errors
    ///
    /// If the coordinator cannot do it.
    fn release(
        &self,
        session: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<(), CoordinatorError>;

    /// Deletes the session, and its marks. A session that is gone is no error.
    ///
    /// # Errors
    ///
    /// If the coordinator cannot do it.
    fn withdraw(&self, session: Session, within: Duration) -> Result<(), CoordinatorError>;
}
