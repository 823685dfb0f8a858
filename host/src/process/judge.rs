//! The judgement whether an owner is dead. Every `Dead` is certain.

use std::{cell::OnceCell, fs::File, time::Duration};

use super::{
    cached_self,
    evidence::{self, Probe},
    identity::{Identity, same},
    liveness::{AliveReason, DeadReason, Liveness, Owner, UnknownReason},
    noted,
    platform::{self, Presence},
};
use crate::coordinator::Session;

/// Answers about owners with sessions: by a coordinator.
pub(crate) trait Sessions {
    /// Returns whether the owner with this session lives, which may act this long after a confirm.
    fn judge(&self, session: Session, deadline: Duration) -> Liveness;
}

/// A file, and the state of its evidence, which is probed once for each question.
struct Asked<'a> {
    file: &'a File,
    probe: OnceCell<Probe>,
}

impl<'a> Asked<'a> {
    fn new(file: &'a File) -> Self {
        Self {
            file,
            probe: OnceCell::new(),
        }
    }

    /// Returns a file that cannot be probed, since it may not be opened: only its directory is at hand.
    fn unread(directory: &'a File) -> Self {
        Self {
            file: directory,
            probe: OnceCell::from(Probe::None),
        }
    }

    fn probe(&self) -> Probe {
        *self.probe.get_or_init(|| evidence::probe(self.file))
    }
}

/// Answers `process-alive`: about `owner`, the owner of this file. `own` means that this process guards the very
/// descriptor. `sessions` is the coordinator, if this process asks one.
pub(crate) fn judge(
    owner: &Owner,
    file: &File,
    own: bool,
    sessions: Option<&dyn Sessions>,
) -> Liveness {
    if own {
        return Liveness::Alive(AliveReason::ThisProcess);
    }
    if let (Owner::Maker(_) | Owner::Pid(_), Some(reason)) = (owner, platform::blindness(file)) {
        return judge_unseen(&Asked::new(file), reason);
    }
    let file = &Asked::new(file);
    match owner {
        Owner::Nobody => unless_vetoed(file, DeadReason::Nobody),
        Owner::Pid(pid) => judge_number(*pid, file),
        Owner::Maker(identity) => match Identity::parse(identity) {
            Some(Identity {
                session: Some((session, deadline)),
                ..
            }) => judge_session(session, deadline, file, sessions),
            Some(identity) => judge_maker(&identity, file),
            None => unless_alive(file, UnknownReason::Unreadable),
        },
    }
}

/// Judges an owner with a session. The end of its process proves nothing: its command may live on. Evidence vetoes all the
/// same, since a process that has it may be the command.
fn judge_session(
    session: Session,
    deadline: Duration,
    file: &Asked<'_>,
    sessions: Option<&dyn Sessions>,
) -> Liveness {
    if noted::is_ours(file.file) {
        return Liveness::Alive(AliveReason::ThisProcess);
    }
    match (file.probe(), sessions) {
        (Probe::Kept, _) => Liveness::Alive(AliveReason::Evidence),
        (_, Some(sessions)) => sessions.judge(session, deadline),
        (_, None) => Liveness::Unknown(UnknownReason::NoCoordinator),
    }
}

/// Answers `process-alive` about a file in this directory that may not be opened, only by processes. `Dead` is certain
/// for the maker then, but another process may keep its file locked.
pub(crate) fn judge_unread(
    owner: &Owner,
    directory: &File,
    sessions: Option<&dyn Sessions>,
) -> Liveness {
    let Owner::Maker(identity) = owner else {
        return Liveness::Unknown(UnknownReason::NoAnswer);
    };
    match (platform::blindness(directory), Identity::parse(identity)) {
        (Some(reason), _) => Liveness::Unknown(reason),
        (
            None,
            Some(Identity {
                session: Some((session, deadline)),
                ..
            }),
        ) => judge_session(session, deadline, &Asked::unread(directory), sessions),
        (None, Some(maker)) => judge_maker(&maker, &Asked::unread(directory)),
        (None, None) => Liveness::Unknown(UnknownReason::Unreadable),
    }
}

