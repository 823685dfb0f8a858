//! Finding claims that the dead have left and that no name needs any more.
//!
//! A dead maker cannot use its claim's name again, so a claim may be removed by anyone who knows that its maker is
//! dead. But a claim that is also the file at some level stays: it is what tells that file's owner from whoever has
//! the pid next. After a crash between linking a name and dropping the one above it, one claim is the identity of
//! two.

use alloc::vec::Vec;

use crate::{
    call::{Call, FileId, Owner, Reply},
    contract::{DeadReason, DescriptorType, ErrorCode, Liveness, Operation},
    lockfile::{DEEPEST, Identity, Name},
    stop::Failure,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    #[default]
    List,
    Stat,
    Open,
    StatOpen,
    Ask,
    Level(u8),
    Compare,
    Remove,
}

/// A sweep under way, and how it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sweep {
    stage: Stage,
    own: Option<Identity>,
    claims: Vec<Identity>,
    claim: Option<(Identity, FileId)>,
    /// Nothing has been written into that claim.
    empty: bool,
    dead: Vec<(Identity, FileId)>,
    /// What failed first.
    pub failure: Option<Failure>,
}

impl Sweep {
    /// Begin, for the owner whose identity this is. Nobody else sweeps: beside an owner no claim that is at no name
    /// can get one, so that none is taken from somebody who came to life after it was judged.
    ///
    /// `dead` are claims whose makers are known to be dead: their files were replaced.
    pub fn begin(&mut self, own: Option<Identity>, dead: Vec<(Identity, FileId)>) -> Call {
        *self = Self {
            own,
            dead,
            ..Self::default()
        };
        Call::List
    }

    /// Begin to remove these claims alone, whose makers are known to be dead.
    pub fn bury(&mut self, dead: Vec<(Identity, FileId)>) -> Option<Call> {
        *self = Self {
            dead,
            ..Self::default()
        };
        self.look_at_level(0)
    }

    /// Go on with the reply to the last call. `None` once it is over.
    pub fn reply(&mut self, reply: Reply) -> Option<Call> {
        match self.stage {
            Stage::List => match reply {
                Reply::Claims(claims, _) => {
                    self.claims = claims;
                    self.next_claim()
                }
                other => self.fail(Operation::List, None, other.failure()),
            },
            // Looked at before it is opened, since a FIFO would hold the sweep up for ever.
            Stage::Stat => match reply.stat() {
                Ok(stat) if stat.kind == DescriptorType::RegularFile => {
                    let name = Name::Claim(self.claim?.0);
                    self.call(Stage::Open, Call::Open { name })
                }
                _ => self.next_claim(),
            },
            Stage::Open => match reply.id() {
                Ok(id) => {
                    let (identity, _) = self.claim?;
                    self.claim = Some((identity, id));
                    self.call(Stage::StatOpen, Call::StatOpen)
                }
                Err(_) => self.next_claim(),
            },
            Stage::StatOpen => match reply.stat() {
                Ok(stat) => {
                    self.empty = stat.size == 0;
                    let owner = Owner::Maker(self.claim?.0);
                    self.call(Stage::Ask, Call::Ask { owner })
                }
                Err(_) => self.next_claim(),
            },
            Stage::Ask => {
                match reply {
                    // A maker leaves its evidence before it writes its pid: this one may be about to.
                    Reply::Liveness(Liveness::Dead(DeadReason::EvidenceGone)) if self.empty => {}
                    Reply::Liveness(Liveness::Dead(_)) => {
                        if let Some(claim) = self.claim {
                            self.dead.push(claim);
                        }
                    }
                    _ => {}
                }
                self.next_claim()
            }
            Stage::Level(level) => {
                // Only after all makers were found dead: a living one could still have linked its claim somewhere.
                match reply.id() {
                    // Such a claim stays.
                    Ok(named) => self.dead.retain(|(_, id)| *id != named),
                    Err(ErrorCode::NoEntry) => {}
                    Err(code) => return self.fail(Operation::Stat, Some(Name::Level(level)), code),
                }
                self.look_at_level(level + 1)
            }
            // The name may be another file's by now, if its maker was taken for dead on a person's word.
            Stage::Compare => match (reply.id(), self.claim) {
                (Ok(found), Some((identity, id))) if found == id => {
                    let name = Name::Claim(identity);
                    self.call(Stage::Remove, Call::Unlink { name })
                }
                _ => self.next_removal(),
            },
            Stage::Remove => {
                match reply.done() {
                    Ok(()) | Err(ErrorCode::NoEntry) => {}
                    Err(code) => {
                        let name = self.claim.map(|(identity, _)| Name::Claim(identity));
                        self.fail(Operation::Remove, name, code);
                    }
                }
                self.next_removal()
            }
        }
    }

    fn call(&mut self, stage: Stage, call: Call) -> Option<Call> {
        self.stage = stage;
        Some(call)
    }

    fn fail(&mut self, operation: Operation, name: Option<Name>, code: ErrorCode) -> Option<Call> {
        self.failure.get_or_insert(Failure {
            operation,
            name,
            code,
        });
        None
    }

    fn next_claim(&mut self) -> Option<Call> {
        while let Some(identity) = self.claims.pop() {
            if Some(identity) != self.own {
                self.claim = Some((identity, FileId::default()));
                let name = Name::Claim(identity);
                return self.call(Stage::Stat, Call::Stat { name });
            }
        }
        if self.dead.is_empty() {
            return None;
        }
        self.look_at_level(0)
    }

    fn look_at_level(&mut self, level: u8) -> Option<Call> {
        if level > DEEPEST {
            return self.next_removal();
        }
        let name = Name::Level(level);
        self.call(Stage::Level(level), Call::Id { name })
    }

    fn next_removal(&mut self) -> Option<Call> {
        self.claim = self.dead.pop();
        let name = Name::Claim(self.claim?.0);
        self.call(Stage::Compare, Call::Id { name })
    }
}
