//! What lockhost hands to its deadman on the command line.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    os::fd::{FromRawFd, OwnedFd, RawFd},
    path::PathBuf,
    time::Duration,
};

use nix::libc;

use super::{cgroup::Cgroup, link::Link};

/// The first word behind the program's name, for a deadman.
pub(super) const DEADMAN: &str = "--deadman";

/// The same for the first process of a namespace.
pub(super) const INIT: &str = "--deadman-init";

/// The words before those of the command, without the program's name.
const WORDS: usize = 8;

/// What stands for none.
const NONE: &str = "-";

/// What a deadman is told before it starts the command.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) link: Link,
    /// K.
    pub(super) stop: Duration,
    /// Whether to wait for the command's descendants.
    pub(super) all: bool,
    /// Whether the command gets a PID namespace.
    pub(super) namespace: bool,
    pub(super) cgroup: Option<Cgroup>,
    /// What the command inherits.
    pub(super) evidence: Vec<File>,
    pub(super) command: Vec<OsString>,
}

/// Returns the command line of a process with this mark.
pub(super) fn words(
    mark: &str,
    program: OsString,
    (link, stop, all, namespace): (RawFd, Duration, bool, bool),
    cgroup: Option<(&Cgroup, RawFd)>,
    evidence: &[RawFd],
    command: &[OsString],
) -> Vec<OsString> {
    let (path, directory) = match cgroup {
        Some((cgroup, directory)) => (cgroup.path().into(), directory.to_string()),
        None => (OsString::from(NONE), NONE.to_owned()),
    };
    let evidence: Vec<_> = evidence.iter().map(RawFd::to_string).collect();
    let own = [
        program,
        mark.into(),
        link.to_string().into(),
        stop.as_nanos().to_string().into(),
        all.to_string().into(),
        namespace.to_string().into(),
        path,
        directory.into(),
        evidence.join(",").into(),
    ];
    own.into_iter().chain(command.iter().cloned()).collect()
}

/// Returns whether a command line has this mark.
pub(super) fn has(mark: &str, words: &[OsString]) -> bool {
    words.get(1).is_some_and(|word| word == mark)
}

impl Arguments {
    /// Reads them. `None` for what lockhost does not write.
    pub(super) fn read(words: &[OsString]) -> Option<Self> {
        let (own, command) = words.get(1..)?.split_at_checked(WORDS)?;
        let [_, link, stop, all, namespace, path, directory, evidence] = own else {
            return None;
        };
        let text = |word: &'_ OsString| word.to_str().map(str::to_owned);
        let numbers = text(evidence)?;
        let numbers = numbers.split(',').filter(|number| !number.is_empty());
        let evidence: Option<Vec<RawFd>> = numbers.map(|number| number.parse().ok()).collect();
        let cgroup = match directory == OsStr::new(NONE) {
            true => None,
            false => {
                let directory = take(text(directory)?.parse().ok()?)?;
                Some(Cgroup::handed_over(PathBuf::from(path), directory.into()))
            }
        };
        Some(Self {
            link: Link::from_inherited(take(text(link)?.parse().ok()?)?),
            stop: Duration::from_nanos(text(stop)?.parse().ok()?),
            all: text(all)?.parse().ok()?,
            namespace: text(namespace)?.parse().ok()?,
            cgroup,
            evidence: evidence?
                .into_iter()
                .map(|number| take(number).map(File::from))
                .collect::<Option<_>>()?,
            command: command.to_vec(),
        })
    }
}

/// Takes over a descriptor that was inherited; `None` if it is not open.
#[allow(unsafe_code)]
fn take(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: it reads flags, and touches no memory.
    let is_open = unsafe { libc::fcntl(number, libc::F_GETFD) } != -1;
    // SAFETY: it is open. lockhost has handed it over for this process alone, which has opened nothing else under its
    // number, and takes each once.
    (is_open && number > 2).then(|| unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsRawFd, IntoRawFd};

    use super::*;

    #[test]
    fn a_deadman_reads_what_lockhost_has_written() {
        let (_ours, theirs) = Link::pair().unwrap();
        let files: Vec<_> = (0..2).map(|_| tempfile::tempfile().unwrap()).collect();
        let evidence: Vec<_> = files.into_iter().map(IntoRawFd::into_raw_fd).collect();
        let command = ["sh".into(), "-c".into(), "--deadman".into()];
        let stop = Duration::from_millis(1500);
        let link = theirs.into_raw_fd();
        let written = words(
            DEADMAN,
            "lockhost".into(),
            (link, stop, true, false),
            None,
            &evidence,
            &command,
        );
        assert!(has(DEADMAN, &written));
        let read = Arguments::read(&written).unwrap();
        assert_eq!((read.stop, read.all, read.namespace), (stop, true, false));
        assert_eq!(read.command, command);
        let numbers: Vec<_> = read.evidence.iter().map(AsRawFd::as_raw_fd).collect();
        assert_eq!(numbers, evidence);
        assert!(read.cgroup.is_none());
    }

    #[test]
    fn other_command_lines_are_no_deadmans() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(!has(DEADMAN, &words(&["lockhost", "acquire", "--deadman"])));
        assert!(Arguments::read(&words(&["lockhost", "--deadman", "1"])).is_none());
        let closed = [
            "lockhost",
            "--deadman",
            "9999",
            "1",
            "true",
            "false",
            "-",
            "-",
            "",
            "true",
        ];
        assert!(Arguments::read(&words(&closed)).is_none());
    }
}