/// Judges as [`judge`] does, without examining any process: only the kernel's evidence and this process' list of its
/// own files decide. A guest that writes a number into a file, or names a file as a claim, learns nothing of a process.
#[cfg(feature = "component")]
pub(crate) fn judge_by_evidence(owner: &Owner, file: &File, own: bool) -> Liveness {
    if own {
        return Liveness::Alive(AliveReason::ThisProcess);
    }
    let promised = match owner {
        Owner::Maker(identity) => Identity::parse(identity).and_then(|maker| maker.evidence),
        Owner::Pid(_) | Owner::Nobody => None,
    };
    match (evidence::probe(file), owner) {
        (Probe::Kept, _) => Liveness::Alive(AliveReason::Evidence),
        (Probe::Free(kind), _) if promised == Some(kind) => {
            Liveness::Dead(DeadReason::EvidenceGone)
        }
        (_, Owner::Nobody) => Liveness::Dead(DeadReason::Nobody),
        _ if noted::is_ours(file) => Liveness::Alive(AliveReason::ThisProcess),
        _ => Liveness::Unknown(UnknownReason::NoAnswer),
    }
}

fn judge_number(pid: u32, file: &Asked<'_>) -> Liveness {
    let own = pid == std::process::id();
    if let Some(reason) = if own { None } else { death_of(pid) } {
        return unless_vetoed(file, reason);
    }
    // Evidence counts also for a living owner: a person cannot overrule the kernel.
    match file.probe() {
        Probe::Kept => Liveness::Alive(AliveReason::Evidence),
        Probe::None if own && noted::is_ours(file.file) => {
            Liveness::Alive(AliveReason::ThisProcess)
        }
        Probe::Free(_) | Probe::None if own => Liveness::Alive(AliveReason::OwnPid),
        Probe::Free(_) | Probe::None => Liveness::Alive(AliveReason::Exists),
    }
}

fn judge_maker(maker: &Identity, file: &Asked<'_>) -> Liveness {
    match cached_self::myself() {
        Ok(me) => judge_from_memory(maker, &me, file),
        Err(_) => unless_alive(file, UnknownReason::NoAnswer),
    }
}

/// Judges with `me`, this process as it is or was.
fn judge_from_memory(maker: &Identity, me: &Identity, file: &Asked<'_>) -> Liveness {
    let answer = judge_beside(maker, me, file);
    let is_proven = || breaks_its_promise(maker, file.probe());
    if !matches!(answer, Liveness::Dead(_)) || is_proven() {
        return answer;
    }
    // The cached identity may be stale, and then the comparison proved nothing.
    match platform::myself() {
        Ok(now) if now == *me => answer,
        Ok(now) => judge_beside(maker, &now, file),
        Err(_) => unless_alive(file, UnknownReason::NoAnswer),
    }
}

/// Judges as a process that knows itself as `me`.
fn judge_beside(maker: &Identity, me: &Identity, file: &Asked<'_>) -> Liveness {
    if !maker.shares_pids_with(me) {
        return judge_foreigner(maker, me, file);
    }
    if maker.pid == me.pid && maker.shares_ticks_with(me) && maker.start == me.start {
        return judge_myself(maker, file);
    }
    if maker.pid == me.pid && maker.shares_ticks_with(me) {
        return unless_vetoed(file, DeadReason::Reused);
    }
    // It has our number and no start to compare: it is this process, or a dead one that had the number before. Either
    // way no other process can keep its promise. So a container whose start is not known (qemu-user) gets its lock
    // back.
    if maker.pid == me.pid && breaks_its_promise(maker, file.probe()) {
        return Liveness::Dead(DeadReason::EvidenceGone);
    }
    judge_neighbour(maker, me, file)
}

/// Judges a process whose number has the same meaning here.
fn judge_neighbour(maker: &Identity, me: &Identity, file: &Asked<'_>) -> Liveness {
    if platform::presence(maker.pid) == Presence::Absent {
        return unless_vetoed(file, DeadReason::NoProcess);
    }
    // A list that does not show this process under its own number has no start of ours, and proves nothing about
    // others.
    let entry = me.start.and_then(|_| platform::entry(maker.pid));
    let reason = match entry {
        // Hidden, or gone in between.
        None => return judge_number(maker.pid, file),
        Some(entry)
            if maker.shares_ticks_with(me)
                && entry.start.is_some_and(|start| Some(start) != maker.start) =>
        {
            DeadReason::Reused
        }
        // A leader that ended before its threads is not a zombie yet: its threads still run.
        Some(entry) if entry.ended && entry.threads <= 1 => DeadReason::Zombie,
        Some(entry) if maker.shares_ticks_with(me) && entry.start.is_some() => {
            return Liveness::Alive(running(maker, file));
        }
        Some(_) => return judge_number(maker.pid, file),
    };
    unless_vetoed(file, reason)
}

