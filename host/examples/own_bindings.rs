//! The component with bindings of its host's own, and `lockhost::process` for the answers. It is for hosts whose wasmtime
//! has another major version than this crate's. Only files, texts and answers have types of this crate.
//!
//!     cargo run -p lockhost --example own_bindings -- DIRECTORY
//!
//! It acquires the lock and holds it until its standard input ends. With another wasmtime, the inside of a `Descriptor` may
//! differ, and with it `Host::file` and `open`; nothing else does. `wit/` is a copy of this crate's.

use std::{env, error, fs::File, io, path::Path};

use wasmtime::{
    Engine, Error, Result, Store,
    component::{Component, HasSelf, Linker, Resource, ResourceTable},
};
use wasmtime_wasi::{
    WasiCtx, WasiCtxView, WasiView,
    filesystem::{Descriptor, Dir, FsPerms, OpenMode, WasiFilesystem, WasiFilesystemView},
    p2::bindings::filesystem::types,
};

#[allow(missing_docs, clippy::all, unused_qualifications)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "lockhost",
        with: {
            "wasi": wasmtime_wasi::p2::bindings,
            // With `::` in front, as what is made here has a module `lockhost` as well.
            "lockhost:lockfile/process.evidence": ::lockhost::process::Evidence,
        },
        imports: { default: trappable },
        exports: { default: async },
    });
}

use bindings::{
    LockhostPre,
    exports::lockhost::lockfile::lockfile::Options,
    lockhost::lockfile::process::{self as asked, GuardError, Maker, Owner},
};
use lockhost::process::{self, Evidence};

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Host {
    /// Returns the file of a descriptor. A duplicate of it is the same to the kernel, and to its locks.
    fn file(&self, descriptor: &Resource<Descriptor>) -> Result<File> {
        Ok(match self.table.get(descriptor)? {
            Descriptor::File(file) => file.file.try_clone()?,
            Descriptor::Dir(dir) => dir.dir.try_clone()?,
        })
    }
}

impl asked::Host for Host {
    fn current(
        &mut self,
        dir: Resource<Descriptor>,
        attempt: u32,
    ) -> Result<Result<Maker, String>> {
        let me = process::current(&self.file(&dir)?);
        Ok(me.map_err(|error| error.to_string()).map(|me| Maker {
            pid: me.pid(),
            evidence: me.promises_evidence(),
            session: false,
            identity: me.for_attempt(attempt).to_string(),
        }))
    }

    fn identify(&mut self, pid: u32, dir: Resource<Descriptor>) -> Result<Option<String>> {
        let identity = process::identify(pid, &self.file(&dir)?);
        Ok(identity.map(|identity| identity.to_string()))
    }

    fn guard(
        &mut self,
        claim: Resource<Descriptor>,
    ) -> Result<Result<Resource<Evidence>, GuardError>> {
        Ok(match process::guard(self.file(&claim)?) {
            Ok(evidence) => Ok(self.table.push(evidence)?),
            Err(process::GuardError::Probed) => Err(GuardError::Probed),
            Err(error) => Err(GuardError::Refused(error.to_string())),
        })
    }

    fn process_alive(
        &mut self,
        owner: Owner,
        file: Resource<Descriptor>,
    ) -> Result<asked::Liveness> {
        let owner = match owner {
            Owner::Maker(identity) => process::Owner::Maker(identity),
            Owner::Pid(pid) => process::Owner::Pid(pid),
            Owner::Nobody => process::Owner::Nobody,
        };
        // The component asks about files that it has opened for that, and never about one that it had guarded.
        Ok(answer(process::liveness(&owner, &self.file(&file)?)))
    }
}

impl asked::HostEvidence for Host {
    fn drop(&mut self, evidence: Resource<Evidence>) -> Result<()> {
        drop(self.table.delete(evidence)?);
        Ok(())
    }
}

