//! The steps before the lock is tried: *look*, then *claim*.

use super::{
    ATTEMPTS, Claim, Look, Machine, PREDECESSOR, ProbeLinks, State, Turn, Verdict,
    examine::Seen,
    give_up::Levels,
    outcome::{Awaited, Cause, Error, Failure, Occupation, Operation},
};
use crate::{
    call::{Call, FileId, Maker, Ours, Reply},
    facts::ErrorCode,
    names::Name,
};

impl Machine {
    // look

    pub(super) fn looked(&mut self, seen: Seen) -> Turn {
        let error = match seen {
            Seen::Gone => return self.after_predecessor(),
            Seen::File => match self.verdict(0) {
                // Only an attempt that has a claim can know whether the file has settled.
                Verdict::Dead(_) | Verdict::Unsettled => return self.identify(),
                Verdict::Held => Error::at(0, Cause::Held(Occupation::Owning)),
                // Nothing was created yet, so the attempt begins anew.
                Verdict::Watched => return self.again(State::New, Awaited::Session, 0),
            },
            Seen::NotALock(what) => Error::at(0, Cause::NotALock(what)),
            Seen::Failed(operation, code) => Failure::to_see(operation, 0, code).into(),
        };
        self.stop(error)
    }

    /// Waits for the predecessor's claim to go. An owner removes its claim after its lock file, within microseconds. If
    /// the claim stands longer, the file may have been removed by accident, and the owner may put it back.
    fn after_predecessor(&mut self) -> Turn {
        match self.predecessor {
            Some(owner) if self.now < PREDECESSOR => {
                let name = Name::Claim(owner);
                self.call(State::Look(Look::Predecessor), Call::Id { name })
            }
            _ => self.identify(),
        }
    }

    pub(super) fn predecessor_seen(&mut self, reply: Reply) -> Turn {
        match reply.id() {
            Ok(_) => self.again(State::New, Awaited::Owner, 0),
            Err(_) => self.identify(),
        }
    }

    // claim

    fn identify(&mut self) -> Turn {
        let attempt = self.attempt;
        // The host may already have answered in *look*.
        if let (0, Some(maker)) = (attempt, self.maker) {
            return self.create(maker);
        }
        self.call(State::Claim(Claim::Identify), Call::Current { attempt })
    }

    pub(super) fn identified(&mut self, reply: Reply) -> Turn {
        match reply {
            Reply::Maker(maker) => return self.create(maker),
            Reply::Refused(why) => self.refused = why,
            _ => {}
        }
        self.stop(Error::without_file(Cause::Host))
    }

    fn create(&mut self, maker: Maker) -> Turn {
        self.maker = Some(maker);
        let claim = maker.identity;
        self.call(State::Claim(Claim::Create), Call::Create { claim })
    }

    pub(super) fn created(&mut self, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) => {
                self.own = id;
                self.born = None;
                let file = Ours::Claim;
                self.call(State::Claim(Claim::Guard), Call::Guard { file })
            }
            // The claim of another attempt of this process, or a leftover of one.
            Err(ErrorCode::Exist) if self.attempt < ATTEMPTS => {
                self.attempt += 1;
                self.identify()
            }
            Err(code) => {
                let name = self.claim().map(Name::Claim);
                self.maker = None;
                self.fail(Operation::Create, name, code)
            }
        }
    }

    pub(super) fn claim_guarded(&mut self, reply: Reply) -> Turn {
        match (reply, self.maker) {
            (Reply::Probed, _) => self.renew(),
            (Reply::Done, Some(Maker { pid, .. })) => {
                let file = Ours::Claim;
                self.call(State::Claim(Claim::Write), Call::Write { file, pid })
            }
            (other, _) => self.not_guarded(self.claim().map(Name::Claim), other),
        }
    }

    /// Ends the attempt because the host keeps no evidence on a file of ours.
    pub(super) fn not_guarded(&mut self, name: Option<Name>, reply: Reply) -> Turn {
        match reply {
            Reply::Refused(why) => {
                self.refused = why;
                self.abort(Error::without_file(Cause::Host))
            }
            other => self.fail(Operation::Create, name, other.failure()),
        }
    }

    pub(super) fn claim_written(&mut self, reply: Reply) -> Turn {
        match reply.done() {
            Ok(()) => self.claimed(),
            Err(code) => self.fail(Operation::Write, self.claim().map(Name::Claim), code),
        }
    }

    /// Gives up our claim, which cannot be used, for another one under another name.
    pub(super) fn renew(&mut self) -> Turn {
        if self.is_worn_out() {
            return self.contended(0);
        }
        self.give_up_claim(State::Claim(Claim::GiveUp))
    }

    /// Gives the claim up, for another one or for none.
    pub(super) fn give_up_claim(&mut self, state: State) -> Turn {
        self.state = state;
        let claim = self.claim();
        let call = self.begin_to_give_up(Levels::default(), None, claim);
        self.claim_given_up(call)
    }

    pub(super) fn claim_given_up(&mut self, call: Option<Call>) -> Turn {
        match (call, self.give_up.failure, self.state) {
            (Some(call), ..) => Some(call),
            (None, Some(failure), _) => self.stop(failure.into()),
            (None, None, State::ProbeLinks(ProbeLinks::GiveUpClaim)) => {
                self.in_place = true;
                self.link(0)
            }
            (None, None, _) => {
                self.attempt += 1;
                self.own = FileId::default();
                self.identify()
            }
        }
    }
}
