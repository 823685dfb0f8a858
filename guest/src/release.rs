//! Giving a lock, or an attempt, up.
//!
//! The name is compared and then removed, in two steps: no system call removes a name only if it is a given file's. A
//! cleaner that removes the file between the two makes room for another process, whose file then goes in its place. An
//! exhaustive search finds that a third process gets in so, in 13 steps. It takes a removal under a living owner within
//! that moment, and is documented.

use crate::{
    call::{Call, Next, Reply},
    contract::{ReleaseCause, ReleaseError},
    dropping::Dropping,
    lockfile::Names,
};

/// What a release comes to.
pub type Released = Result<(), ReleaseError>;

/// A lock, or an attempt, being given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    pub(crate) names: Names,
    pub(crate) held: bool,
    pub(crate) dropping: Dropping,
}

impl Release {
    /// Go on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Released> {
        let call = self.dropping.reply(reply);
        self.next(call)
    }

    pub(crate) fn next(&self, call: Option<Call>) -> Next<Released> {
        let dropped = &self.dropping;
        Next::End(match (call, dropped.failure) {
            (Some(call), _) => return Next::Call(call),
            // Somebody else may have the directory: nothing that failed beside is worse to know.
            _ if self.held && dropped.lost => Err(ReleaseError {
                file: self.names.level(0),
                cause: ReleaseCause::Lost,
            }),
            (None, Some(failure)) => Err(ReleaseError {
                file: failure.file(&self.names),
                cause: ReleaseCause::Failed(failure.tell()),
            }),
            (None, None) => Ok(()),
        })
    }
}
