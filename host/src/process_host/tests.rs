//! Tests of the answers to a guest.

use super::*;
use crate::{
    bindings::process::{AliveReason, DeadReason, Host},
    process::{identity::Identity, platform},
};
use wasmtime_wasi::filesystem::{self, Dir, FsPerms};

/// Asks with a directory, a file in it, and no other descriptor.
fn ask<T>(
    question: impl FnOnce(&mut ProcessCtxView<'_>, Resource<Descriptor>, Resource<Descriptor>) -> T,
) -> T {
    let directory = tempfile::tempdir().unwrap();
    let file = File::create(directory.path().join("file")).unwrap();
    let file = filesystem::File::new(file, FsPerms::ReadWrite, OpenMode::READ, true);
    let dir = platform::open_directory(directory.path()).unwrap();
    let dir = Dir::new(dir, FsPerms::ReadWrite, OpenMode::READ, true);
    let mut table = ResourceTable::new();
    let dir = table.push(Descriptor::Dir(dir)).unwrap();
    let file = table.push(Descriptor::File(file)).unwrap();
    let mut view = ProcessCtxView {
        ctx: &mut ProcessCtx::default(),
        table: &mut table,
    };
    question(&mut view, dir, file)
}

fn judged(owner: Owner) -> Liveness {
    ask(|view, _, file| view.process_alive(owner, file)).unwrap()
}

#[test]
fn numbers_that_no_process_has_name_no_owner() {
    for pid in [0, 1 << 31, u32::MAX - 1, u32::MAX] {
        assert!(matches!(
            judged(Owner::Pid(pid)),
            Liveness::Dead(DeadReason::NoProcess)
        ));
        assert_eq!(ask(|view, dir, _| view.identify(pid, dir)).unwrap(), None);
    }
}

#[test]
fn an_attempt_may_have_any_number() {
    for attempt in [0, 4096, u32::MAX] {
        let maker = ask(|view, dir, _| view.current(dir, attempt))
            .unwrap()
            .unwrap();
        let identity = Identity::parse(&maker.identity).unwrap();
        assert_eq!((identity.pid, identity.attempt), (maker.pid, attempt));
    }
}

#[test]
fn what_is_no_identity_is_unknown_and_never_dead() {
    let long = "1".repeat(1_000_000);
    for text in [
        "",
        "1-",
        "1-p",
        "1-p-1",
        "1-p0x7",
        "1-p4294967296",
        "1-p7-s18446744073709551616",
        "1-p7\n",
        "\u{0}",
        "2-p7",
        &long,
        &format!("1-p{long}"),
        // Only a number is known, of an unknown place.
        "1-p0",
        "1-p4294967295",
    ] {
        let liveness = judged(Owner::Maker(text.to_owned()));
        assert!(
            matches!(liveness, Liveness::Unknown(UnknownReason::Unreadable)),
            "{liveness:?}"
        );
    }
}

#[test]
fn a_directory_is_no_claim_and_never_dead() {
    let refused = ask(|view, dir, _| view.guard(dir)).unwrap();
    assert!(matches!(refused, Err(GuardError::Refused(_))));
    let liveness = ask(|view, dir, _| view.process_alive(Owner::Nobody, dir)).unwrap();
    assert!(
        matches!(liveness, Liveness::Unknown(UnknownReason::NoAnswer)),
        "{liveness:?}"
    );
}

/// Asks with a file that was opened like this for the guest, whatever the descriptor itself permits.
fn ask_with<T>(
    perms: FsPerms,
    mode: OpenMode,
    question: impl FnOnce(&mut ProcessCtxView<'_>, Resource<Descriptor>) -> T,
) -> (T, File) {
    let named = tempfile::NamedTempFile::new().unwrap();
    let file = named.reopen().unwrap();
    let same = file.try_clone().unwrap();
    let mut table = ResourceTable::new();
    let file = Descriptor::File(filesystem::File::new(file, perms, mode, true));
    let file = table.push(file).unwrap();
    let mut view = ProcessCtxView {
        ctx: &mut ProcessCtx::default(),
        table: &mut table,
    };
    (question(&mut view, file), same)
}

#[test]
fn what_may_not_be_written_is_not_guarded() {
    let both = OpenMode::READ | OpenMode::WRITE;
    for (perms, mode) in [
        (FsPerms::ReadOnly, both),
        (FsPerms::ReadOnly, OpenMode::READ),
        (FsPerms::ReadWrite, OpenMode::READ),
        (FsPerms::ReadWrite, OpenMode::WRITE),
    ] {
        let (answer, _) = ask_with(perms, mode, |view, file| view.guard(file).unwrap());
        let Err(GuardError::Refused(why)) = answer else {
            panic!("{perms:?} {mode:?} is guarded");
        };
        assert!(why.contains("not open for reading and writing"), "{why}");
    }
    let (answer, _) = ask_with(FsPerms::ReadWrite, both, |view, file| view.guard(file));
    assert!(answer.unwrap().is_ok());
}

#[test]
fn what_may_not_be_read_is_not_asked_about() {
    for (mode, known) in [(OpenMode::WRITE, false), (OpenMode::READ, true)] {
        let (answer, _) = ask_with(FsPerms::ReadWrite, mode, |view, file| {
            view.process_alive(Owner::Nobody, file).unwrap()
        });
        assert_eq!(matches!(answer, Liveness::Dead(_)), known, "{answer:?}");
    }
}

#[test]
fn a_guest_that_guards_too_much_is_refused_until_it_closes() {
    let (mut table, mut ctx) = (ResourceTable::new(), ProcessCtx::default());
    let mut view = ProcessCtxView {
        ctx: &mut ctx,
        table: &mut table,
    };
    for _ in 0..2 {
        let named = tempfile::NamedTempFile::new().unwrap();
        let file = named.reopen().unwrap();
        let mode = OpenMode::READ | OpenMode::WRITE;
        let file = filesystem::File::new(file, FsPerms::ReadWrite, mode, true);
        let file = view.table.push(Descriptor::File(file)).unwrap();
        let mut guard = || view.guard(Resource::new_borrow(file.rep())).unwrap();
        let evidence: Vec<_> = (0..GUARDED)
            .map(|_| guard().map_err(|_| "refused").unwrap())
            .collect();
        assert!(matches!(guard(), Err(GuardError::Refused(_))));
        // Dropping the evidence does not help either, while the descriptor stays.
        for evidence in evidence {
            process::HostEvidence::drop(&mut view, evidence).unwrap();
        }
        assert!(matches!(
            view.guard(Resource::new_borrow(file.rep())).unwrap(),
            Err(GuardError::Refused(_))
        ));
        assert_eq!(view.ctx.guarded.len(), GUARDED);
        view.table.delete(file).unwrap();
    }
}

#[test]
fn a_descriptor_that_is_none_traps() {
    let none = || Resource::new_own(4711);
    ask(|view, _, _| {
        assert!(view.current(none(), 0).is_err());
        assert!(view.identify(1, none()).is_err());
        assert!(view.guard(none()).is_err());
        assert!(view.process_alive(Owner::Nobody, none()).is_err());
    });
}

#[test]
fn this_process_is_alive_by_its_number_alone() {
    let liveness = judged(Owner::Pid(std::process::id()));
    assert!(matches!(
        liveness,
        Liveness::Alive(AliveReason::OwnPid | AliveReason::Evidence)
    ));
}
