//! One of each message: errors, owners, replaced locks, warnings, and what was restored.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    AliveReason, Awaited, DeadReason, Error, Liveness, UnknownReason,
    coordinator::{CoordinatorError, CoordinatorErrorKind, holding::Loss},
    lock::{
        error::Kind,
        failure::{Belonging, not_a_lock, operation as words_of},
        held::Restored,
        hint::{OPEN_DIRECTORY, WayOut},
        holder::Holder,
        message::{Circumstance, Instead},
        place::Place,
        replaced::Replaced,
        warning::Warning,
    },
    outcome::{self, DescriptorType, ErrorCode, NotALock, Operation, error_code},
    process::keeper::Keeper,
};

pub(super) fn restored() -> impl Iterator<Item = Restored> {
    let pending = Restored::Pending(Duration::ZERO);
    [
        Restored::Intact,
        Restored::Claim,
        Restored::Observed,
        Restored::Unobserved,
        Restored::Weaker,
        pending,
    ]
    .into_iter()
}

pub(super) fn keepers() -> [Keeper; 4] {
    [
        (4712, "app"),
        (4713, "worker"),
        (4714, "worker"),
        (4715, "sh"),
    ]
    .map(|(pid, command)| Keeper::new(pid, command.to_owned()))
}

/// Returns a holder whose file these processes keep locked.
fn kept_by(keepers: &[Keeper]) -> Holder {
    holder(ALIVE[0], true).kept_by(keepers.to_vec())
}

/// When each lock was acquired: 2026-11-23T21:36:11Z.
const SINCE: u64 = 1_795_469_771;

/// Returns the moment of each message: two hours and five minutes later.
pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(SINCE + 2 * 60 * 60 + 5 * 60)
}

pub(super) fn file(name: &str) -> PathBuf {
    Path::new("D").join(name)
}

pub(super) fn lock() -> PathBuf {
    file("tinyforge.lock")
}

pub(super) fn reclaim() -> PathBuf {
    file("tinyforge.lock.reclaim")
}

/// Returns one error of each kind, in each of its variants.
pub(super) fn errors() -> Vec<Error> {
    let mut errors = Vec::new();
    let running = || holder(ALIVE[1], true);
    for circumstance in [
        Circumstance::Owning,
        Circumstance::Reclaiming,
        Circumstance::Overtaking,
    ] {
        errors.push(held(running(), circumstance));
    }
    errors.push(held(running().seen_from_child(), Circumstance::Owning));
    let refusals = holders().into_iter();
    let refusals = refusals.filter(|it| !matches!(it.liveness(), Liveness::Dead(_)));
    let refusals = refusals.chain((1..3).map(|count| kept_by(&keepers()[..count])));
    let refusals: Vec<_> = refusals.chain(unread()).collect();
    for circumstance in [Circumstance::Owning, Circumstance::Reclaiming] {
        errors.extend(refusals.iter().map(|it| held(it.clone(), circumstance)));
    }
    let unknown = holder(UNKNOWN[0], true);
    let beside = held(unknown, Circumstance::Owning);
    errors.push(beside.beside("OTHER", &reclaim()));
    let kinds = [
        Kind::Ancestor(running(), 4711),
        Kind::Ancestor(holder(ALIVE[0], true), 4712),
        Kind::Contended,
        Kind::Unsettled(Awaited::Settling),
        Kind::Unsettled(Awaited::Release),
        Kind::Unsettled(Awaited::Session),
        Kind::Session(Loss::Deadline),
        Kind::Session(Loss::SessionGone),
        Kind::Session(Loss::OtherIncarnation),
        Kind::Session(Loss::Restored),
        Kind::Session(Loss::KeyLost),
        Kind::KeyHeld,
        Kind::Coordinator(unreachable()),
        Kind::Unreleased(unreachable()),
        Kind::Lost,
        Kind::Moved,
        Kind::Inherited(4711),
        not_the_owner(Instead::NoFile),
        not_the_owner(Instead::Unnamed),
        not_the_owner(Instead::Other(named("OTHER", ALIVE[1], true))),
    ];
    errors.extend(kinds.map(|kind| Error::new(lock(), kind)));
    let kinds = [
        Kind::Unsettled(Awaited::OtherReclaim),
        Kind::TooDeep,
        not_the_owner(Instead::LeftOver),
    ];
    errors.extend(kinds.map(|kind| Error::new(reclaim(), kind)));
    let others = [
        NotALock::Size(65),
        NotALock::Kind(DescriptorType::Directory),
        NotALock::Kind(DescriptorType::SymbolicLink),
        NotALock::Kind(DescriptorType::Fifo),
        NotALock::Kind(DescriptorType::Socket),
        NotALock::Kind(DescriptorType::BlockDevice),
        NotALock::Kind(DescriptorType::Unknown),
    ];
    errors.extend(others.map(|it| Error::new(lock(), Kind::NotALock(not_a_lock(it)))));
    let missing = io::Error::from_raw_os_error(2);
    errors.push(Error::io("D".into(), OPEN_DIRECTORY, missing));
    errors.extend(failures());
    errors.push(Error::new("NAME".into(), Kind::BadName));
    errors.push(Error::new("NAME".into(), Kind::UnusableName("WHY")));
    errors.push(Error::new("D".into(), Kind::Host("WHY".to_owned())));
    let trap = wasmtime::Error::msg("WHY");
    errors.push(Error::internal(Path::new("D"), trap));
    for error in &mut errors {
        error.at = now();
    }
    errors
}

