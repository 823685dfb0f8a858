//! The last steps of an attempt beside a coordinator, once its file is at the lock's name.
//!
//! The coordinator's transaction for the directory's key comes first. Then the lock file is verified. Then the claims of
//! other sessions are waited out: they survive whatever the coordinator forgets. Only then is the lock had.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    error::{Error, Kind},
    place::Place,
    waiting::Waiting,
};
use crate::{
    backend::{Chosen, Run},
    coordinator::{
        CoordinatorError, CoordinatorErrorKind, Session, Timing, reading::Reading, taking::Refusal,
    },
    member::{self, Member, Renewal, Take, TakeStep, Watched},
    outcome,
    process::{Identity, liveness::DeadReason},
};

/// How soon the claims of others are looked at again: those of attempts go at once.
const SOON: Duration = Duration::from_millis(50);

/// An attempt that has its file at the lock's name.
pub(super) struct Joining {
    run: Chosen,
    member: Arc<Member>,
    place: Arc<Place>,
    /// The name of the lock file.
    file: String,
    stage: Stage,
}

enum Stage {
    /// It takes the directory's key.
    Taking(Take),
    /// It has the key since then, and waits for other sessions.
    Waiting(Renewal, Option<Session>, Reading),
}

/// The result of a step.
pub(super) enum Joined {
    /// The lock is had.
    Lock(Box<Chosen>, Renewal),
    /// Go on later.
    Waiting(Box<Joining>, Box<Waiting>),
}

impl Joining {
    /// Begins, after the backend has acquired the lock.
    pub(super) fn begin(
        mut run: Chosen,
        member: Arc<Member>,
        place: Arc<Place>,
    ) -> Result<Box<Self>, Error> {
        let report = match run.report() {
            Ok(report) => report,
            Err(fault) => return Err(Error::internal(place.given(), fault)),
        };
        let take = member.begin_to_take(replaced_session(&report));
        Ok(Box::new(Self {
            run,
            member,
            place,
            file: report.file,
            stage: Stage::Taking(take),
        }))
    }

    /// Goes on as far as possible without waiting. After an error, nothing of the attempt is left.
    pub(super) fn proceed(mut self: Box<Self>) -> Result<Joined, Error> {
        match self.go_on() {
            Ok(Some(waiting)) => Ok(Joined::Waiting(self, Box::new(waiting))),
            Ok(None) => match self.stage {
                Stage::Waiting(renewal, ..) => Ok(Joined::Lock(Box::new(self.run), renewal)),
                Stage::Taking(_) => Err(self.give_up_for(Kind::Contended)),
            },
            Err(error) => {
                self.give_up();
                Err(error)
            }
        }
    }

    /// Removes what the attempt made. Errors cannot be reported.
    pub(super) fn give_up(self) {
        self.run.give_up();
        drop(self.stage);
        let _ = self.member.leave();
    }

    fn give_up_for(self, kind: Kind) -> Error {
        let error = self.error(kind);
        self.give_up();
        error
    }

    fn error(&self, kind: Kind) -> Error {
        Error::new(self.path(), kind)
    }

    fn path(&self) -> PathBuf {
        self.place.given().join(&self.file)
    }

    /// Returns what it waits for, or nothing if the lock is had.
    fn go_on(&mut self) -> Result<Option<Waiting>, Error> {
        if let Stage::Taking(take) = &mut self.stage {
            match self.member.go_on(take) {
                TakeStep::Wait(retry) => {
                    return Ok(Some(self.waiting(retry, self.member.watched())));
                }
                TakeStep::Refused(refusal) => return Err(self.error(refused(refusal))),
                TakeStep::Failed(failure) => return Err(self.error(Kind::Coordinator(failure))),
                TakeStep::Taken(holding) => {
                    let judged = take.judged();
                    let since = self.now()?;
                    let renewal = Renewal::start(Arc::clone(&self.member), *holding);
                    let renewal = renewal.map_err(|error| Error::io(self.path(), "lock", error))?;
                    self.stage = Stage::Waiting(renewal, judged, since);
                }
            }
        }
        self.verify()?;
        self.wait_for_rivals()
    }

    fn now(&self) -> Result<Reading, Error> {
        member::now().map_err(|failure| self.error(Kind::Coordinator(failure)))
    }

    /// Compares the lock file with the claim, now that the key is this session's.
    fn verify(&mut self) -> Result<(), Error> {
        if let Stage::Waiting(renewal, ..) = &self.stage
            && let Some(loss) = renewal.loss()
        {
            return Err(self.error(Kind::Session(loss)));
        }
        match self.run.still_held() {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(self.error(Kind::Contended)),
            Ok(Err(failure)) => Err(self.place.failed(&self.file, failure)),
            Err(fault) => Err(Error::internal(self.place.given(), fault)),
        }
    }