/// The same answer in the component's words. A reason of a later version never means dead.
fn answer(liveness: lockhost::Liveness) -> asked::Liveness {
    use lockhost::{AliveReason as Alive, DeadReason as Dead, Liveness, UnknownReason as Unknown};
    match liveness {
        Liveness::Alive(reason) => asked::Liveness::Alive(match reason {
            Alive::Evidence => asked::AliveReason::Evidence,
            Alive::Running => asked::AliveReason::Running,
            Alive::Unguarded => asked::AliveReason::Unguarded,
            Alive::ThisProcess => asked::AliveReason::ThisProcess,
            Alive::OwnPid => asked::AliveReason::OwnPid,
            _ => asked::AliveReason::Exists,
        }),
        Liveness::Dead(Dead::NoProcess) => asked::Liveness::Dead(asked::DeadReason::NoProcess),
        Liveness::Dead(Dead::Zombie) => asked::Liveness::Dead(asked::DeadReason::Zombie),
        Liveness::Dead(Dead::Thread) => asked::Liveness::Dead(asked::DeadReason::Thread),
        Liveness::Dead(Dead::Reused) => asked::Liveness::Dead(asked::DeadReason::Reused),
        Liveness::Dead(Dead::EvidenceGone) => {
            asked::Liveness::Dead(asked::DeadReason::EvidenceGone)
        }
        Liveness::Dead(Dead::Nobody) => asked::Liveness::Dead(asked::DeadReason::Nobody),
        Liveness::Dead(_) => asked::Liveness::Unknown(asked::UnknownReason::NoAnswer),
        Liveness::Unknown(reason) => asked::Liveness::Unknown(match reason {
            Unknown::OtherBoot => asked::UnknownReason::OtherBoot,
            Unknown::OtherNamespace => asked::UnknownReason::OtherNamespace,
            Unknown::Unreadable => asked::UnknownReason::Unreadable,
            _ => asked::UnknownReason::NoAnswer,
        }),
    }
}

/// Opens a directory for the component, which sees nothing above or beside it.
fn open(directory: &Path) -> io::Result<Descriptor> {
    let mode = OpenMode::READ | OpenMode::WRITE;
    let directory = File::open(directory)?;
    Ok(Descriptor::Dir(Dir::new(
        directory,
        FsPerms::ReadWrite,
        mode,
        true,
    )))
}

/// Acquires the lock, does this work, and releases the lock.
async fn locked(directory: &Path, work: impl FnOnce()) -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<Host>::new(&engine);
    types::add_to_linker::<Host, WasiFilesystem>(&mut linker, Host::filesystem)?;
    asked::add_to_linker::<Host, HasSelf<Host>>(&mut linker, |host| host)?;
    let component = Component::new(&engine, lockhost::COMPONENT)?;
    let pre = LockhostPre::new(linker.instantiate_pre(&component)?)?;

    let host = Host {
        wasi: WasiCtx::builder()
            .allow_blocking_current_thread(true)
            .build(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&engine, host);
    let instance = pre.instantiate_async(&mut store).await?;
    let guest = instance.lockhost_lockfile_lockfile();
    let directory = store.data_mut().table.push(open(directory)?)?;
    let options = Options {
        name: lockhost::DEFAULT_NAME.into(),
        assume_dead: None,
    };
    let (attempt, lock) = (guest.attempt(), guest.lock());
    let trying = attempt
        .call_constructor(&mut store, directory, &options)
        .await?;
    let held = attempt.call_try(&mut store, trying, 0).await?;
    let held = held.map_err(|error| Error::msg(format!("{error:?}")))?;
    work();
    let released = lock.call_release(&mut store, held).await?;
    released.map_err(|error| Error::msg(format!("{error:?}")))
}

fn main() -> Result<(), Box<dyn error::Error>> {
    let directory = env::args_os()
        .nth(1)
        .ok_or("usage: own_bindings DIRECTORY")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let hold = || {
        println!("it is ours");
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
    };
    Ok(runtime.block_on(locked(Path::new(&directory), hold))?)
}

#[test]
fn it_and_the_plain_api_exclude_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    let lock = lockhost::acquire(directory.path()).unwrap();
    let refused = runtime.block_on(locked(directory.path(), || panic!("two owners")));
    assert!(refused.unwrap_err().to_string().contains("Held"));
    lock.release().unwrap();
    let ask = || {
        let refused = lockhost::acquire(directory.path()).unwrap_err();
        assert!(refused.holder().is_some_and(|it| it.is_this_process()));
    };
    runtime.block_on(locked(directory.path(), ask)).unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
