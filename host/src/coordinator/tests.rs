//! An owner and an asker beside a coordinator, in every order of their steps: both never act at once.
//!
//! The rules are those of `tests/coordinator`, which has more machines, files and failures. Here the state machines of this
//! crate take the steps.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use super::{
    DirectoryKey, Enrollment, Facts, Incarnation, KeyOwner, Marked, Nonce, Revision, Session,
    Taken,
    asker::{Asker, Next, Verdict},
    data::Data,
    holding::Holding,
    reading::Reading,
    taking::{Question, Step, Taking},
};

/// D of both: W is 2.2 seconds of the asker.
const D: Duration = Duration::from_secs(1);

/// How long a run lasts, in seconds.
const LONGEST: u8 = 4;

fn directory() -> DirectoryKey {
    "data".parse().unwrap()
}

/// A message, which may be slow both ways.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Message<Q, A> {
    Idle,
    Sent(Q, Reading),
    Answered(Q, Reading, A),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Facts(Facts),
    Marked(Marked),
    Taken(Taken),
}

/// What the asker is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Doing {
    /// It judges the owner of the lock file.
    Judging,
    /// It has linked its own file.
    Taking(Taking),
    /// It acts.
    Acting,
    /// It has given up.
    Ended,
}

/// What can still happen to the coordinator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Budget {
    revocations: u8,
    restores: u8,
    wipes: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: u8,
    data: Data,
    /// A snapshot, of when the owner had just begun to act.
    saved: Data,
    budget: Budget,
    owner: Holding,
    confirm: Message<(), Facts>,
    asker: Asker,
    doing: Doing,
    question: Message<Question, Answer>,
}

impl World {
    fn new(budget: Budget, linked: bool) -> Self {
        let mut data = Data::default();
        let mut enroll = |nonce| {
            let enrollment = Enrollment {
                nonce: Nonce(nonce),
                incarnation: Incarnation(1),
                about: String::new(),
                lease: D,
            };
            let enrolled = data.enroll(&enrollment).unwrap();
            let incarnation = enrolled.incarnation;
            let nonce = Nonce(nonce);
            (Session { incarnation, nonce }, enrolled.revision)
        };
        let ((a, _), (b, seen)) = (enroll(1), enroll(2));
        let Taken::Taken(token) = data.take(a, None, key(a), &directory()) else {
            panic!("the key is free")
        };
        Self {
            now: 0,
            saved: data.clone(),
            data,
            budget,
            owner: Holding::new(a, token, D, Reading::default()),
            confirm: Message::Idle,
            asker: Asker::new(b, seen),
            doing: match linked {
                true => Doing::Taking(Taking::new(None)),
                false => Doing::Judging,
            },
            question: Message::Idle,
        }
    }

    /// The owner's clocks are too slow by ρ.
    fn owners_time(&self) -> Reading {
        self.time(890)
    }

    /// The asker's clocks are too fast by ρ.
    fn askers_time(&self) -> Reading {
        self.time(1_110)
    }

    fn time(&self, rate: u64) -> Reading {
        let time = Duration::from_millis(u64::from(self.now) * rate);
        Reading {
            boot: time,
            raw: time,
        }
    }

    fn owner_acts(&self) -> bool {
        self.owner.loss(self.owners_time()).is_none()
    }

    fn successors(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut may = |step: &dyn Fn(&mut Self)| {
            let mut next = self.clone();
            step(&mut next);
            all.push(next);
        };
        if self.now < LONGEST {
            may(&|world| world.now += 1);
        }
        if self.owner_acts() {
            may(&Self::confirm);
        }
        if !matches!(self.doing, Doing::Acting | Doing::Ended) {
            may(&Self::ask);
        }
        if self.budget.revocations > 0 {
            may(&|world| {
                world.budget.revocations -= 1;
                world.data.withdraw(world.owner.own());
            });
        }
        if self.budget.wipes > 0 {
            may(&|world| {
                world.budget.wipes -= 1;
                world.data = Data::default();
            });
        }
        if self.budget.restores > 0 {
            may(&|world| {
                world.budget.restores -= 1;
                world.data = world.saved.clone();
            });
        }
        all
    }

    fn confirm(&mut self) {
        let now = self.owners_time();
        self.confirm = match std::mem::replace(&mut self.confirm, Message::Idle) {
            Message::Idle => Message::Sent((), now),
            Message::Sent((), sent) => {
                let facts = self.data.facts(self.owner.own(), None, &directory());
                Message::Answered((), sent, facts)
            }
            Message::Answered((), sent, facts) => {
                let _ = self.owner.confirmed(&facts, sent, now);
                Message::Idle
            }
        };
    }

    fn ask(&mut self) {
        let now = self.askers_time();
        self.question = match std::mem::replace(&mut self.question, Message::Idle) {
            Message::Idle => Message::Sent(self.first_question(), now),
            Message::Sent(question, sent) => {
                let answer = self.execute(question);
                Message::Answered(question, sent, answer)
            }
            Message::Answered(question, sent, answer) => self.answered(question, sent, &answer),
        };
    }