/// Returns why a process that certainly runs counts as alive. A lock that is free proves no death then: it is reported,
/// and a person may decide.
fn running(maker: &Identity, file: &Asked<'_>) -> AliveReason {
    if breaks_its_promise(maker, file.probe()) {
        AliveReason::Unguarded
    } else {
        AliveReason::Running
    }
}

/// Judges this process, which made this claim itself, by evidence if there is any. Otherwise an attempt of which the
/// component lost track (a trap) would hold the lock until the process ends.
fn judge_myself(maker: &Identity, file: &Asked<'_>) -> Liveness {
    if breaks_its_promise(maker, file.probe()) {
        Liveness::Dead(DeadReason::EvidenceGone)
    } else {
        Liveness::Alive(AliveReason::ThisProcess)
    }
}

/// Returns whether no process keeps the file locked, though its claim promises that for this type of file system.
fn breaks_its_promise(maker: &Identity, probe: Probe) -> bool {
    matches!(probe, Probe::Free(kind) if maker.evidence == Some(kind))
}

/// Judges a file whose owner cannot be seen from here: it is alive if this process made the file.
fn judge_unseen(file: &Asked<'_>, reason: UnknownReason) -> Liveness {
    if noted::is_ours(file.file) {
        return Liveness::Alive(AliveReason::ThisProcess);
    }
    unless_alive(file, reason)
}

/// Judges a process of another boot, machine or PID namespace: only the kernel's evidence counts.
fn judge_foreigner(maker: &Identity, me: &Identity, file: &Asked<'_>) -> Liveness {
    match file.probe() {
        Probe::Kept => Liveness::Alive(AliveReason::Evidence),
        probe if breaks_its_promise(maker, probe) => Liveness::Dead(DeadReason::EvidenceGone),
        _ if maker.boot.is_none() || maker.pid_namespace.is_none() => {
            Liveness::Unknown(UnknownReason::Unreadable)
        }
        // Then it is not known whether it is another boot or another namespace.
        _ if me.boot.is_none() || me.pid_namespace.is_none() => {
            Liveness::Unknown(UnknownReason::NoAnswer)
        }
        _ if same(&maker.boot, &me.boot) => Liveness::Unknown(UnknownReason::OtherNamespace),
        _ => Liveness::Unknown(UnknownReason::OtherBoot),
    }
}

/// Returns why no process with this number can be alive, if that is certain.
fn death_of(pid: u32) -> Option<DeadReason> {
    if platform::presence(pid) == Presence::Absent {
        return Some(DeadReason::NoProcess);
    }
    if !platform::lists_our_processes() {
        return None;
    }
    match platform::state(pid) {
        Some(seen) if seen.thread => Some(DeadReason::Thread),
        Some(seen) if seen.ended => {
            let threads = platform::entry(pid).map(|entry| entry.threads);
            threads
                .is_some_and(|count| count <= 1)
                .then_some(DeadReason::Zombie)
        }
        Some(_) => None,
        // Hidden, or gone since: only the second is death.
        None => (platform::presence(pid) == Presence::Absent).then_some(DeadReason::NoProcess),
    }
}

/// Returns `Dead`, except if a kernel keeps the file locked: a child may have inherited it.
fn unless_vetoed(file: &Asked<'_>, reason: DeadReason) -> Liveness {
    match file.probe() {
        Probe::Kept => Liveness::Alive(AliveReason::Evidence),
        Probe::Free(_) | Probe::None => Liveness::Dead(reason),
    }
}

