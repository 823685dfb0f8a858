//! What the machine shows of processes.

use std::fs::File;

use lockhost::process::{Identity, identify};

use super::{
    Finding, fact,
    system::{FIRST, LIST, NO_LIST},
};

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) findings: Vec<Finding>,
    /// Processes can be told from later ones that have their number.
    pub(super) starts: bool,
}

impl Machine {
    pub(super) fn seen(me: &Identity, directory: &File) -> Self {
        let starts = fact(me, 's').is_some();
        // There always is a first process, unless it is hidden.
        let others = starts && identify(FIRST, directory).is_some();
        let shown = |is_so: bool, why: &str| match is_so {
            true => Ok(()),
            false => Err(why.to_owned()),
        };
        let findings = vec![
            Finding::tried(
                &format!("{LIST} shows this process, and when it started"),
                &shown(starts, NO_LIST),
            ),
            Finding::tried(
                &format!("{LIST} shows processes of others"),
                &shown(
                    others,
                    "they are hidden, so they count as alive while they exist",
                ),
            ),
            Finding::tried(
                "the boot has an id",
                &shown(
                    fact(me, 'b').is_some(),
                    "none is shown: owners of other boots and of this one are not told apart",
                ),
            ),
            namespace("PID", fact(me, 'n')),
            namespace("time", fact(me, 't')),
        ];
        Self { findings, starts }
    }
}

fn namespace(kind: &str, number: Option<String>) -> Finding {
    Finding::fact(match number.as_deref() {
        Some("0") => format!("there are no {kind} namespaces"),
        Some(number) => format!("{kind} namespace {number}"),
        None => format!("the {kind} namespace is not shown"),
    })
}