    fn first_question(&self) -> Question {
        match &self.doing {
            Doing::Taking(taking) => taking.begin(),
            _ => Question::Observe(key(self.owner.own())),
        }
    }

    fn execute(&mut self, question: Question) -> Answer {
        let (own, at) = (self.asker.own(), directory());
        let named = |key: KeyOwner| Session {
            incarnation: own.incarnation,
            nonce: key.nonce,
        };
        match question {
            Question::Observe(key) => Answer::Facts(self.data.facts(own, Some(named(key)), &at)),
            Question::Mark(key) => Answer::Marked(self.data.mark(own, named(key), &at)),
            Question::Take(judged) => Answer::Taken(self.data.take(own, judged, key(own), &at)),
        }
    }

    fn answered(
        &mut self,
        question: Question,
        sent: Reading,
        answer: &Answer,
    ) -> Message<Question, Answer> {
        let now = self.askers_time();
        let Doing::Taking(mut taking) = self.doing.clone() else {
            return self.judged(sent, answer);
        };
        let step = match (question, answer) {
            (Question::Observe(key), Answer::Facts(facts)) => {
                taking.observed(&mut self.asker, key, facts, (sent, now))
            }
            (Question::Mark(key), Answer::Marked(marked)) => {
                taking.marked(&mut self.asker, key, marked, now)
            }
            (Question::Take(_), Answer::Taken(taken)) => taking.taken(&mut self.asker, taken),
            other => panic!("{other:?}"),
        };
        self.doing = Doing::Taking(taking);
        match step {
            Step::Ask(question) | Step::Wait(question, _) => Message::Sent(question, now),
            Step::Taken(_) => {
                self.doing = Doing::Acting;
                Message::Idle
            }
            Step::Refused(_) => {
                self.doing = Doing::Ended;
                Message::Idle
            }
        }
    }

    /// Goes on with the judgement about the lock file's owner. It links its own file once that is dead.
    fn judged(&mut self, sent: Reading, answer: &Answer) -> Message<Question, Answer> {
        let (judged, now) = (self.owner.own(), self.askers_time());
        let verdict = match answer {
            Answer::Facts(facts) => match self.asker.observed(judged, D, facts, sent) {
                Next::Mark => return Message::Sent(Question::Mark(key(judged)), now),
                Next::Judged(verdict) => verdict,
            },
            Answer::Marked(marked) => self.asker.marked(judged, D, marked, now),
            Answer::Taken(_) => panic!("no transaction was sent"),
        };
        match verdict {
            Verdict::Dead => self.doing = Doing::Taking(Taking::new(Some(judged))),
            Verdict::OwnGone | Verdict::OtherIncarnation => self.doing = Doing::Ended,
            Verdict::Alive | Verdict::Watched { .. } | Verdict::Changed => {}
        }
        Message::Idle
    }
}

fn key(session: Session) -> KeyOwner {
    KeyOwner {
        nonce: session.nonce,
        deadline: D,
    }
}

/// Goes through all states. Returns how often the asker acted.
fn explore(budget: Budget, linked: bool) -> usize {
    let first = World::new(budget, linked);
    let mut seen = HashSet::from([first.clone()]);
    let mut left = VecDeque::from([first]);
    let mut acted = 0;
    while let Some(world) = left.pop_front() {
        if world.doing == Doing::Acting {
            acted += 1;
            assert!(!world.owner_acts(), "two owners act: {world:#?}");
            continue;
        }
        for next in world.successors() {
            if seen.insert(next.clone()) {
                left.push_back(next);
            }
        }
    }
    acted
}

#[test]
fn an_owner_that_confirms_is_never_overtaken() {
    for linked in [false, true] {
        assert_eq!(explore(Budget::default(), linked), 0);
    }
}

#[test]
fn a_revoked_session_is_waited_out() {
    let budget = Budget {
        revocations: 1,
        ..Budget::default()
    };
    for linked in [false, true] {
        assert!(explore(budget, linked) > 0, "the asker never acts");
    }
}

#[test]
fn a_wiped_coordinator_judges_no_owner() {
    let budget = Budget {
        wipes: 1,
        ..Budget::default()
    };
    for linked in [false, true] {
        assert_eq!(explore(budget, linked), 0);
    }
}

#[test]
fn a_session_that_is_restored_and_revoked_again_is_waited_out() {
    let budget = Budget {
        revocations: 2,
        restores: 1,
        ..Budget::default()
    };
    for linked in [false, true] {
        assert!(explore(budget, linked) > 0);
    }
}

#[test]
fn revisions_start_where_the_data_does() {
    assert_eq!(Data::default().revision, Revision::default().0);
}

#[test]
fn only_the_session_that_has_a_key_releases_it() {
    let World {
        mut data,
        owner,
        asker,
        ..
    } = World::new(Budget::default(), false);
    data.release(asker.own(), &directory());
    assert!(data.keys.contains_key("data"));
    data.release(owner.own(), &directory());
    assert!(data.keys.is_empty());
}
