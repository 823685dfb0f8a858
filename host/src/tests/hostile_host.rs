//! Tests of the component beside a host that gives nonsensical answers. The component ends in order, stays within its
//! limits of questions and memory, and leaves nothing behind.

use std::{fs, path::Path};

use wasmtime::{
    Config, Engine, Store, StoreLimits, StoreLimitsBuilder,
    component::{Linker, Resource, ResourceTable},
};
use wasmtime_wasi::{
    WasiCtx, WasiCtxView, WasiView,
    filesystem::{Descriptor, WasiFilesystem, WasiFilesystemView},
    p2::bindings::filesystem::types,
};

use crate::{
    bindings::{
        Lockhost,
        lockfile::{Cause, Error, Options},
        process::{self, GuardError, Liveness, Maker, Owner, UnknownReason},
    },
    component::{self, engine},
    process::Evidence,
    wasi::{answer::at_once, directory::open_directory, fit_filesystem},
};

/// The maximum number of questions that one attempt may ask: one for each of 4,096 claims that may be in use, and a few
/// times more.
const MOST: usize = 5_000;

/// The memory limit of the component, in bytes.
const MEMORY: usize = 1 << 20;

type Answer<T> = wasmtime::Result<T>;

type Current = fn(u32) -> Answer<Result<Maker, String>>;

/// A host, question by question.
#[derive(Clone, Copy)]
struct Answers {
    current: Current,
    identify: fn(u32) -> Answer<Option<String>>,
    guard: fn() -> Answer<Option<GuardError>>,
    process_alive: fn() -> Answer<Liveness>,
}

/// A host with sensible answers.
const SOUND: Answers = Answers {
    current: |attempt| Ok(Ok(maker(format!("1-nonsense-a{attempt}")))),
    identify: |_| Ok(None),
    guard: || Ok(None),
    process_alive: || Ok(Liveness::Unknown(UnknownReason::NoAnswer)),
};

fn maker(identity: String) -> Maker {
    Maker {
        pid: 7,
        identity,
        evidence: true,
        session: false,
    }
}

struct HostileHost {
    table: ResourceTable,
    wasi: WasiCtx,
    limits: StoreLimits,
    answers: Answers,
    asked: usize,
}

impl HostileHost {
    fn asked(&mut self) {
        self.asked += 1;
        assert!(self.asked < MOST, "it asks for ever");
    }
}

impl WasiView for HostileHost {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl process::Host for HostileHost {
    fn current(
        &mut self,
        _dir: Resource<Descriptor>,
        attempt: u32,
    ) -> Answer<Result<Maker, String>> {
        self.asked();
        (self.answers.current)(attempt)
    }

    fn identify(&mut self, pid: u32, _dir: Resource<Descriptor>) -> Answer<Option<String>> {
        self.asked();
        (self.answers.identify)(pid)
    }

    fn guard(
        &mut self,
        claim: Resource<Descriptor>,
    ) -> Answer<Result<Resource<Evidence>, GuardError>> {
        self.asked();
        if let Some(error) = (self.answers.guard)()? {
            return Ok(Err(error));
        }
        let Descriptor::File(file) = self.table.get(&claim)? else {
            return Err(wasmtime::Error::msg("it guards a directory"));
        };
        let evidence =
            Evidence::leave(&file.file).map_err(|_| wasmtime::Error::msg("no evidence"))?;
        Ok(Ok(self.table.push(evidence)?))
    }

