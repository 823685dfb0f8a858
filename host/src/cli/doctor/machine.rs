//! What the machine shows about processes.

use std::fs::File;

use lockhost::process::{Identity, identify};

use super::{
    finding::{Finding, fact},
    system::{BOOT, FIRST, LIST, NO_BOOT, NO_LIST},
};

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) findings: Vec<Finding>,
    /// Whether processes can be distinguished from later ones with their pid.
    pub(super) starts: bool,
    /// Whether owners can be distinguished from those of other boots or machines.
    pub(super) boot: bool,
}

impl Machine {
    pub(super) fn seen(me: &Identity, directory: &File) -> Self {
        let starts = fact(me, 's').is_some();
        // A first process always exists, unless it is hidden.
        let others = starts && identify(FIRST, directory).is_some();
        let boot = fact(me, 'b').is_some();
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
                    "they are hidden, and count as alive while they exist",
                ),
            ),
            Finding::tried(BOOT, &shown(boot, NO_BOOT)),
            namespace("PID", fact(me, 'n')),
            namespace("time", fact(me, 't')),
        ];
        Self {
            findings,
            starts,
            boot,
        }
    }
}

fn namespace(kind: &str, number: Option<String>) -> Finding {
    Finding::fact(match number.as_deref() {
        Some("0") => format!("there are no {kind} namespaces"),
        Some(number) => format!("{kind} namespace {number}"),
        None => format!("the {kind} namespace is not shown"),
    })
}