fn failures() -> impl Iterator<Item = Error> {
    let operations = [
        Operation::Create,
        Operation::Write,
        Operation::Stat,
        Operation::Open,
        Operation::Read,
        Operation::List,
        Operation::Link,
        Operation::Remove,
    ];
    let failed = |(operation, code)| {
        let failure = outcome::Failure { operation, code };
        Error::failed(Path::new("D"), "tinyforge.lock", failure)
    };
    let full = operations.map(|it| (it, ErrorCode::InsufficientSpace));
    let others = [ErrorCode::NotPermitted, ErrorCode::ReadOnly, ErrorCode::Io];
    let others = others.map(|it| (Operation::Link, it));
    let opening = [ErrorCode::WouldBlock, ErrorCode::NoSuchDevice];
    let opening = opening.map(|it| (Operation::Open, it));
    let owned = [
        (Operation::Open, ErrorCode::Access),
        (Operation::Remove, ErrorCode::NotPermitted),
        (Operation::Create, ErrorCode::Access),
    ];
    full.into_iter()
        .chain(others)
        .chain(opening)
        .map(failed)
        .chain(owned.map(|it| read_by(1001, it)))
        .chain([owned[1], owned[2]].map(|it| read_by(1000, it)))
        .chain([read_by(0, owned[2])])
}

/// Returns the error that a user reads about a file and a directory of user 1000.
fn read_by(user: u32, (operation, code): (Operation, ErrorCode)) -> Error {
    let belonging = Belonging {
        user: Some(user),
        file: Some(1000),
        directory: Some(1000),
        sticky: true,
    };
    let whose = belonging.explain(outcome::Failure { operation, code });
    let operation = words_of(operation).to_owned();
    let error = io::Error::other(error_code::words(code));
    Error::new(lock(), Kind::Io(operation, error, whose))
}

fn not_the_owner(instead: Instead) -> Kind {
    Kind::NotTheOwner("IDENTITY".to_owned(), instead)
}

pub(super) fn held(holder: Holder, circumstance: Circumstance) -> Error {
    let way_out = WayOut {
        name: crate::DEFAULT_NAME.to_owned(),
        directory: "D".into(),
        beside: None,
    };
    let file = match circumstance {
        Circumstance::Reclaiming => reclaim(),
        Circumstance::Owning | Circumstance::Overtaking => lock(),
    };
    Error::new(file, Kind::Held(holder, circumstance, way_out))
}

pub(super) fn holder(liveness: Liveness, claimed: bool) -> Holder {
    named("IDENTITY", liveness, claimed)
}

pub(super) fn named(identity: &str, liveness: Liveness, claimed: bool) -> Holder {
    let holder = in_the_contract(identity, liveness, claimed);
    Holder::new(Path::new("D"), "tinyforge.lock".to_owned(), holder)
}

fn in_the_contract(identity: &str, liveness: Liveness, claimed: bool) -> outcome::Holder {
    outcome::Holder {
        pid: Some(4711),
        identity: Some(identity.to_owned()),
        claimed,
        since: Some(outcome::Datetime {
            seconds: SINCE,
            nanoseconds: 0,
        }),
        liveness,
    }
}

/// Returns owners whose file only another user may read: one that runs, one that may, and one that nothing names.
pub(super) fn unread() -> [Holder; 3] {
    let known = |liveness| in_the_contract("IDENTITY", liveness, true);
    let unnamed = outcome::Holder {
        pid: None,
        identity: None,
        ..in_the_contract("IDENTITY", UNKNOWN[2], false)
    };
    [known(ALIVE[1]), known(UNKNOWN[1]), unnamed]
        .map(|holder| Holder::unread(Path::new("D"), "tinyforge.lock".to_owned(), holder, 1000))
}

