//! Judging sessions without a session of this process: each answer is what the coordinator reports at one moment.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tracing::debug;

use super::session::Coordination;
use crate::{
    coordinator::{CoordinatorError, Nonce, Session},
    process::{
        judge::Sessions,
        liveness::{AliveReason, Liveness, UnknownReason},
    },
};

/// A process that asks a coordinator, and writes nothing there.
///
/// It watches nothing, so a session that is gone is never that of a dead owner here.
#[derive(Debug)]
pub(crate) struct Observer {
    coordination: Coordination,
    /// The nonce of a session that is never enrolled: a read needs none.
    nonce: Nonce,
    failure: Mutex<Option<CoordinatorError>>,
}

impl Observer {
    /// Creates one. It asks nothing yet.
    pub(crate) fn new(coordination: &Coordination) -> Self {
        Self {
            coordination: coordination.clone(),
            nonce: Nonce(RandomState::new().hash_one(std::process::id())),
            failure: Mutex::new(None),
        }
    }

    /// Returns why the last question failed, if one did.
    pub(crate) fn failure(&self) -> Option<CoordinatorError> {
        let failure = self.failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sessions for Observer {
    fn judge(&self, judged: Session, _deadline: Duration) -> Liveness {
        let Coordination {
            coordinator,
            directory,
            timing,
        } = &self.coordination;
        let asker = Session {
            incarnation: judged.incarnation,
            nonce: self.nonce,
        };
        let answer = coordinator.observe(asker, judged, directory, timing.timeout);
        debug!(%judged, ?answer, "observed a session");
        match answer {
            Ok(facts) if facts.incarnation != Some(judged.incarnation) => {
                Liveness::Unknown(UnknownReason::OtherIncarnation)
            }
            Ok(facts) if facts.judged => Liveness::Alive(AliveReason::Session),
            Ok(_) => Liveness::Unknown(UnknownReason::Gone),
            Err(failure) => {
                let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(failure);
                Liveness::Unknown(UnknownReason::Unreachable)
            }
        }
    }
}
