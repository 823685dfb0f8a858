//! The claims of others beside a lock (protocol.md#session-6): an owner with a session asks for them once its coordinator has
//! recorded that it has the directory.
//!
//! Claims survive whatever the coordinator forgets. So a claim of another session shows an owner that may still act, even
//! where the coordinator knows nothing of it any more. Claims of dead makers are swept first, or each later owner would wait
//! for them again.

use alloc::vec::Vec;

use super::{
    Machine, State,
    listing::{Entry, Listing},
    outcome::{Failure, Operation},
    sweep::Sweep,
};
use crate::{
    call::{Next, Reply},
    facts::ErrorCode,
    names::Identity,
};

/// How many claims of others are returned. A directory with more of them is not one that an owner may act in.
pub(super) const MOST: usize = 4_096;

/// How many parts of the directory's listing are read after the first.
const PARTS: u32 = 1 << 20;

/// The makers of the other claims.
pub type Outcome = Result<Vec<Identity>, Failure>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Sweep,
    List,
}

/// A look at the claims of others, under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rivals {
    own: Option<Identity>,
    stage: Stage,
    sweep: Sweep,
    listing: Listing,
    found: Vec<Identity>,
}

impl Rivals {
    /// Goes on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Outcome> {
        match self.stage {
            // What cannot be swept is listed.
            Stage::Sweep => match self.sweep.reply(reply) {
                Some(call) => Next::Call(call),
                None => self.list(),
            },
            Stage::List => match self.listing.take(reply) {
                // An entry that cannot be read may be a claim.
                Ok(Some(code)) | Err(code) => Self::fail(code),
                Ok(None) => self.next(),
            },
        }
    }

    fn list(&mut self) -> Next<Outcome> {
        self.stage = Stage::List;
        Next::Call(self.listing.begin())
    }

    fn next(&mut self) -> Next<Outcome> {
        loop {
            match self.listing.next(PARTS) {
                Entry::Claim(identity) if Some(identity) == self.own => {}
                Entry::Claim(_) if self.found.len() == MOST => {
                    return Self::fail(ErrorCode::Overflow);
                }
                Entry::Claim(identity) => self.found.push(identity),
                Entry::Part(call) => return Next::Call(call),
                Entry::CutShort => return Self::fail(ErrorCode::Overflow),
                Entry::End => return Next::End(Ok(core::mem::take(&mut self.found))),
            }
        }
    }

    fn fail(code: ErrorCode) -> Next<Outcome> {
        Next::End(Err(Failure {
            operation: Operation::List,
            name: None,
            code,
        }))
    }
}

impl Machine {
    /// Begins a look at the claims of others. `None` if the lock is not held.
    #[must_use]
    pub fn rivals(&self) -> Option<(Rivals, Next<Outcome>)> {
        if !matches!(self.state, State::Owned) {
            return None;
        }
        let own = self.claim();
        let mut rivals = Rivals {
            own,
            stage: Stage::Sweep,
            sweep: Sweep::default(),
            listing: Listing::default(),
            found: Vec::new(),
        };
        let call = rivals
            .sweep
            .begin(own, None, Vec::new(), self.keeps_evidence());
        Some((rivals, Next::Call(call)))
    }
}
