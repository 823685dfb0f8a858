//! The list of all messages: `docs/sentences.txt`. `docs/troubleshooting.md` explains each.

use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    AliveReason, Awaited, DeadReason, Error, Liveness, UnknownReason,
    lock::{
        error::Kind,
        failure::{Belonging, not_a_lock, operation as words_of},
        held::Restored,
        holder::Holder,
        message::{Circumstance, Instead, WayOut},
        place::Place,
        replaced::Replaced,
        warning::Warning,
    },
    outcome::{self, DescriptorType, ErrorCode, NotALock, Operation, error_code},
    process::{
        keeper::{Keeper, Kept},
        liveness as asked,
    },
};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sentences.txt");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/troubleshooting.md");

#[test]
fn the_list_is_all_that_is_said() {
    let list = list();
    if fs::read_to_string(LIST).is_ok_and(|present| present == list) {
        return;
    }
    fs::write(LIST, list).unwrap();
    panic!("docs/sentences.txt was out of date and is written anew: read it, and test again");
}

#[test]
fn every_refusal_and_failure_names_a_file_or_a_directory() {
    let name = |it: &Error| it.path().display().to_string();
    for error in errors() {
        assert!(error.to_string().contains(&name(&error)), "{error}");
    }
}

#[test]
fn nothing_from_outside_is_printed_as_it_is() {
    let rude = "\u{1b}[2J\n\u{202e}x";
    let keeper = Keeper::new(7, rude.to_owned());
    let path = || Path::new("D").join(rude);
    let way_out = WayOut {
        name: format!("{rude}.lock"),
        directory: path(),
        beside: Some((rude.to_owned(), path())),
    };
    let doubtful = named(rude, UNKNOWN[0], true);
    let other = Instead::Other(named(rude, ALIVE[1], true));
    let kinds = [
        Kind::Held(doubtful, Circumstance::Owning, way_out),
        Kind::NotTheOwner(rude.to_owned(), other),
        Kind::Host(rude.to_owned()),
        Kind::Io(
            "open".to_owned(),
            io::Error::other(rude),
            Some(rude.to_owned()),
        ),
        Kind::BadName,
        Kind::Lost,
    ];
    let trap = Error::internal(&path(), wasmtime::Error::msg(rude));
    let errors = kinds.map(|kind| Error::new(path(), kind));
    let errors: Vec<_> = errors.into_iter().chain([trap]).collect();
    let mut texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.extend(errors.iter().map(|it| format!("{it:?}")));
    let remark = outcome::Remark::OtherReclaim(None);
    let file = String::new();
    texts.push(Warning::new(&Place::new(&path()), outcome::Warning { file, remark }).to_string());
    texts.push(keeper.to_string());
    texts.push(format!("{keeper:?}"));
    texts.push(Kept(&[keeper]).to_string());
    for text in texts {
        assert!(text.contains("[2J"), "{text}");
        assert!(!text.contains(crate::printable::is_escaped), "{text:?}");
    }
}

#[test]
fn a_refusal_in_doubt_has_the_way_out_a_certain_one_the_holder() {
    for holder in holders() {
        let error = held(holder.clone(), Circumstance::Owning).to_string();
        let has_way_out = error.contains("lockhost break --owner=");
        assert_eq!(has_way_out, holder.doubt().is_some(), "{error}");
        assert!(error.contains("pid 4711"), "{error}");
    }
}

#[test]
fn the_page_explains_each_message() {
    let list = list();
    let page = fs::read_to_string(PAGE).unwrap();
    let (_, table) = page.split_once("\n## Messages").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut pieces = 0;
    for row in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let sentence = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for piece in pieces_of(sentence) {
            assert!(list.contains(piece), "only the page has {piece:?}");
            pieces += 1;
        }
    }
    assert!(pieces > 40, "{pieces}");
    for doubt in holders().iter().chain(&unread()).filter_map(Holder::doubt) {
        assert!(table.contains(doubt), "the page lacks {doubt:?}");
    }
    for error in errors() {
        let kind = format!("`{:?}`", error.kind());
        assert!(table.contains(&kind), "the page lacks {kind}");
    }
}