    fn process_alive(&mut self, _owner: Owner, _file: Resource<Descriptor>) -> Answer<Liveness> {
        self.asked();
        (self.answers.process_alive)()
    }
}

impl process::HostEvidence for HostileHost {
    fn drop(&mut self, evidence: Resource<Evidence>) -> wasmtime::Result<()> {
        drop(self.table.delete(evidence)?);
        Ok(())
    }
}

/// Borrowed by the linker as it is.
struct HasHostileHost;

impl wasmtime::component::HasData for HasHostileHost {
    type Data<'a> = &'a mut HostileHost;
}

/// Makes one call of an attempt in this directory. The outer error is a trap.
fn attempt(directory: &Path, answers: Answers) -> wasmtime::Result<Result<(), Error>> {
    let mut config = Config::new();
    engine::configure(&mut config);
    let engine = Engine::new(&config)?;
    let component = component::component(&engine)?;
    let mut linker = Linker::<HostileHost>::new(&engine);
    types::add_to_linker::<HostileHost, WasiFilesystem>(&mut linker, |state| state.filesystem())?;
    fit_filesystem(&mut linker, |state| state.filesystem())?;
    process::add_to_linker::<HostileHost, HasHostileHost>(&mut linker, |state| state)?;
    let state = HostileHost {
        table: ResourceTable::new(),
        wasi: WasiCtx::builder()
            .allow_blocking_current_thread(true)
            .build(),
        limits: StoreLimitsBuilder::new()
            .memory_size(MEMORY)
            .trap_on_grow_failure(true)
            .build(),
        answers,
        asked: 0,
    };
    let mut store = Store::new(&engine, state);
    store.limiter(|state| &mut state.limits);
    let exports = at_once(Lockhost::instantiate_async(&mut store, &component, &linker))??;
    let directory = open_directory(directory)?;
    let directory = store.data_mut().table.push(directory)?;
    let options = Options {
        name: "a.lock".to_owned(),
        assume_dead: None,
    };
    let guest = exports.lockhost_lockfile_lockfile();
    let attempt = at_once(
        guest
            .attempt()
            .call_constructor(&mut store, directory, &options),
    )??;
    let outcome = at_once(guest.attempt().call_try(&mut store, attempt, 0))??;
    if let Ok(lock) = outcome {
        at_once(guest.lock().call_release(&mut store, lock))??.expect("nothing is in its way");
        return Ok(Ok(()));
    }
    Ok(outcome.map(drop))
}

/// Returns the files in a directory.
fn files(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Returns the cause for which it has no lock, and checks that nothing is left.
fn cause(answers: Answers) -> Cause {
    let directory = tempfile::tempdir().unwrap();
    let cause = attempt(directory.path(), answers)
        .unwrap()
        .unwrap_err()
        .cause;
    assert!(files(directory.path()).is_empty());
    cause
}

#[test]
fn a_host_that_makes_sense_gets_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    attempt(directory.path(), SOUND).unwrap().unwrap();
    assert!(files(directory.path()).is_empty());
}

#[test]
fn what_is_no_identity_makes_no_file() {
    let no_identities: [Current; 8] = [
        |_| Ok(Ok(maker(String::new()))),
        |_| Ok(Ok(maker("../../tmp/x".to_owned()))),
        |_| Ok(Ok(maker("1-p7/../x".to_owned()))),
        |_| Ok(Ok(maker("1-p7\0".to_owned()))),
        |_| Ok(Ok(maker("reclaim".to_owned()))),
        |_| Ok(Ok(maker("1-P7".to_owned()))),
        |_| Ok(Ok(maker(format!("1-{}", "a".repeat(127))))),
        |_| Ok(Ok(maker(format!("1-{}", "a".repeat(100_000))))),
    ];
    for current in no_identities {
        let Cause::Host(_) = cause(Answers { current, ..SOUND }) else {
            panic!("it was the host's fault");
        };
    }
}

#[test]
fn a_host_that_cannot_say_who_it_is_is_quoted() {
    let current = |_| Ok(Err("it will not".repeat(1000)));
    let Cause::Host(why) = cause(Answers { current, ..SOUND }) else {
        panic!("it was the host's fault");
    };
    assert_eq!(why, "it will not".repeat(1000));
}

#[test]
fn an_identity_that_is_always_in_use_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.lock.1-taken"), "").unwrap();
    let current = |_| Ok(Ok(maker("1-taken".to_owned())));
    let error = attempt(directory.path(), Answers { current, ..SOUND })
        .unwrap()
        .unwrap_err();
    assert!(matches!(error.cause, Cause::Failed(_)), "{error:?}");
    assert_eq!(files(directory.path()), ["a.lock.1-taken"]);
}

#[test]
fn a_claim_that_is_always_probed_is_given_up() {
    let guard = || Ok(Some(GuardError::Probed));
    let cause = cause(Answers { guard, ..SOUND });
    assert!(matches!(cause, Cause::Contended), "{cause:?}");
}

#[test]
fn a_host_that_guards_nothing_is_quoted() {
    let guard = || Ok(Some(GuardError::Refused("it will not".to_owned())));
    let Cause::Host(why) = cause(Answers { guard, ..SOUND }) else {
        panic!("it was the host's fault");
    };
    assert_eq!(why, "it will not");
}

#[test]
fn an_owner_of_whom_nothing_is_known_holds_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    for (content, identify) in [
        ("7\n", SOUND.identify),
        ("7\n", |_| Ok(Some("../../x".to_owned()))),
        ("7\n", |_| Ok(Some("a".repeat(100_000)))),
        ("", SOUND.identify),
    ] {
        fs::write(directory.path().join("a.lock"), content).unwrap();
        let error = attempt(directory.path(), Answers { identify, ..SOUND })
            .unwrap()
            .unwrap_err();
        assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
        assert_eq!(files(directory.path()), ["a.lock"]);
    }
}

#[test]
fn a_host_that_traps_costs_the_instance_and_no_process_the_lock() {
    let current = |_| Err(wasmtime::Error::msg("it fails"));
    let guard = || Err(wasmtime::Error::msg("it fails"));
    let process_alive = || Err(wasmtime::Error::msg("it fails"));
    for (content, answers) in [
        (None, Answers { current, ..SOUND }),
        (None, Answers { guard, ..SOUND }),
        (
            Some("999999999\n"),
            Answers {
                process_alive,
                ..SOUND
            },
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        if let Some(content) = content {
            fs::write(directory.path().join("a.lock"), content).unwrap();
        }
        attempt(directory.path(), answers).unwrap_err();
        let options = crate::Options::new().name("a.lock");
        options
            .acquire(directory.path())
            .unwrap()
            .release()
            .unwrap();
    }
}