/// Returns one holder of each state, and of each case within it.
pub(super) fn holders() -> Vec<Holder> {
    let lives = ALIVE.into_iter().chain(UNKNOWN).chain(DEAD);
    let mut holders: Vec<_> = lives.map(|it| holder(it, true)).collect();
    holders.insert(4, holder(ALIVE[3], false));
    holders.insert(11, holder(UNKNOWN[2], false));
    holders
}

fn unreachable() -> CoordinatorError {
    let kind = CoordinatorErrorKind::Unreachable;
    CoordinatorError::new(kind, "connection refused").at("http://db1:2379")
}

pub(super) const ALIVE: [Liveness; 7] = [
    Liveness::Alive(AliveReason::Evidence),
    Liveness::Alive(AliveReason::Running),
    Liveness::Alive(AliveReason::Unguarded),
    Liveness::Alive(AliveReason::Exists),
    Liveness::Alive(AliveReason::ThisProcess),
    Liveness::Alive(AliveReason::OwnPid),
    Liveness::Alive(AliveReason::Session),
];

pub(super) const UNKNOWN: [Liveness; 9] = [
    Liveness::Unknown(UnknownReason::OtherBoot),
    Liveness::Unknown(UnknownReason::OtherNamespace),
    Liveness::Unknown(UnknownReason::Unreadable),
    Liveness::Unknown(UnknownReason::NoAnswer),
    Liveness::Unknown(UnknownReason::NoCoordinator),
    Liveness::Unknown(UnknownReason::Unreachable),
    Liveness::Unknown(UnknownReason::OtherIncarnation),
    Liveness::Unknown(UnknownReason::Watched),
    Liveness::Unknown(UnknownReason::Gone),
];

const DEAD: [Liveness; 7] = [
    Liveness::Dead(DeadReason::NoProcess),
    Liveness::Dead(DeadReason::Zombie),
    Liveness::Dead(DeadReason::Thread),
    Liveness::Dead(DeadReason::Reused),
    Liveness::Dead(DeadReason::EvidenceGone),
    Liveness::Dead(DeadReason::Nobody),
    Liveness::Dead(DeadReason::SessionGone),
];

#[test]
fn no_life_is_forgotten() {
    for holder in holders() {
        // A new variant does not compile here.
        match holder.liveness() {
            Liveness::Alive(
                AliveReason::Evidence
                | AliveReason::Running
                | AliveReason::Unguarded
                | AliveReason::Exists
                | AliveReason::ThisProcess
                | AliveReason::OwnPid
                | AliveReason::Session,
            )
            | Liveness::Unknown(
                UnknownReason::OtherBoot
                | UnknownReason::OtherNamespace
                | UnknownReason::Unreadable
                | UnknownReason::NoAnswer
                | UnknownReason::NoCoordinator
                | UnknownReason::Unreachable
                | UnknownReason::OtherIncarnation
                | UnknownReason::Watched
                | UnknownReason::Gone,
            )
            | Liveness::Dead(
                DeadReason::NoProcess
                | DeadReason::Zombie
                | DeadReason::Thread
                | DeadReason::Reused
                | DeadReason::EvidenceGone
                | DeadReason::Nobody
                | DeadReason::SessionGone,
            ) => {}
        }
    }
}

pub(super) fn replaced() -> impl Iterator<Item = Replaced> {
    let dead = DEAD.into_iter().filter_map(|it| match it {
        Liveness::Dead(reason) => Some(outcome::ReplacedReason::Dead(reason)),
        _ => None,
    });
    let others = [
        outcome::ReplacedReason::Malformed,
        outcome::ReplacedReason::AssumedDead,
    ];
    dead.chain(others).map(|reason| {
        let replaced = outcome::Replaced {
            file: "tinyforge.lock".to_owned(),
            pid: Some(4711),
            identity: None,
            reason,
        };
        Replaced::new(Path::new("D"), replaced)
    })
}

pub(super) fn warnings() -> [Warning; 4] {
    let failure = outcome::Failure {
        operation: Operation::Remove,
        code: ErrorCode::Busy,
    };
    [
        outcome::Remark::OtherReclaim(Some(4711)),
        outcome::Remark::OtherReclaim(None),
        outcome::Remark::Untidy(failure),
        outcome::Remark::Unswept,
    ]
    .map(|remark| {
        let file = "tinyforge.lock.reclaim".to_owned();
        Warning::new(
            &Place::new(Path::new("D")),
            outcome::Warning { file, remark },
        )
    })
}
