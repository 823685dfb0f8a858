//! The steps of a process: asking, acquiring, and releasing.

use crate::{
    clock::{DEADLINE, STOP},
    machine::{At, Command, Machine, Request},
    rules::Rule,
    sessions::{Session, Sessions},
    setting::Setting,
    world::World,
};

/// A step of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// The next step.
    Go,
    /// Send a confirm.
    Confirm,
    /// The answer to the request arrives.
    Receive,
    /// Give the attempt up, or leave the step out because its message is lost.
    GiveUp,
    /// Give up waiting for the transaction, which is executed later.
    GiveUpEarly,
    /// Unlink `N`, and the server executes the same REMOVE once more, later.
    UnlinkTwice,
}

/// What an asker sees of a session.
enum Seen {
    There,
    Gone,
    /// Another incarnation, or the asker's own session is gone.
    Lost,
    /// The revision has fallen.
    Fallen,
}

impl World {
    /// Adds the steps that a process can take.
    pub fn moves(&self, m: usize, setting: &Setting, moves: &mut Vec<Move>) {
        let machine = &self.machines[m];
        if !machine.runs() {
            return;
        }
        match machine.at {
            At::Dead => {}
            At::Idle if machine.attempts < setting.machines[m].1 => moves.push(Move::Go),
            At::Idle => {}
            At::Watch | At::WatchKey if machine.waited < setting.wait() => {}
            At::JudgeKey | At::Verify | At::ReleaseKey | At::ReleaseSession => {
                moves.push(Move::Go);
                if !setting.patient {
                    moves.push(Move::GiveUp);
                }
            }
            At::Transact => match machine.request {
                Request::None => moves.push(Move::Go),
                Request::Answered => moves.push(Move::Receive),
                _ if setting.patient => {}
                _ => {
                    moves.push(Move::GiveUp);
                    if self.budget.late_transactions > 0 {
                        moves.push(Move::GiveUpEarly);
                    }
                }
            },
            At::Unlink | At::ReleaseUnlink => {
                moves.push(Move::Go);
                if self.budget.replays > 0 {
                    moves.push(Move::UnlinkTwice);
                }
            }
            At::Await | At::Start | At::Hold => self.moves_of_an_owner(machine, setting, moves),
            _ => moves.push(Move::Go),
        }
    }

    fn moves_of_an_owner(&self, machine: &Machine, setting: &Setting, moves: &mut Vec<Move>) {
        let unchecked = !setting.rules.has(Rule::StartChecked);
        match machine.at {
            At::Await if machine.waited >= setting.wait() => moves.push(Move::Go),
            At::Await if self.unjudged_claims(machine).is_empty() => moves.push(Move::Go),
            At::Start if machine.left > STOP || unchecked => moves.push(Move::Go),
            At::Start => moves.push(Move::GiveUp),
            At::Hold if machine.command == Command::None => moves.push(Move::Go),
            At::Hold if !setting.rules.has(Rule::CommandEndsFirst) => moves.push(Move::Go),
            _ => {}
        }
        let needed = machine.at != At::Hold || machine.command == Command::Running;
        let needed = needed && (machine.left > 0 || !setting.rules.has(Rule::NoRevival));
        match machine.request {
            Request::None | Request::Sent(0) if needed => moves.push(Move::Confirm),
            Request::Answered => moves.push(Move::Receive),
            _ => {}
        }
    }

    /// Takes a step of a process.
    pub fn step(&mut self, m: usize, step: Move, setting: &Setting) {
        let late = self.machines[m].session.map(|(session, _)| session);
        match (step, self.machines[m].at) {
            (Move::Confirm, _) => self.machines[m].request = Request::Sent(DEADLINE),
            (Move::Receive, _) => self.succeed(m, DEADLINE, setting),
            (Move::GiveUp, At::ReleaseKey | At::ReleaseSession) => self.machines[m].end_attempt(),
            (Move::GiveUp, _) => self.machines[m].release(),
            (Move::GiveUpEarly, _) => {
                self.budget.late_transactions -= 1;
                self.machines[m].late = late.map(|session| (session, self.machines[m].judged));
                self.machines[m].release();
            }
            (Move::UnlinkTwice, _) => {
                self.budget.replays -= 1;
                self.directory.late_removes += 1;
                self.go_on(m, setting);
            }
            (Move::Go, _) => self.go_on(m, setting),
        }
    }

