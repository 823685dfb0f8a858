//! The knowledge of processes that a plugin gets: everything, or handles in place of identities.

use std::{collections::hash_map::RandomState, hash::BuildHasher};

use crate::bindings::direct::lockfile as wit;

/// The knowledge of processes that a plugin gets.
#[derive(Clone, Debug)]
pub(super) enum Disclosure {
    /// Everything that the component reports.
    All,
    /// No number, and in place of an identity its hash with a key that the plugin does not know.
    Handles(RandomState),
}

impl Disclosure {
    /// Returns a disclosure of no process, with a key of its own.
    pub(super) fn none() -> Self {
        Self::Handles(RandomState::new())
    }

    /// Returns whether owners are judged without examining their processes.
    pub(super) fn withholds(&self) -> bool {
        matches!(self, Self::Handles(_))
    }

    /// Returns the text that stands for an identity.
    pub(super) fn identity(&self, identity: String) -> String {
        match self {
            Self::All => identity,
            Self::Handles(key) => {
                let half = |nth: u8| key.hash_one((nth, &identity));
                // In the contract's grammar, in a format that no host reads.
                format!("0-h{:016x}{:016x}", half(0), half(1))
            }
        }
    }

    fn pid(&self, pid: Option<u32>) -> Option<u32> {
        pid.filter(|_| !self.withholds())
    }

    /// Returns the text for a file's name. A claim's name has an identity in it, behind the lock's name and a full
    /// stop.
    fn file(&self, lock: &str, file: String) -> String {
        let claimed = file.strip_prefix(lock).and_then(|it| it.strip_prefix('.'));
        match claimed.filter(|it| self.withholds() && it.starts_with(|c: char| c.is_ascii_digit()))
        {
            Some(identity) => format!("{lock}.{}", self.identity(identity.to_owned())),
            None => file,
        }
    }

    pub(super) fn holder(&self, holder: wit::Holder) -> wit::Holder {
        wit::Holder {
            pid: self.pid(holder.pid),
            identity: holder.identity.map(|it| self.identity(it)),
            ..holder
        }
    }

    pub(super) fn error(&self, lock: &str, error: wit::Error) -> wit::Error {
        let cause = match error.cause {
            wit::Cause::Held(refusal) => wit::Cause::Held(wit::Refusal {
                holder: self.holder(refusal.holder),
                ..refusal
            }),
            other => other,
        };
        wit::Error {
            file: self.file(lock, error.file),
            cause,
        }
    }

    pub(super) fn released(&self, lock: &str, error: wit::ReleaseError) -> wit::ReleaseError {
        wit::ReleaseError {
            file: self.file(lock, error.file),
            ..error
        }
    }

    pub(super) fn unjudged(&self, lock: &str, error: wit::InspectError) -> wit::InspectError {
        wit::InspectError {
            file: self.file(lock, error.file),
            ..error
        }
    }

    pub(super) fn report(&self, lock: &str, report: wit::Report) -> wit::Report {
        let replaced = report.replaced.into_iter().map(|it| wit::Replaced {
            pid: self.pid(it.pid),
            identity: it.identity.map(|identity| self.identity(identity)),
            ..it
        });
        let warnings = report.warnings.into_iter().map(|it| wit::Warning {
            file: self.file(lock, it.file),
            remark: match it.remark {
                wit::Remark::OtherReclaim(pid) => wit::Remark::OtherReclaim(self.pid(pid)),
                other => other,
            },
        });
        wit::Report {
            pid: self.pid(Some(report.pid)).unwrap_or(0),
            identity: self.identity(report.identity),
            replaced: replaced.collect(),
            warnings: warnings.collect(),
            ..report
        }
    }

    pub(super) fn status(&self, status: wit::Status) -> wit::Status {
        let files = status.files.into_iter().map(|it| wit::Occupied {
            holder: self.holder(it.holder),
            ..it
        });
        wit::Status {
            files: files.collect(),
            ..status
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: &str = "1-p4711-s123-b0123456789abcdef0123456789abcdef";

    #[test]
    fn a_handle_is_an_identity_by_the_contracts_grammar() {
        let handle = Disclosure::none().identity(IDENTITY.to_owned());
        let rest = handle.strip_prefix("0-h").unwrap();
        assert_eq!(rest.len(), 32);
        assert!(rest.bytes().all(|it| it.is_ascii_hexdigit()), "{handle}");
    }

    #[test]
    fn a_handle_means_one_owner_under_one_key() {
        let (one, other) = (Disclosure::none(), Disclosure::none());
        let handle = |disclosure: &Disclosure, it: &str| disclosure.identity(it.to_owned());
        assert_eq!(handle(&one, IDENTITY), handle(&one, IDENTITY));
        assert_ne!(handle(&one, IDENTITY), handle(&one, "1-p4712"));
        assert_ne!(handle(&one, IDENTITY), handle(&other, IDENTITY));
    }

    #[test]
    fn no_files_name_has_an_identity_in_it() {
        let none = Disclosure::none();
        let file = none.file("a.lock", format!("a.lock.{IDENTITY}"));
        assert!(file.starts_with("a.lock.0-h"), "{file}");
        for other in ["a.lock", "a.lock.reclaim", "b.lock.1-p7", ""] {
            assert_eq!(none.file("a.lock", other.to_owned()), other);
        }
        let claim = format!("a.lock.{IDENTITY}");
        assert_eq!(Disclosure::All.file("a.lock", claim.clone()), claim);
    }

    #[test]
    fn a_report_has_no_number_in_it() {
        let report = wit::Report {
            file: "a.lock".to_owned(),
            pid: 4711,
            identity: IDENTITY.to_owned(),
            claimed: true,
            evidence: true,
            replaced: vec![wit::Replaced {
                file: "a.lock".to_owned(),
                pid: Some(4711),
                identity: Some(IDENTITY.to_owned()),
                reason: wit::ReplacedReason::Malformed,
            }],
            warnings: vec![wit::Warning {
                file: format!("a.lock.{IDENTITY}"),
                remark: wit::Remark::OtherReclaim(Some(4711)),
            }],
        };
        let text = format!("{:?}", Disclosure::none().report("a.lock", report));
        assert!(!text.contains("4711") && !text.contains("b0123"), "{text}");
    }
}
