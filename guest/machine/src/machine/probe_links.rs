//! *Probe links*: do links work here, and does a file with two names show as one, of which two are counted?
//!
//! A scratch link of the claim answers this. Where no kernel keeps evidence, it is tried before the lock. Each file
//! system with evidence has links, but a policy (seccomp, SELinux) can deny link(2) to this process. There it is tried
//! once a link at a level was denied. A failure to link the lock itself, which may have other causes, never decides
//! this.
//!
//! Processes that link and processes that make their files in place exclude each other. But a file made in place holds
//! no more than a pid, so none is made because of a transient error.

use super::{
    ATTEMPTS, Links, Machine, ProbeLinks, State, Try, Turn,
    outcome::{Cause, Error, Operation},
};
use crate::{
    call::{Call, FileStat, Reply},
    facts::ErrorCode,
    names::Name,
};

impl Machine {
    /// Goes on once the claim is written.
    pub(super) fn claimed(&mut self) -> Turn {
        if self.maker.is_some_and(|maker| maker.evidence) {
            return self.link(0);
        }
        self.probe_links()
    }

    /// Returns whether to try a scratch link after a link was denied with this code. The answer must still be open, and
    /// no name linked: a file made in place would then be one file more.
    pub(super) fn may_lack_links(&self, code: ErrorCode) -> bool {
        tells_of_links(code) && self.scratch.is_none() && self.levels.is_empty()
    }

    pub(super) fn probe_links(&mut self) -> Turn {
        // A claim's name, so that the link is swept like a claim if we crash, but one that no attempt of ours uses.
        let attempt = 2 * ATTEMPTS + self.attempt;
        let step = ProbeLinks::Identify;
        self.call(State::ProbeLinks(step), Call::Current { attempt })
    }

    pub(super) fn scratch_identified(&mut self, reply: Reply) -> Turn {
        match reply {
            Reply::Maker(maker) => {
                self.scratch = Some(maker.identity);
                return self.link_scratch(Try::First);
            }
            Reply::Refused(why) => self.refused = why,
            _ => {}
        }
        self.abort(Error::without_file(Cause::Host))
    }

    fn link_scratch(&mut self, time: Try) -> Turn {
        self.at_scratch(ProbeLinks::Link(time), |name| Call::Link { name })
    }

    pub(super) fn scratch_linked(&mut self, time: Try, reply: Reply) -> Turn {
        // Whatever the reply: a network file system may have made a link and failed to report it.
        let step = ProbeLinks::Compare(time, reply.done().err());
        self.at_scratch(step, |name| Call::Id { name })
    }

    pub(super) fn scratch_compared(
        &mut self,
        time: Try,
        code: Option<ErrorCode>,
        reply: Reply,
    ) -> Turn {
        let links = match (code, reply.id()) {
            // A link that was made was not denied, whatever it shows as.
            (answer, shown)
                if self.denied.is_some() && (answer.is_none() || shown == Ok(self.own)) =>
            {
                Links::Work
            }
            (_, Ok(id)) if id == self.own => {
                return self.call(State::ProbeLinks(ProbeLinks::Count), Call::StatClaim);
            }
            // WASI's code for ENOSYS, and for transient errors.
            (Some(ErrorCode::Io), Err(ErrorCode::NoEntry)) if time == Try::First => {
                return self.link_scratch(Try::Second);
            }
            (None, Ok(_)) => Links::Lack,
            (Some(code), Ok(_)) => Links::Failed(Operation::Link, code),
            (Some(code), Err(ErrorCode::NoEntry)) if !tells_of_links(code) => {
                Links::Failed(Operation::Link, code)
            }
            (_, Err(ErrorCode::NoEntry)) => Links::Lack,
            (_, Err(code)) => Links::Failed(Operation::Stat, code),
        };
        self.at_scratch(ProbeLinks::Remove(links), |name| Call::Unlink { name })
    }

    /// Takes the count of names. A client of a share may have it from before the second name was made. It has just learned how
    /// many that one has.
    pub(super) fn claim_counted(&mut self, claim: Result<FileStat, ErrorCode>) -> Turn {
        match claim {
            Ok(stat) if stat.links <= 1 => {
                self.at_scratch(ProbeLinks::CountScratch, |name| Call::Stat { name })
            }
            _ => self.scratch_counted(claim),
        }
    }

    /// Takes the count of names. A second name that is not counted is not one that other processes are certain to see.
    pub(super) fn scratch_counted(&mut self, scratch: Result<FileStat, ErrorCode>) -> Turn {
        let links = match scratch {
            Ok(stat) if stat.links > 1 => Links::Work,
            Ok(_) => Links::Lack,
            Err(code) => Links::Failed(Operation::Stat, code),
        };
        self.at_scratch(ProbeLinks::Remove(links), |name| Call::Unlink { name })
    }

    pub(super) fn scratch_removed(&mut self, links: Links, reply: Reply) -> Turn {
        let scratch = self.scratch.map(Name::Claim);
        match (links, reply.done()) {
            (Links::Failed(operation, code), _) => self.fail(operation, scratch, code),
            (_, Err(code)) if code != ErrorCode::NoEntry => {
                self.fail(Operation::Remove, scratch, code)
            }
            // Links as such are not denied, so the denial stays a failure.
            (Links::Work, _) if let Some((level, code)) = self.denied => {
                self.fail_at(Operation::Link, level, code)
            }
            (Links::Work, _) => self.link(0),
            // protocol.md#session-2
            (Links::Lack, _) if self.maker.is_some_and(|maker| maker.session) => {
                self.fail_at(Operation::Link, 0, ErrorCode::Unsupported)
            }
            (Links::Lack, _) => self.call(State::ProbeLinks(ProbeLinks::Age), Call::StatClaim),
        }
    }

    /// Gives up the claim: from here on, files are made in place.
    pub(super) fn without_links(&mut self, reply: Reply) -> Turn {
        self.aged(reply);
        self.give_up_claim(State::ProbeLinks(ProbeLinks::GiveUpClaim))
    }

    fn at_scratch(&mut self, step: ProbeLinks, call: fn(Name) -> Call) -> Turn {
        match self.scratch {
            Some(scratch) => self.call(State::ProbeLinks(step), call(Name::Claim(scratch))),
            None => self.stop(Error::without_file(Cause::Ended)),
        }
    }
}

/// Returns whether a file system without links may answer with this code: EPERM, as link(2) documents it; ENOTSUP;
/// ENOSYS, for which WASI has no code; EMLINK, where a file can have at most one link. Policies answer with EPERM and
/// ENOSYS (seccomp) or EACCES (SELinux, AppArmor).
fn tells_of_links(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Access
            | ErrorCode::NotPermitted
            | ErrorCode::Unsupported
            | ErrorCode::Io
            | ErrorCode::TooManyLinks
    )
}