/// Returns the text between the names, alternatives and references of a message on the page.
fn pieces_of(sentence: &str) -> impl Iterator<Item = &str> {
    sentence
        .split(['…', '·', '*', '(', ')', ';', ','])
        .flat_map(|piece| piece.split(" OTHER"))
        .flat_map(|piece| piece.split("IDENTITY"))
        .flat_map(|piece| piece.split("NAME "))
        .flat_map(|piece| piece.split("D/FILE"))
        .flat_map(|piece| piece.split(" D"))
        .map(|piece| piece.trim_matches([' ', '\'', '.']))
        .filter(|piece| piece.len() > 8)
        // A component's message is its own.
        .filter(|piece| *piece != "what the component" && *piece != "or its host")
        .filter(|piece| !piece.starts_with("has to say"))
}

fn list() -> String {
    let mut list = String::new();
    let mut tell = |what: &dyn Display, sentence: &dyn Display| {
        list += &format!("{what}\n    {sentence}\n");
    };
    for error in errors() {
        tell(&format_args!("{:?}", error.kind()), &error);
    }
    for holder in holders().into_iter().chain(unread()) {
        tell(
            &format_args!("{:?}", holder.liveness()),
            &holder.explanation(),
        );
    }
    let keepers = [
        (4712, "app"),
        (4713, "worker"),
        (4714, "worker"),
        (4715, "sh"),
    ];
    let keepers = keepers.map(|(pid, command)| Keeper::new(pid, command.to_owned()));
    for count in [1, 2, 4] {
        tell(&"Alive(Evidence)", &Kept(&keepers[..count]));
    }
    for replaced in replaced() {
        tell(&format_args!("{:?}", replaced.reason()), &replaced);
    }
    for warning in warnings() {
        tell(&"Warning", &warning);
    }
    let pending = Restored::Pending(Duration::ZERO);
    for restored in [
        Restored::Intact,
        Restored::Claim,
        Restored::Observed,
        Restored::Unobserved,
        Restored::Weaker,
        pending,
    ] {
        tell(&"Restored", &restored);
    }
    list
}

fn file(name: &str) -> PathBuf {
    Path::new("D").join(name)
}

fn lock() -> PathBuf {
    file("tinyforge.lock")
}

fn reclaim() -> PathBuf {
    file("tinyforge.lock.reclaim")
}

