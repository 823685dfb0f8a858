//! The coordinator, tried as an owner and an asker use it.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    time::{Duration, Instant},
};

use lockhost::coordinator::{
    Coordinator, CoordinatorError, Enrollment, Incarnation, Nonce, Session, Timing,
};

use super::finding::Finding;
use crate::cli::{
    acquire::check_containment,
    coordination::{Connected, Coordination},
    hint,
};

/// The results.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) findings: Vec<Finding>,
    /// Whether owners on other machines can be judged; `None` if no coordinator was given.
    pub(super) outcome: Option<Result<(), String>>,
}

impl Trial {
    /// Tries the coordinator, if one is given. It leaves nothing there but the incarnation. `links` is whether the file system
    /// has hard links.
    pub(super) fn run(coordination: &Coordination, links: &Result<(), String>) -> Self {
        let mut trial = Self {
            findings: Vec::new(),
            outcome: None,
        };
        if !coordination.is_given() {
            return trial;
        }
        trial.outcome = Some(Ok(()));
        let timing = coordination.timing();
        trial.note(
            "the intervals fit each other, and one lost confirm does not end the command",
            coordination.misfit().map_or(Ok(()), Err),
        );
        trial.note(
            "the file system has the hard links that a lock with a session needs",
            links.clone(),
        );
        // Where it cannot, its processes are killed one by one, which nearly always is enough.
        trial.findings.push(Finding::tried(
            "the kernel can kill a command with all that it starts",
            &check_containment(),
        ));
        match coordination.connect() {
            Ok(Some(connected)) => trial.exchange(&connected, timing),
            Ok(None) => {}
            Err(error) => trial.note("the coordinator can be used", Err(explained(&error))),
        }
        trial
    }

    fn note(&mut self, what: &str, outcome: Result<(), String>) {
        self.findings.push(Finding::tried(what, &outcome));
        if let (Some(Ok(())), Err(why)) = (&self.outcome, outcome) {
            self.outcome = Some(Err(why));
        }
    }

    fn exchange(&mut self, connected: &Connected, timing: Timing) {
        let what = format!(
            "{} enrolls a session, confirms it, and withdraws it",
            connected.program.name()
        );
        let exchange = match exchange(connected, timing) {
            Ok(exchange) => exchange,
            Err(failure) => return self.note(&what, Err(described(&failure))),
        };
        self.note(&what, exchange.flaw.map_or(Ok(()), Err));
        let timeout = humantime::format_duration(timing.timeout);
        let took = humantime::format_duration(rounded(exchange.took));
        let answered =
            format!("a confirm is answered within a quarter of the time-out of {timeout}");
        let in_time = match exchange.took <= timing.timeout / 4 {
            true => Ok(()),
            false => Err(format!("it took {took}")),
        };
        self.note(&answered, in_time);
        let lease = humantime::format_duration(timing.lease);
        let deadline = humantime::format_duration(timing.deadline);
        let watch = humantime::format_duration(rounded(Timing::watch(timing.deadline)));
        self.findings.extend([
            Finding::fact(format!("a confirm took {took}")),
            Finding::fact(format!(
                "a session ends {lease} after its last confirm (its lease), and its owner after {deadline}; it is watched for \
                 {watch} before its owner counts as dead"
            )),
            Finding::fact(format!(
                "the directory is {} at the coordinator, and {}",
                connected.directory,
                match exchange.is_owned {
                    true => "has an owner there",
                    false => "has no owner there",
                }
            )),
            Finding::fact(
                "each owner gets a fencing token, which is higher than those before: what is written elsewhere is safe only where \
                 it is checked",
            ),
        ]);
    }
}

/// What came of an exchange.
struct Exchange {
    took: Duration,
    /// What is wrong with the answers.
    flaw: Option<String>,
    is_owned: bool,
}

fn exchange(connected: &Connected, timing: Timing) -> Result<Exchange, CoordinatorError> {
    let Connected { program, directory } = connected;
    let random = || RandomState::new().hash_one(std::process::id());
    let enrollment = Enrollment {
        nonce: Nonce(random()),
        incarnation: Incarnation(random()),
        about: format!("lockhost doctor, pid {}", std::process::id()),
        lease: timing.lease,
    };
    let enrolled = program.enroll(&enrollment, timing.timeout)?;
    let session = Session {
        incarnation: enrolled.incarnation,
        nonce: enrollment.nonce,
    };
    let begun = Instant::now();
    let there = program.confirm(session, directory, timing.timeout);
    let took = begun.elapsed();
    // Also after an error; otherwise the session goes with its lease.
    program.withdraw(session, timing.timeout)?;
    let there = there?;
    let gone = program.confirm(session, directory, timing.timeout)?;
    let incarnation = Some(session.incarnation);
    let flaw = if !there.own || there.incarnation != incarnation {
        Some("the session that was enrolled is not there".to_owned())
    } else if gone.own {
        Some("the session is there after it was withdrawn".to_owned())
    } else if gone.revision <= enrolled.revision {
        Some("the revision does not rise with a write".to_owned())
    } else {
        None
    };
    Ok(Exchange {
        took,
        flaw,
        is_owned: there.key.is_some(),
    })
}

/// Returns a time without digits that no person reads.
fn rounded(time: Duration) -> Duration {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match millis {
        0..1000 => Duration::from_millis(millis.max(1)),
        _ => Duration::from_millis(millis / 100 * 100),
    }
}

fn described(failure: &CoordinatorError) -> String {
    match failure.hint() {
        Some(hint) => format!("{failure} (hint: {hint})"),
        None => failure.to_string(),
    }
}

fn explained(error: &anyhow::Error) -> String {
    match hint::of(error) {
        Some(hint) => format!("{error:#} (hint: {hint})"),
        None => format!("{error:#}"),
    }
}
