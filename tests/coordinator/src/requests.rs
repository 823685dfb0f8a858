//! Requests that extend the time to act, as the coordinator executes them: the transaction for the key, and confirms.

use crate::{
    clock::KILL,
    machine::{At, Command, Machine, Request},
    rules::Rule,
    sessions::Session,
    setting::Setting,
    world::World,
};

/// The outcome of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The key may be put.
    Compared,
    /// The key names another session.
    Taken(Session),
    /// A comparison of sessions or incarnations has failed.
    Lost,
}

impl World {
    /// Returns whether the coordinator can execute a machine's request now.
    pub fn is_deliverable(&self, m: usize) -> bool {
        let machine = &self.machines[m];
        match (machine.at, machine.request) {
            (At::Dead, _) | (_, Request::None | Request::Answered) => false,
            (At::Transact, _) => true,
            // A confirm that can extend nothing any more.
            (_, Request::Sent(0)) => false,
            _ => machine.runs(),
        }
    }

    /// Executes a machine's request.
    pub fn deliver(&mut self, m: usize, setting: &Setting) {
        let Machine {
            at,
            request,
            session: Some((session, _)),
            judged,
            ..
        } = self.machines[m]
        else {
            unreachable!("a request has a session")
        };
        match (at, request) {
            (At::Transact, Request::Sent(left)) => {
                match self.compare(m, session, judged, setting) {
                    Outcome::Lost => self.machines[m].release(),
                    Outcome::Taken(_) if !setting.rules.has(Rule::KeyJudged) => {
                        self.machines[m].release()
                    }
                    Outcome::Taken(key) => {
                        self.machines[m].request = Request::None;
                        self.machines[m].judged = Some(key);
                        self.machines[m].go(At::JudgeKey);
                    }
                    Outcome::Compared if !setting.rules.has(Rule::KeyInTransaction) => {
                        self.machines[m].request = Request::Compared(left);
                    }
                    Outcome::Compared => self.put(m, session, left, setting),
                }
            }
            (_, Request::Compared(left)) => self.put(m, session, left, setting),
            (_, Request::Sent(left)) if self.confirms(m, setting) => {
                if setting.counts_revisions() {
                    self.machines[m].seen = self.coordinator(m).revision;
                }
                self.answer(m, left, setting);
            }
            (At::Hold, _) => {
                self.machines[m].request = Request::None;
                if setting.rules.has(Rule::LossKills)
                    && self.machines[m].command == Command::Running
                {
                    self.machines[m].command = Command::Dying(KILL);
                }
            }
            _ => self.machines[m].release(),
        }
    }

    /// Executes a transaction that its sender has given up waiting for.
    pub fn deliver_late(&mut self, m: usize, setting: &Setting) {
        let Some((session, judged)) = self.machines[m].late.take() else {
            unreachable!("it is late")
        };
        if self.compare(m, session, judged, setting) == Outcome::Compared {
            self.put_key(m, session, setting);
        }
    }

    fn compare(
        &mut self,
        m: usize,
        session: Session,
        judged: Option<Session>,
        setting: &Setting,
    ) -> Outcome {
        let rules = setting.rules;
        let incarnation = self.incarnations[session.index()];
        let marks = rules.has(Rule::Mark) && setting.counts_revisions();
        let coordinator = self.coordinator(m);
        if rules.has(Rule::Incarnation) && coordinator.incarnation != incarnation
            || rules.has(Rule::OwnSessionCompared) && !coordinator.sessions.has(session)
        {
            return Outcome::Lost;
        }
        let marked = |gone| coordinator.is_marked(session, gone) && !coordinator.sessions.has(gone);
        if marks && !judged.is_none_or(marked) {
            return Outcome::Lost;
        }
        if !rules.has(Rule::Key) || !rules.has(Rule::JudgedCompared) {
            return Outcome::Compared;
        }
        match coordinator.key {
            Some(key) if judged != Some(key) && key != session => Outcome::Taken(key),
            _ => Outcome::Compared,
        }
    }

    fn put(&mut self, m: usize, session: Session, left: u8, setting: &Setting) {
        self.machines[m].token = self.put_key(m, session, setting);
        if setting.counts_revisions() {
            self.machines[m].seen = self.coordinator(m).revision;
        }
        self.answer(m, left, setting);
    }

    fn put_key(&mut self, m: usize, session: Session, setting: &Setting) -> u8 {
        let coordinator = self.coordinator(m);
        if setting.rules.has(Rule::Key) {
            coordinator.key = Some(session);
        }
        coordinator.revision += 1;
        coordinator.revision
    }

    /// Returns whether a confirm succeeds: the session is there, and the directory's key is its own.
    fn confirms(&mut self, m: usize, setting: &Setting) -> bool {
        let Machine {
            session: Some((session, incarnation)),
            seen,
            ..
        } = self.machines[m]
        else {
            unreachable!("a request has a session")
        };
        let rules = setting.rules;
        let coordinator = self.coordinator(m);
        let life = !rules.has(Rule::Incarnation) || coordinator.incarnation == incarnation;
        let later = !rules.has(Rule::Revision) || coordinator.revision >= seen;
        let keyed = rules.has(Rule::Key) && rules.has(Rule::KeyConfirmed);
        let owns = !keyed || coordinator.key == Some(session);
        life && later && owns && coordinator.sessions.has(session)
    }

    fn answer(&mut self, m: usize, left: u8, setting: &Setting) {
        match setting.rules.has(Rule::DeadlineFromSending) {
            true => self.succeed(m, left, setting),
            false => self.machines[m].request = Request::Answered,
        }
    }

    /// Extends the time to act.
    pub fn succeed(&mut self, m: usize, left: u8, setting: &Setting) {
        let machine = &mut self.machines[m];
        machine.request = Request::None;
        if machine.at != At::Transact && machine.left == 0 && setting.rules.has(Rule::NoRevival) {
            return;
        }
        machine.left = machine.left.max(left);
        if machine.at == At::Transact {
            machine.go(At::Verify);
        }
    }
}