    /// Waits for each claim of another session to go, for as long as that session may act: since the key names another
    /// session, no confirm of it succeeds.
    fn wait_for_rivals(&mut self) -> Result<Option<Waiting>, Error> {
        let claims = match self.run.rivals() {
            Ok(Ok(claims)) => claims,
            Ok(Err(failure)) => return Err(self.place.failed("", failure)),
            Err(fault) => return Err(Error::internal(self.place.given(), fault)),
        };
        let now = self.now()?;
        let Stage::Waiting(_, judged, since) = &self.stage else {
            return Ok(None);
        };
        let rivals = rivals(&claims, self.member.session(), *judged)
            .map_err(|why| self.error(Kind::Coordinator(why)))?;
        let Some(longest) = rivals else {
            return Ok(None);
        };
        let gone = now.least_since(since);
        let left = Timing::watch(longest).saturating_sub(gone);
        if left.is_zero() {
            return Ok(None);
        }
        let retry = left
            .min(SOON.max(gone / 4))
            .min(self.member.timing().period);
        Ok(Some(self.waiting(retry, Some(Watched { gone, left }))))
    }

    fn waiting(&self, retry: Duration, watched: Option<Watched>) -> Waiting {
        Waiting::for_session(self.path(), retry, watched)
    }
}

/// Returns the session of the owner whose lock file the attempt has replaced, because that session was judged dead.
fn replaced_session(report: &outcome::Report) -> Option<Session> {
    let dead = outcome::ReplacedReason::Dead(DeadReason::SessionGone);
    let mut replaced = report.replaced.iter().rev();
    let lock = replaced.find(|it| it.file == report.file && it.reason == dead)?;
    let identity = Identity::parse(lock.identity.as_deref()?)?;
    identity.session.map(|(session, _)| session)
}

/// Returns the longest time for which one of the sessions that made these claims may act, if there is one beside the own
/// and the judged one. Claims without a session do not count: their owners are kept out by the lock file alone.
fn rivals(
    claims: &[String],
    own: Session,
    judged: Option<Session>,
) -> Result<Option<Duration>, CoordinatorError> {
    let mut longest = None;
    for claim in claims {
        let Some(identity) = Identity::parse(claim) else {
            return Err(unknown("a claim of a later version is in the directory"));
        };
        match identity.session {
            Some((session, _)) if session == own || Some(session) == judged => {}
            Some((session, _)) if session.incarnation != own.incarnation => {
                let why = "a claim is of another life of the coordinator's data, and its owner may still act";
                return Err(unknown(why).with_hint(format!(
                    "if that owner is certainly dead: remove the file whose name ends in {claim}"
                )));
            }
            Some((_, deadline)) => longest = longest.max(Some(deadline)),
            None => {}
        }
    }
    Ok(longest)
}

fn unknown(why: &str) -> CoordinatorError {
    CoordinatorError::new(CoordinatorErrorKind::Failed, why)
}

fn refused(refusal: Refusal) -> Kind {
    match refusal {
        Refusal::Held(_) => Kind::KeyHeld,
        Refusal::Restored => Kind::Coordinator(unknown(
            "its data was restored from a snapshot during the attempt",
        )),
        Refusal::Lost(_) => Kind::Coordinator(unknown(
            "the session of this attempt is gone, or the data was replaced",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "00000000000010000000000001";
    const OTHER: &str = "00000000000010000000000002";
    const LOST: &str = "00000000000020000000000002";

    fn claim(session: &str, deadline: u32) -> String {
        format!("2-p7-x{session}-d{deadline}")
    }

    fn waits(claims: &[String]) -> Result<Option<Duration>, CoordinatorError> {
        rivals(claims, OWN.parse().unwrap(), None)
    }

    #[test]
    fn a_claim_of_another_session_is_waited_out() {
        assert_eq!(waits(&[]), Ok(None));
        assert_eq!(waits(&[claim(OWN, 9_000)]), Ok(None));
        let claims = [
            claim(OTHER, 2_000),
            claim(OTHER, 7_000),
            claim(OTHER, 3_000),
        ];
        assert_eq!(waits(&claims), Ok(Some(Duration::from_secs(7))));
    }

    #[test]
    fn a_claim_of_another_incarnation_is_unknown() {
        let claims = [claim(OTHER, 1), claim(LOST, 1)];
        let error = waits(&claims).unwrap_err();
        assert_eq!(error.kind(), CoordinatorErrorKind::Failed);
    }

    #[test]
    fn a_claim_of_a_later_version_is_unknown() {
        assert!(waits(&["3-p7".to_owned()]).is_err());
    }

    #[test]
    fn the_claim_of_the_judged_session_is_not_waited_for() {
        let judged = Some(OTHER.parse().unwrap());
        let claims = [claim(OTHER, 2_000)];
        assert_eq!(rivals(&claims, OWN.parse().unwrap(), judged), Ok(None));
    }

    #[test]
    fn a_claim_without_a_session_is_left_to_the_lock_file() {
        assert_eq!(waits(&["1-p7".to_owned()]), Ok(None));
    }
}
