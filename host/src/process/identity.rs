//! The identities of processes: names in formats 1 and 2, as `wit/lockfile.wit` defines them.

use std::{error, fmt, str::FromStr, time::Duration};

use crate::coordinator::Session;

/// A process, distinguished from all others on all machines: its number, its start as recorded by its kernel, the run
/// of the kernel, and its namespaces, as far as these are known. The [module](super) has an example.
///
/// Its text fits into a file's name; keep the text. `parse()` reads it back. A later version may write more into it,
/// and reads what this version wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its number, in its own PID namespace.
    pub(crate) pid: u32,
    /// Its start, in the kernel's own ticks: on Linux since the boot, elsewhere of the wall clock as it was set then.
    pub(crate) start: Option<u64>,
    /// The time namespace that these ticks are of.
    pub(crate) time_namespace: Option<u64>,
    /// The run of the kernel: a hexadecimal number, without hyphens.
    pub(crate) boot: Option<String>,
    /// Its PID namespace.
    pub(crate) pid_namespace: Option<u64>,
    /// The type of file system on which it keeps evidence, if it does.
    pub(crate) evidence: Option<u64>,
    /// Its session at a coordinator, and for how long after a confirm it may act. With it, the format is 2.
    pub(crate) session: Option<(Session, Duration)>,
    /// Which of its attempts made the claim.
    pub(crate) attempt: u32,
}

/// The error for a text that is not an [`Identity`]: it is in another format, or has a part that this version does not
/// know.
///
/// ```
/// use lockhost::process::{Identity, NoIdentity};
///
/// let later = format!("{}-p4711", Identity::FORMAT + 2);
/// assert_eq!(later.parse::<Identity>(), Err(NoIdentity));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoIdentity;

impl fmt::Display for NoIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identity of a process that this version can read")
    }
}

impl error::Error for NoIdentity {}

impl FromStr for Identity {
    type Err = NoIdentity;

    fn from_str(text: &str) -> Result<Self, NoIdentity> {
        Self::parse(text).ok_or(NoIdentity)
    }
}

impl Identity {
    /// The format that this version writes; it stands in front of each text. The identity of an owner with a session at a
    /// [coordinator](crate::coordinator) has the next format. This version cannot read a later one. [`NoIdentity`] has an
    /// example.
    pub const FORMAT: u32 = 1;

    /// The longest text of an identity.
    pub(crate) const LONGEST: usize = 128;

    /// Returns the process' number, as it knows itself.
    ///
    /// ```
    /// use lockhost::process::Identity;
    ///
    /// let identity: Identity = "1-p4711-s123456".parse()?;
    /// assert_eq!(identity.pid(), 4711);
    /// # Ok::<(), lockhost::process::NoIdentity>(())
    /// ```
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns whether the file with this name is kept locked for as long as its maker lives. If so, the file without
    /// its lock proves the maker dead, also to other containers, boots and machines.
    ///
    /// ```
    /// use lockhost::process::Identity;
    ///
    /// assert!(!"1-p4711-s123456".parse::<Identity>()?.promises_evidence());
    /// // On a file system of this type: ext4.
    /// assert!("1-p4711-s123456-eef53".parse::<Identity>()?.promises_evidence());
    /// # Ok::<(), lockhost::process::NoIdentity>(())
    /// ```
    #[must_use]
    pub fn promises_evidence(&self) -> bool {
        self.evidence.is_some()
    }

    /// Returns the identity of the same process with this number, which distinguishes its files; the default is 0.
    ///
    /// ```
    /// use lockhost::process::Identity;
    ///
    /// let identity: Identity = "1-p4711".parse()?;
    /// assert_eq!(identity.for_attempt(2).to_string(), "1-p4711-a2");
    /// # Ok::<(), lockhost::process::NoIdentity>(())
    /// ```
    #[must_use]
    pub fn for_attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// Returns the identity of the same process with a session. Facts that would make it longer than the contract permits
    /// are left out: they equal nothing then.
    pub(crate) fn with_session(self, session: Session, deadline: Duration) -> Self {
        let mut identity = Self {
            time_namespace: None,
            evidence: None,
            session: Some((session, deadline)),
            ..self
        };
        if identity.to_string().len() > Self::LONGEST {
            identity.start = None;
        }
        identity
    }