fn unless_alive(file: &Asked<'_>, reason: UnknownReason) -> Liveness {
    match file.probe() {
        Probe::Kept => Liveness::Alive(AliveReason::Evidence),
        Probe::Free(_) | Probe::None => Liveness::Unknown(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "component")]
    fn by_evidence_alone_no_process_is_looked_at() {
        let file = tempfile::tempfile().unwrap();
        let me = platform::myself().unwrap();
        let dead = Identity {
            pid: 999_999_999,
            ..me.clone()
        };
        for owner in [
            Owner::Pid(std::process::id()),
            Owner::Pid(999_999_999),
            Owner::Maker(me.to_string()),
            Owner::Maker(dead.to_string()),
            Owner::Maker("2-p7".to_owned()),
        ] {
            let answer = judge_by_evidence(&owner, &file, false);
            let unknown = Liveness::Unknown(UnknownReason::NoAnswer);
            assert_eq!(format!("{answer:?}"), format!("{unknown:?}"));
        }
    }

    #[test]
    fn the_maker_of_an_unread_file_is_judged_by_processes_alone() {
        let place = tempfile::tempdir().unwrap();
        let directory = platform::open_directory(place.path()).unwrap();
        let me = platform::myself().unwrap();
        // Promised evidence is not probed.
        let kept = |identity| Identity {
            evidence: Some(0x0102_1994),
            ..identity
        };
        let ask = |identity: Identity| {
            let owner = Owner::Maker(kept(identity).to_string());
            format!("{:?}", judge_unread(&owner, &directory, None))
        };
        let dead = Identity {
            pid: 999_999_999,
            ..me.clone()
        };
        let foreign = Identity {
            boot: Some("0123456789abcdef0123456789abcdef".to_owned()),
            ..me.clone()
        };
        let said = |liveness: Liveness| format!("{liveness:?}");
        assert_eq!(ask(me), said(Liveness::Alive(AliveReason::ThisProcess)));
        assert_eq!(ask(dead), said(Liveness::Dead(DeadReason::NoProcess)));
        let unknown = Liveness::Unknown(UnknownReason::OtherBoot);
        assert_eq!(ask(foreign), said(unknown));
        for owner in [
            Owner::Nobody,
            Owner::Pid(999_999_999),
            Owner::Maker("2-p7".to_owned()),
        ] {
            let answer = judge_unread(&owner, &directory, None);
            assert!(matches!(answer, Liveness::Unknown(_)), "{answer:?}");
        }
    }

    /// A coordinator that gives one answer.
    struct Says(Liveness);

    impl Sessions for Says {
        fn judge(&self, _: Session, deadline: Duration) -> Liveness {
            assert_eq!(deadline, Duration::from_secs(10));
            self.0
        }
    }

    #[test]
    fn the_end_of_a_process_is_not_the_death_of_its_session() {
        let file = tempfile::tempfile().unwrap();
        let place = tempfile::tempdir().unwrap();
        let directory = platform::open_directory(place.path()).unwrap();
        let dead = Identity {
            pid: 999_999_999,
            ..platform::myself().unwrap()
        };
        let session = "00000000000010000000000002".parse().unwrap();
        let owner = dead.with_session(session, Duration::from_secs(10));
        let owner = Owner::Maker(owner.to_string());
        let unknown = Liveness::Unknown(UnknownReason::NoCoordinator);
        assert_eq!(judge(&owner, &file, false, None), unknown);
        assert_eq!(judge_unread(&owner, &directory, None), unknown);
        for answer in [
            Liveness::Alive(AliveReason::Session),
            Liveness::Dead(DeadReason::SessionGone),
            Liveness::Unknown(UnknownReason::Watched),
        ] {
            let says = Some(&Says(answer) as &dyn Sessions);
            assert_eq!(judge(&owner, &file, false, says), answer);
            assert_eq!(judge_unread(&owner, &directory, says), answer);
        }
    }

    #[test]
    fn death_is_not_told_from_memory() {
        let file = tempfile::tempfile().unwrap();
        let file = Asked::new(&file);
        let now = platform::myself().unwrap();
        let foreign = Some("0123456789abcdef0123456789abcdef".to_owned());
        // No process has its number here, and it lived elsewhere.
        let maker = Identity {
            pid: 999_999_999,
            boot: foreign.clone(),
            ..now.clone()
        };
        let before = Identity {
            boot: foreign,
            ..now.clone()
        };
        assert!(matches!(
            judge_beside(&maker, &before, &file),
            Liveness::Dead(DeadReason::NoProcess)
        ));
        for me in [before, now.clone()] {
            assert!(matches!(
                judge_from_memory(&maker, &me, &file),
                Liveness::Unknown(UnknownReason::OtherBoot)
            ));
        }
        // A fact that is true now counts, whatever the cache holds.
        let dead = Identity {
            pid: 999_999_999,
            ..now.clone()
        };
        assert!(matches!(
            judge_from_memory(&dead, &now, &file),
            Liveness::Dead(DeadReason::NoProcess)
        ));
    }
}
