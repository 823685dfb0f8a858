//! The import `process` for a store: the contract's questions, answered natively.

use std::{
    fs::File,
    sync::{Arc, Weak},
};

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;

use crate::{
    bindings::lockhost::lockfile::process::{self, GuardError, Liveness, Maker, Owner},
    evidence::Evidence,
    process::{identity::Identity, judge::judge, platform},
};

/// What a store remembers for the import.
#[derive(Debug, Default)]
pub(crate) struct ProcessCtx {
    /// The descriptors under guard, to be recognised when the component asks about one of them.
    guarded: Vec<Weak<File>>,
}

/// A store's [`ProcessCtx`], with the table that has its files.
pub(crate) struct ProcessView<'a> {
    pub(crate) ctx: &'a mut ProcessCtx,
    pub(crate) table: &'a mut ResourceTable,
}

/// For `add_to_linker`.
pub(crate) struct HasProcess;

impl HasData for HasProcess {
    type Data<'a> = ProcessView<'a>;
}

impl ProcessView<'_> {
    fn open(&self, descriptor: &Resource<Descriptor>) -> wasmtime::Result<Arc<File>> {
        Ok(match self.table.get(descriptor)? {
            Descriptor::File(file) => Arc::clone(&file.file),
            Descriptor::Dir(dir) => Arc::clone(&dir.dir),
        })
    }

    fn guards(&mut self, file: &Arc<File>) -> bool {
        self.ctx
            .guarded
            .retain(|guarded| guarded.strong_count() > 0);
        self.ctx
            .guarded
            .iter()
            .any(|guarded| std::ptr::eq(guarded.as_ptr(), Arc::as_ptr(file)))
    }
}

impl process::Host for ProcessView<'_> {
    fn current(
        &mut self,
        dir: Resource<Descriptor>,
        attempt: u32,
    ) -> wasmtime::Result<Result<Maker, String>> {
        let evidence = match platform::evidence_kind(&*self.open(&dir)?) {
            Ok(evidence) => evidence,
            Err(error) => {
                return Ok(Err(format!(
                    "the type of the directory's file system cannot be told: {error}"
                )));
            }
        };
        let identity = match platform::myself() {
            Ok(me) => Identity {
                evidence,
                attempt,
                ..me
            },
            Err(error) => {
                return Ok(Err(format!(
                    "it cannot be told which process this is: {error}"
                )));
            }
        };
        Ok(Ok(Maker {
            pid: identity.pid,
            identity: identity.to_string(),
            evidence: evidence.is_some(),
        }))
    }

    fn identify(
        &mut self,
        pid: u32,
        dir: Resource<Descriptor>,
    ) -> wasmtime::Result<Option<String>> {
        let Ok(me) = platform::myself() else {
            return Ok(None);
        };
        let start = match platform::entry(pid) {
            _ if pid == me.pid => me.start,
            Some(entry) if me.start.is_some() => Some(entry.start),
            _ => return Ok(None),
        };
        let Ok(evidence) = platform::evidence_kind(&*self.open(&dir)?) else {
            return Ok(None);
        };
        let identity = Identity {
            pid,
            start,
            evidence,
            ..me
        };
        Ok(Some(identity.to_string()))
    }

    fn guard(
        &mut self,
        claim: Resource<Descriptor>,
    ) -> wasmtime::Result<Result<Resource<Evidence>, GuardError>> {
        let file = self.open(&claim)?;
        Ok(match Evidence::leave(&file) {
            Ok(evidence) => {
                self.ctx.guarded.push(evidence.descriptor());
                Ok(self.table.push(evidence)?)
            }
            Err(error) => Err(error),
        })
    }

    fn process_alive(
        &mut self,
        owner: Owner,
        file: Resource<Descriptor>,
    ) -> wasmtime::Result<Liveness> {
        let file = self.open(&file)?;
        let own = self.guards(&file);
        Ok(judge(&owner, &file, own))
    }
}

impl process::HostEvidence for ProcessView<'_> {
    fn drop(&mut self, evidence: Resource<Evidence>) -> wasmtime::Result<()> {
        self.table.delete(evidence)?;
        Ok(())
    }
}
