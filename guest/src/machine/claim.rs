//! Before the lock is tried for: *look*, then *claim*.

use super::{ATTEMPTS, Machine, PREDECESSOR, Purpose, RETRIES, State, Turn, Verdict, end::unseen};
use crate::{
    call::{Call, FileId, Maker, Ours, Reply},
    contract::{Awaited, ErrorCode, Occupation, Operation},
    dropping::Levels,
    examine::Seen,
    lockfile::Name,
    stop::Stop,
};

impl Machine {
    // look

    pub(super) fn looked(&mut self, seen: Seen) -> Turn {
        let stop = match seen {
            Seen::Gone => return self.after_predecessor(),
            Seen::File => match self.verdict(0) {
                // Whether it has settled can only be told beside a claim of ours.
                Verdict::Dead(_) | Verdict::Unsettled => return self.introduce(),
                Verdict::Held => Stop::Held(0, Occupation::Owning),
            },
            Seen::NotALock(what) => Stop::NotALock(0, what),
            Seen::Failed(operation, code) => Stop::Failed(unseen(operation, 0, code)),
        };
        self.stop(stop)
    }

    /// An owner removes its claim after its lock file, within microseconds. If the claim stands longer, the file may have
    /// been removed by accident, and be put back.
    fn after_predecessor(&mut self) -> Turn {
        match self.predecessor {
            Some(owner) if self.now < PREDECESSOR => {
                let name = Name::Claim(owner);
                self.call(State::Predecessor, Call::Id { name })
            }
            _ => self.introduce(),
        }
    }

    pub(super) fn predecessor_seen(&mut self, reply: Reply) -> Turn {
        match reply.id() {
            Ok(_) => {
                self.state = State::New;
                self.again(Awaited::Owner, 0)
            }
            Err(_) => self.introduce(),
        }
    }

    // claim

    pub(super) fn introduce(&mut self) -> Turn {
        let attempt = self.attempt;
        // The host may have answered during the look, a moment ago.
        if let (0, Some(maker)) = (attempt, self.maker) {
            return self.introduced(Purpose::Claim, Reply::Maker(maker));
        }
        self.call(State::Current(Purpose::Claim), Call::Current { attempt })
    }

    pub(super) fn introduced(&mut self, purpose: Purpose, reply: Reply) -> Turn {
        match (reply, purpose) {
            (Reply::Maker(maker), Purpose::Claim) => {
                self.maker = Some(maker);
                let claim = maker.identity;
                return self.call(State::Create, Call::Create { claim });
            }
            (Reply::Maker(maker), Purpose::Scratch) => {
                self.scratch = Some(maker.identity);
                return self.link_scratch(false);
            }
            (Reply::Refused(why), _) => self.refused = why,
            _ => {}
        }
        match purpose {
            Purpose::Claim => self.stop(Stop::Host),
            Purpose::Scratch => self.abort(Stop::Host),
        }
    }

    pub(super) fn created(&mut self, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) => {
                self.own = id;
                self.born = None;
                self.guard(Ours::Claim, false, 0)
            }
            // Another attempt of this process, or what is left of one.
            Err(ErrorCode::Exist) if self.attempt < ATTEMPTS => {
                self.attempt += 1;
                self.introduce()
            }
            Err(code) => {
                let name = self.claim().map(Name::Claim);
                self.maker = None;
                self.fail(Operation::Create, name, code)
            }
        }
    }

    /// Have the host keep evidence on a file of ours; a probe was in the way so many times before.
    pub(super) fn guard(&mut self, file: Ours, under: bool, probed: u8) -> Turn {
        self.call(State::Guard(file, under, probed), Call::Guard { file })
    }

    pub(super) fn guarded(&mut self, file: Ours, under: bool, probed: u8, reply: Reply) -> Turn {
        match (reply, file, self.maker) {
            (Reply::Probed, Ours::Claim, _) => self.renew(),
            // No pid is written into a file in place before the kernel keeps the lock on it. In another PID namespace
            // that pid is the number of no process, and only the kernel's lock shows that its owner lives. A probe is
            // over in a moment.
            (Reply::Probed, Ours::At(_), _) if probed < RETRIES => {
                self.guard(file, under, probed + 1)
            }
            (Reply::Probed, Ours::At(level), _) => self.abort(Stop::Contended(level)),
            (Reply::Done, _, Some(Maker { pid, .. })) => {
                self.call(State::Write(file, under), Call::Write { file, pid })
            }
            (Reply::Refused(why), ..) => {
                self.refused = why;
                self.abort(Stop::Host)
            }
            (other, ..) => self.fail(Operation::Create, self.name_of(file), other.failure()),
        }
    }

    pub(super) fn written(&mut self, file: Ours, under: bool, reply: Reply) -> Turn {
        match (reply.done(), file) {
            (Ok(()), Ours::Claim) => self.claimed(),
            (Ok(()), Ours::At(level)) => self.made_written(level, under),
            (Err(code), _) => self.fail(Operation::Write, self.name_of(file), code),
        }
    }

    fn name_of(&self, file: Ours) -> Option<Name> {
        match file {
            Ours::Claim => self.claim().map(Name::Claim),
            Ours::At(level) => Some(Name::Level(level)),
        }
    }

    /// Our claim cannot be used: another one, under another name.
    pub(super) fn renew(&mut self) -> Turn {
        if self.is_worn_out() {
            return self.abort(Stop::Contended(0));
        }
        self.unclaim(Purpose::Claim)
    }

    /// Give the claim up, for another one or for none.
    pub(super) fn unclaim(&mut self, purpose: Purpose) -> Turn {
        self.state = State::Unclaim(purpose);
        let claim = self.claim();
        let call = self
            .dropping
            .begin(Levels::default(), None, self.own, claim);
        self.unclaiming(purpose, call)
    }

    pub(super) fn unclaiming(&mut self, purpose: Purpose, call: Option<Call>) -> Turn {
        match (call, self.dropping.failure, purpose) {
            (Some(call), ..) => Some(call),
            (None, Some(failure), _) => self.stop(Stop::Failed(failure)),
            (None, None, Purpose::Claim) => {
                self.attempt += 1;
                self.own = FileId::default();
                self.introduce()
            }
            (None, None, Purpose::Scratch) => {
                self.in_place = true;
                self.link(0)
            }
        }
    }
}