    /// Reads an identity of these formats. Returns `None` for any other, and for one with a part that is unknown to this
    /// version or out of order.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (format, parts) = text.split_once('-')?;
        let mut parts = parts.split('-').peekable();
        let mut part = |tag: char| {
            parts
                .next_if(|part| part.starts_with(tag))
                .map(|part| &part[1..])
        };
        let identity = Self {
            pid: decimal(part('p')?)?.try_into().ok()?,
            start: fact(part('s'), decimal)?,
            time_namespace: fact(part('t'), decimal)?,
            // It is written into messages and names of files, so it may contain only what the contract allows in
            // identities.
            boot: fact(part('b'), |text| {
                let plain = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'z');
                text.bytes().all(plain).then(|| text.to_owned())
            })?,
            pid_namespace: fact(part('n'), decimal)?,
            evidence: fact(part('e'), |text| u64::from_str_radix(text, 16).ok())?,
            session: match (part('x'), part('d')) {
                (None, None) => None,
                (Some(session), Some(deadline)) => {
                    let deadline = Duration::from_millis(decimal(deadline)?);
                    Some((session.parse().ok()?, deadline))
                }
                _ => return None,
            },
            attempt: fact(part('a'), decimal)?.unwrap_or(0).try_into().ok()?,
        };
        let expected = match identity.session {
            None => "1",
            // The evidence of such an owner proves no death: a part of its command may have closed it.
            Some(_) if identity.evidence.is_some() || identity.time_namespace.is_some() => {
                return None;
            }
            Some(_) => "2",
        };
        (parts.next().is_none() && format == expected).then_some(identity)
    }

    /// Returns the run of a kernel by the kernel's UUID for it, in lower case. `None` if the text is no UUID.
    #[cfg_attr(
        any(processes = "windows", processes = "unknown"),
        allow(dead_code, reason = "no kernel is asked")
    )]
    pub(crate) fn boot_id(uuid: &str) -> Option<String> {
        let boot: String = uuid.chars().filter(|c| *c != '-').collect();
        let good = boot.len() == 32 && boot.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        good.then_some(boot)
    }

    /// Returns whether it has every fact that is possible.
    pub(crate) fn is_whole(&self) -> bool {
        self.start.is_some()
            && self.time_namespace.is_some()
            && self.boot.is_some()
            && self.pid_namespace.is_some()
    }

    /// Returns whether the two lived under one kernel in one PID namespace, where a number means one process at a time.
    pub(crate) fn shares_pids_with(&self, other: &Self) -> bool {
        same(&self.boot, &other.boot) && same(&self.pid_namespace, &other.pid_namespace)
    }

    /// Returns whether the process that has its number now, and started then, may be this one, as far as `me` can
    /// distinguish them.
    pub(crate) fn may_have_started(&self, start: Option<u64>, me: &Self) -> bool {
        let is_other = self.shares_ticks_with(me) && start.is_some() && self.start != start;
        self.shares_pids_with(me) && !is_other
    }

    /// Returns whether the two have comparable ticks.
    pub(crate) fn shares_ticks_with(&self, other: &Self) -> bool {
        self.start.is_some()
            && other.start.is_some()
            && same(&self.time_namespace, &other.time_namespace)
    }
}

/// Returns whether two facts are known and equal. An unknown fact equals nothing.
pub(crate) fn same<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
    one.is_some() && one == other
}

fn fact<T>(part: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match part {
        Some(text) => read(text).map(Some),
        None => Some(None),
    }
}