    fn go_on(&mut self, m: usize, setting: &Setting) {
        if self.machines[m].at == At::Idle {
            return self.enroll(m, setting);
        }
        let Some((session, incarnation)) = self.machines[m].session else {
            unreachable!("an attempt has a session")
        };
        match self.machines[m].at {
            At::Idle | At::Dead => {}
            At::Look | At::Observing => self.look(m, incarnation, setting),
            At::Watch | At::WatchKey => self.end_watch(m, setting),
            At::Compare => {
                let same = self.directory.lock == self.machines[m].judged;
                self.machines[m].go(if same { At::Unlink } else { At::Look });
            }
            At::Unlink => {
                self.directory.lock = None;
                self.machines[m].go(At::Link);
            }
            At::Link => {
                let linked = self.directory.link(session);
                self.machines[m].go(if linked { At::Transact } else { At::Look });
            }
            At::Transact => self.machines[m].request = Request::Sent(DEADLINE),
            At::JudgeKey => self.judge_key(m, setting),
            At::Verify if self.directory.lock != Some(session) => self.machines[m].release(),
            At::Verify => {
                let listed = setting.rules.has(Rule::ClaimsListed);
                self.machines[m].go(if listed { At::List } else { At::Start });
            }
            At::List => self.list(m, incarnation),
            At::Await => self.machines[m].go(At::Start),
            At::Start => self.start(m, incarnation, setting),
            At::Hold => self.begin_release(m, setting),
            At::ReleaseCompare => {
                let same = self.directory.lock == Some(session);
                self.machines[m].go(At::ReleaseUnlink);
                if !same {
                    self.leave_files(m, session);
                }
            }
            At::ReleaseUnlink => {
                self.directory.lock = None;
                self.leave_files(m, session);
            }
            At::ReleaseKey => self.release_key(m, session, setting),
            At::ReleaseSession => self.release_session(m, session, setting),
        }
    }

    fn enroll(&mut self, m: usize, setting: &Setting) {
        let attempt = self.machines[m].attempts;
        self.enroll_as(m, Session::of(m, attempt), setting);
    }

    /// Begins an attempt in the name of a session.
    pub fn enroll_as(&mut self, m: usize, session: Session, setting: &Setting) {
        let which = usize::from(self.machines[m].redirected);
        let incarnation = self.coordinators[which].enroll(session, &mut self.next_incarnation);
        self.incarnations[session.index()] = incarnation;
        self.count_write(which, setting);
        self.machines[m].attempts += 1;
        self.machines[m].session = Some((session, incarnation));
        self.note_revision(m, setting);
        self.machines[m].go(At::Look);
    }

    fn note_revision(&mut self, m: usize, setting: &Setting) {
        if setting.counts_revisions() {
            self.machines[m].seen = self.coordinator(m).revision;
        }
    }

    fn look(&mut self, m: usize, incarnation: u8, setting: &Setting) {
        let Some(owner) = self.directory.lock else {
            return self.machines[m].go(At::Link);
        };
        let another = self.incarnations[owner.index()] != incarnation;
        if setting.rules.has(Rule::Incarnation) && another {
            // Unknown. It looks again.
            return self.machines[m].go(At::Look);
        }
        if self.machines[m].at == At::Look && !setting.rules.has(Rule::WaitFromAnswer) {
            self.machines[m].judged = Some(owner);
            return self.machines[m].go(At::Observing);
        }
        self.machines[m].judged = Some(owner);
        self.begin_watch(m, At::Watch, At::Look, setting);
    }

    fn judge_key(&mut self, m: usize, setting: &Setting) {
        let key = self.coordinator(m).key;
        if setting.rules.has(Rule::KeyReadAgain) && key != self.machines[m].judged {
            self.machines[m].judged = None;
            return self.machines[m].go(At::Transact);
        }
        // While the key's session is there, the transaction is tried again: its owner may be releasing.
        self.begin_watch(m, At::WatchKey, At::Transact, setting);
    }

    fn begin_watch(&mut self, m: usize, watch: At, there: At, setting: &Setting) {
        match self.observe(m, setting) {
            Seen::Gone => {
                self.mark(m, setting);
                self.note_revision(m, setting);
                self.machines[m].go(watch);
            }
            Seen::There | Seen::Fallen => {
                self.note_revision(m, setting);
                self.machines[m].judged = None;
                self.machines[m].go(there);
            }
            Seen::Lost => self.machines[m].release(),
        }
    }

