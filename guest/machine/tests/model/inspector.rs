//! A lockhost process that only inspects: the machine's own inspection.

use lockhost_machine::{
    call::{Call, Next},
    inspect::{Inspect, Inspected},
};

use crate::{
    contender::{LOCK, op},
    descriptors::Descriptors,
    local::{Body, End, Info, Turn, Who},
    step::{Answer, Op, Question},
    table::Table,
};

/// An inspection under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inspector {
    inspect: Inspect,
    call: Call,
    fresh: bool,
    descriptors: Descriptors,
    question: Question,
}

impl Inspector {
    pub fn new() -> Self {
        let mut inspect = Inspect::new(LOCK.into());
        match inspect.start() {
            Next::Call(call) => Self {
                inspect,
                call,
                fresh: true,
                descriptors: Descriptors::default(),
                question: Question::None,
            },
            Next::End(end) => unreachable!("{end:?}"),
        }
    }

    pub fn info(&self, who: Who, table: &mut Table) -> Info {
        let does = match self.question.goes_on() {
            Some(op) => op,
            None => op(who, self.call, table),
        };
        assert!(
            does.only_looks(),
            "an inspection changes something: {does:?}"
        );
        let mut info = Info {
            fresh: self.fresh,
            ..Info::of(who, Turn::Does(does))
        };
        self.descriptors.tell(&mut info);
        info
    }

    pub fn reply(mut self, op: Op, answer: Answer, table: &Table) -> Body {
        self.fresh = false;
        self.descriptors.follow(op, answer);
        self.question = Question::after(answer);
        if self.question != Question::None {
            return Body::Inspector(Box::new(self));
        }
        match self.inspect.reply(answer.told(op, table), |_, _| ()) {
            Next::Call(call) => {
                self.call = call;
                Body::Inspector(Box::new(self))
            }
            Next::End(end) => Body::Gone(end_of(&end)),
        }
    }
}

fn end_of(inspected: &Inspected) -> End {
    match inspected {
        Ok(_) => End::Well,
        Err(_) => End::Odd,
    }
}