fn decimal(text: &str) -> Option<u64> {
    text.parse().ok()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = Self::FORMAT + u32::from(self.session.is_some());
        write!(f, "{format}-p{}", self.pid)?;
        if let Some(start) = self.start {
            write!(f, "-s{start}")?;
        }
        if let Some(namespace) = self.time_namespace {
            write!(f, "-t{namespace}")?;
        }
        if let Some(boot) = &self.boot {
            write!(f, "-b{boot}")?;
        }
        if let Some(namespace) = self.pid_namespace {
            write!(f, "-n{namespace}")?;
        }
        if let Some(evidence) = self.evidence {
            write!(f, "-e{evidence:x}")?;
        }
        if let Some((session, deadline)) = self.session {
            write!(f, "-x{session}-d{}", deadline.as_millis())?;
        }
        match self.attempt {
            0 => Ok(()),
            attempt => write!(f, "-a{attempt}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Identity {
        Identity {
            pid: 4711,
            start: Some(123_456),
            time_namespace: Some(4_026_531_834),
            boot: Some("0123456789abcdef0123456789abcdef".into()),
            pid_namespace: Some(4_026_531_836),
            evidence: Some(0xef53),
            session: None,
            attempt: 3,
        }
    }

    fn session() -> Session {
        "3w5e11264sgsf3w5e11264sgsf".parse().unwrap()
    }

    fn with_session() -> Identity {
        full().with_session(session(), Duration::from_secs(10))
    }

    #[test]
    fn an_identity_is_read_back() {
        let bare = Identity {
            pid: 1,
            ..Identity::default()
        };
        for identity in [full(), bare, with_session()] {
            assert_eq!(Identity::parse(&identity.to_string()), Some(identity));
        }
    }

    #[test]
    fn the_longest_identity_fits_the_contract() {
        let longest = Identity {
            pid: u32::MAX,
            start: Some(u64::MAX),
            time_namespace: Some(u64::from(u32::MAX)),
            pid_namespace: Some(u64::from(u32::MAX)),
            evidence: Some(u64::from(u32::MAX)),
            attempt: u32::MAX,
            ..full()
        };
        assert!(longest.to_string().len() <= 128, "{longest}");
        // An hour is the longest deadline.
        let longest = longest.with_session(session(), Duration::from_secs(3600));
        assert!(longest.to_string().len() <= 128, "{longest}");
        assert_eq!(Identity::parse(&longest.to_string()), Some(longest));
    }

    #[test]
    fn an_identity_with_a_session_has_the_second_format() {
        assert_eq!(
            with_session().to_string(),
            "2-p4711-s123456-b0123456789abcdef0123456789abcdef-n4026531836-x3w5e11264sgsf3w5e11264sgsf-d10000-a3"
        );
    }

    #[test]
    fn a_session_is_read_only_in_its_format_and_whole() {
        let text = "p7-x3w5e11264sgsf3w5e11264sgsf-d10000";
        assert!(Identity::parse(&format!("2-{text}")).is_some());
        for text in [
            format!("1-{text}"),
            format!("3-{text}"),
            "2-p7-x3w5e11264sgsf3w5e11264sgsf".to_owned(),
            "2-p7-d10000".to_owned(),
            "2-p7-x3w5e11264sgsf-d10000".to_owned(),
            "2-p7-x3w5e11264sgsf3w5e11264sgsf-dx".to_owned(),
            "2-p7-eef53-x3w5e11264sgsf3w5e11264sgsf-d1".to_owned(),
            "2-p7-t5-x3w5e11264sgsf3w5e11264sgsf-d1".to_owned(),
        ] {
            assert_eq!(Identity::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_of_this_format_is_not_read() {
        for text in [
            "",
            "1",
            "1-",
            "2-p7",
            "1-s5",
            "1-p",
            "1-px",
            "1-p7-",
            "1-p7-z9",
            "1-p7-n1-b0",
            "1-p7-s5-s5",
            "1-p4294967296",
            "1-p7-s-5",
            "1-p7-b\u{1b}[2J",
            "1-p7-b../x",
        ] {
            assert_eq!(Identity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_unknown_equals_nothing() {
        let unknown = Identity {
            boot: None,
            start: None,
            ..full()
        };
        assert!(full().shares_pids_with(&full()));
        assert!(!unknown.shares_pids_with(&unknown));
        assert!(!unknown.shares_ticks_with(&full()));
    }
}