    fn end_watch(&mut self, m: usize, setting: &Setting) {
        let at_key = self.machines[m].at == At::WatchKey;
        let voided = if at_key { At::Transact } else { At::Look };
        match self.observe(m, setting) {
            Seen::Gone => self.machines[m].go(if at_key { At::Transact } else { At::Compare }),
            Seen::There | Seen::Fallen => {
                self.note_revision(m, setting);
                // The key is asked for once more: another session may have it now.
                self.machines[m].judged = None;
                self.machines[m].go(voided);
            }
            Seen::Lost => self.machines[m].release(),
        }
    }

    fn observe(&mut self, m: usize, setting: &Setting) -> Seen {
        let Machine {
            session: Some((session, incarnation)),
            judged: Some(judged),
            seen,
            ..
        } = self.machines[m]
        else {
            unreachable!("it judges a session")
        };
        let rules = setting.rules;
        let coordinator = self.coordinator(m);
        if rules.has(Rule::Incarnation) && coordinator.incarnation != incarnation {
            return Seen::Lost;
        }
        if rules.has(Rule::Mark) && !coordinator.sessions.has(session) {
            return Seen::Lost;
        }
        if rules.has(Rule::Revision) && coordinator.revision < seen {
            return Seen::Fallen;
        }
        match coordinator.sessions.has(judged) {
            true => Seen::There,
            false => Seen::Gone,
        }
    }

    fn mark(&mut self, m: usize, setting: &Setting) {
        let Machine {
            session: Some((session, _)),
            judged: Some(judged),
            ..
        } = self.machines[m]
        else {
            unreachable!("it judges a session")
        };
        if setting.rules.has(Rule::Mark) && setting.counts_revisions() {
            self.coordinator(m).mark(session, judged);
            self.count_write(usize::from(self.machines[m].redirected), setting);
        }
    }

    /// Returns the claims of others, other than the owner that it has judged.
    fn unjudged_claims(&self, machine: &Machine) -> Sessions {
        let mut others = self.directory.claims;
        if let Some((session, _)) = machine.session {
            others.remove(session);
        }
        if let Some(judged) = machine.judged {
            others.remove(judged);
        }
        others
    }

    fn list(&mut self, m: usize, incarnation: u8) {
        let others = self.unjudged_claims(&self.machines[m]);
        let another = |session: Session| self.incarnations[session.index()] != incarnation;
        if others.iter().any(another) {
            // Unknown.
            self.machines[m].release();
        } else if others.is_empty() {
            self.machines[m].go(At::Start);
        } else {
            self.machines[m].go(At::Await);
        }
    }

    fn start(&mut self, m: usize, incarnation: u8, setting: &Setting) {
        let (epoch, highest) = self.directory.token;
        let mut token = self.machines[m].token;
        if setting.rules.has(Rule::TokenKept) {
            if epoch == incarnation {
                token = token.max(highest + 1);
            }
            self.directory.token = (incarnation, token);
        }
        self.fell |= self.fence.0 == incarnation && token <= self.fence.1;
        self.fence = (incarnation, token);
        if let Some(judged) = self.machines[m].judged {
            self.directory.claims.remove(judged);
        }
        let machine = &mut self.machines[m];
        machine.judged = None;
        machine.token = 0;
        machine.command = Command::Running;
        machine.go(At::Hold);
    }

    fn begin_release(&mut self, m: usize, setting: &Setting) {
        self.machines[m].release();
        if !setting.rules.has(Rule::SessionLast) {
            self.machines[m].go(At::ReleaseSession);
        }
    }

    fn leave_files(&mut self, m: usize, session: Session) {
        self.directory.claims.remove(session);
        self.machines[m].go(At::ReleaseKey);
    }

    fn release_key(&mut self, m: usize, session: Session, setting: &Setting) {
        let which = usize::from(self.machines[m].redirected);
        if self.coordinators[which].key == Some(session) {
            self.coordinators[which].key = None;
            self.count_write(which, setting);
        }
        match setting.rules.has(Rule::SessionLast) {
            true => self.machines[m].go(At::ReleaseSession),
            false => self.end(m),
        }
    }

    fn release_session(&mut self, m: usize, session: Session, setting: &Setting) {
        let which = usize::from(self.machines[m].redirected);
        if self.coordinators[which].sessions.has(session) {
            self.coordinators[which].remove(session);
            self.count_write(which, setting);
        }
        match setting.rules.has(Rule::SessionLast) {
            true => self.end(m),
            false => self.machines[m].go(At::ReleaseCompare),
        }
    }

    fn end(&mut self, m: usize) {
        self.machines[m].end_attempt();
        if self.machines[m].command == Command::Running {
            self.machines[m].command = Command::None;
        }
    }
}