/// Returns one error of each kind, in each of its variants.
fn errors() -> Vec<Error> {
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
    errors.extend(refusals.map(|holder| held(holder, Circumstance::Owning)));
    let unread = unread().into_iter();
    errors.extend(unread.map(|holder| held(holder, Circumstance::Owning)));
    let unknown = holder(UNKNOWN[0], true);
    let beside = held(unknown, Circumstance::Owning);
    errors.push(beside.beside("OTHER", &reclaim()));
    let kinds = [
        Kind::Ancestor(running(), 4711),
        Kind::Ancestor(holder(ALIVE[0], true), 4712),
        Kind::Contended,
        Kind::Unsettled(Awaited::Settling),
        Kind::Lost,
        Kind::Moved,
        Kind::Inherited(4711),
        not_the_owner(Instead::Nobody),
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
    errors.push(Error::io("D".into(), "open directory", missing));
    errors.extend(failures());
    errors.push(Error::new("NAME".into(), Kind::BadName));
    errors.push(Error::new("NAME".into(), Kind::UnusableName("WHY")));
    errors.push(Error::new("D".into(), Kind::Host("WHY".to_owned())));
    let trap = wasmtime::Error::msg("WHY");
    errors.push(Error::internal(Path::new("D"), trap));
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
    let whose = belonging.told(outcome::Failure { operation, code });
    let operation = words_of(operation).to_owned();
    let error = io::Error::other(error_code::words(code));
    Error::new(lock(), Kind::Io(operation, error, whose))
}

fn not_the_owner(instead: Instead) -> Kind {
    Kind::NotTheOwner("IDENTITY".to_owned(), instead)
}

fn held(holder: Holder, circumstance: Circumstance) -> Error {
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

fn holder(liveness: asked::Liveness, claimed: bool) -> Holder {
    named("IDENTITY", liveness, claimed)
}

fn named(identity: &str, liveness: asked::Liveness, claimed: bool) -> Holder {
    let holder = in_the_contract(identity, liveness, claimed);
    Holder::new(Path::new("D"), "tinyforge.lock".to_owned(), holder)
}

fn in_the_contract(identity: &str, liveness: asked::Liveness, claimed: bool) -> outcome::Holder {
    outcome::Holder {
        pid: Some(4711),
        identity: Some(identity.to_owned()),
        claimed,
        since: Some(outcome::Datetime {
            seconds: 1_795_469_771,
            nanoseconds: 0,
        }),
        liveness,
    }
}

/// Returns owners whose file only another user may read: one that runs, one that may, and one that nothing names.
fn unread() -> [Holder; 3] {
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
fn holders() -> Vec<Holder> {
    let lives = ALIVE.into_iter().chain(UNKNOWN).chain(DEAD);
    let mut holders: Vec<_> = lives.map(|it| holder(it, true)).collect();
    holders.insert(4, holder(ALIVE[3], false));
    holders.insert(10, holder(UNKNOWN[2], false));
    holders
}

const ALIVE: [asked::Liveness; 6] = [
    asked::Liveness::Alive(asked::AliveReason::Evidence),
    asked::Liveness::Alive(asked::AliveReason::Running),
    asked::Liveness::Alive(asked::AliveReason::Unguarded),
    asked::Liveness::Alive(asked::AliveReason::Exists),
    asked::Liveness::Alive(asked::AliveReason::ThisProcess),
    asked::Liveness::Alive(asked::AliveReason::OwnPid),
];

const UNKNOWN: [asked::Liveness; 4] = [
    asked::Liveness::Unknown(asked::UnknownReason::OtherBoot),
    asked::Liveness::Unknown(asked::UnknownReason::OtherNamespace),
    asked::Liveness::Unknown(asked::UnknownReason::Unreadable),
    asked::Liveness::Unknown(asked::UnknownReason::NoAnswer),
];

const DEAD: [asked::Liveness; 6] = [
    asked::Liveness::Dead(asked::DeadReason::NoProcess),
    asked::Liveness::Dead(asked::DeadReason::Zombie),
    asked::Liveness::Dead(asked::DeadReason::Thread),
    asked::Liveness::Dead(asked::DeadReason::Reused),
    asked::Liveness::Dead(asked::DeadReason::EvidenceGone),
    asked::Liveness::Dead(asked::DeadReason::Nobody),
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
                | AliveReason::OwnPid,
            )
            | Liveness::Unknown(
                UnknownReason::OtherBoot
                | UnknownReason::OtherNamespace
                | UnknownReason::Unreadable
                | UnknownReason::NoAnswer,
            )
            | Liveness::Dead(
                DeadReason::NoProcess
                | DeadReason::Zombie
                | DeadReason::Thread
                | DeadReason::Reused
                | DeadReason::EvidenceGone
                | DeadReason::Nobody,
            ) => {}
        }
    }
}

fn replaced() -> impl Iterator<Item = Replaced> {
    let dead = DEAD.into_iter().filter_map(|it| match it {
        asked::Liveness::Dead(reason) => Some(outcome::ReplacedReason::Dead(reason)),
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
            reason,
        };
        Replaced::new(Path::new("D"), replaced)
    })
}

fn warnings() -> [Warning; 4] {
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
