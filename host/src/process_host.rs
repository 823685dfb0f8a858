//! The import `process` for a store: native answers to the contract's questions.

use std::{
    fs::File,
    sync::{Arc, Weak},
};

use tracing::debug;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, OpenMode};

use crate::{
    bindings::process::{self, GuardError, Liveness, Maker, Owner, UnknownReason},
    member::{Member, Observer},
    process::{
        self as native, Evidence,
        evidence::{is_regular, not_new},
        judge::{Sessions, judge, judge_by_evidence, judge_unread},
        mode::Mode,
    },
    wasi::reopen::reopen,
};

mod known;

use self::known::Known;

/// The maximum number of files that a store guards at one time, whatever its guest requests: each keeps a descriptor
/// open. A lock has one, an attempt at most ten.
const GUARDED: usize = 1_000;

/// The state of a store for `lockhost:lockfile/process`; one for each store, new as its `default()`.
///
/// [`add_to_linker`] has an example.
#[derive(Debug, Default)]
pub struct ProcessCtx {
    /// The descriptors under guard, to recognise the one that the component asks about.
    guarded: Vec<Weak<File>>,
    /// Those of them under which a kernel keeps a file locked. An attempt has one claim at a time, or a file that it
    /// made in place; once it is a lock, one of them is left.
    kept: Vec<Weak<File>>,
    /// Whether owners are judged without examining any process.
    by_evidence: bool,
    /// Whether the calls of all descriptors block, as in this library's own stores.
    files_block: bool,
    /// The mode of claims.
    mode: Mode,
    /// The session of this process, if it has one at a coordinator.
    member: Option<Arc<Member>>,
    /// What asks a coordinator without a session.
    observer: Option<Arc<Observer>>,
    /// What is known of the store's files.
    pub(crate) known: Known,
}

impl ProcessCtx {
    /// Returns the state of a new store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the state of a new store in which the calls of all descriptors block, as for those of
    /// [`open_directory`](crate::open_directory). In other stores, the directory of an attempt is opened once more.
    /// [`bindings`](crate::bindings) has an example.
    #[must_use]
    pub fn of_blocking_files() -> Self {
        Self {
            files_block: true,
            ..Self::default()
        }
    }

    /// Sets the mode of the claims that the store's guest guards from now on, and so of its locks; the default is
    /// [`Mode::PRIVATE`]. [`Mode`] has an example.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Sets the session in whose name the store's guest acts.
    pub(crate) fn set_member(&mut self, member: Option<Arc<Member>>) {
        self.member = member;
    }

    /// Sets what asks about sessions for a guest that acts in the name of none.
    pub(crate) fn set_observer(&mut self, observer: Option<Arc<Observer>>) {
        self.observer = observer;
    }

    /// Returns the coordinator, to which questions about sessions go.
    fn sessions(&self) -> Option<&dyn Sessions> {
        match (&self.member, &self.observer) {
            (Some(member), _) => Some(&**member),
            (None, Some(observer)) => Some(&**observer),
            (None, None) => None,
        }
    }

    /// Sets whether owners are judged only by the kernel's evidence, or by everything that is known of processes.
    pub(crate) fn judge_by_evidence(&mut self, alone: bool) {
        self.by_evidence = alone;
    }

    /// Returns whether owners are judged only by evidence.
    #[cfg(test)]
    pub(crate) fn judges_by_evidence(&self) -> bool {
        self.by_evidence
    }

    /// Returns whether any descriptor under guard is still open.
    pub(crate) fn guards_any(&self) -> bool {
        self.guarded.iter().any(|it| it.strong_count() > 0)
    }

    /// Returns the descriptor under which a kernel keeps the store's lock locked: the latest that is still open.
    pub(crate) fn evidence(&self) -> Option<Arc<File>> {
        self.kept.iter().rev().find_map(Weak::upgrade)
    }
}

/// A store's [`ProcessCtx`], with the table that has its files: the one of its WASI.
///
/// [`add_to_linker`] has an example.
#[derive(Debug)]
pub struct ProcessCtxView<'a> {
    /// The state of the store.
    pub ctx: &'a mut ProcessCtx,
    /// The table in which its WASI keeps descriptors, and in which the evidence is kept.
    pub table: &'a mut ResourceTable,
}

/// Data of a store that has a [`ProcessCtx`], for [`add_view_to_linker`], which has an example.
pub trait ProcessView: Send {
    /// Returns it, with the table that has the store's files.
    fn process(&mut self) -> ProcessCtxView<'_>;
}

/// Adds `lockhost:lockfile/process` to a linker, beside the host's own WASI and anything else in it. The WASI has to be
/// made fit as well: [`fit_filesystem`](crate::fit_filesystem) explains what is missing otherwise.
///
/// Its functions are synchronous and never wait. So this one function serves hosts that instantiate and call
/// synchronously and hosts that do so asynchronously, on any engine. Each is a few system calls.
///
/// A host may interrupt a call and drop the store, as a timeout does to a future. Then no operation that makes or
/// removes a file is under way, and all remaining files are dead. For that, the calls of an attempt's directory block
/// the thread once the attempt has asked for its identity. `open-at` blocks by
/// [`fit_filesystem`](crate::fit_filesystem), also in a store whose WASI does not block. (On a thread of tokio's, the
/// last call would still make or remove a file when the store is gone and another process has the lock.) Other calls of
/// such a store do not block.
/// [`allow_blocking_current_thread(true)`](wasmtime_wasi::WasiCtxBuilder::allow_blocking_current_thread) makes all of
/// them block, which is faster.
///
/// A host that calls its guests asynchronously links WASI by
/// [`p2::add_to_linker_async`](wasmtime_wasi::p2::add_to_linker_async). What
/// [`p2::add_to_linker_sync`](wasmtime_wasi::p2::add_to_linker_sync) links runs a tokio runtime by itself, and panics
/// inside of another one ("Cannot start a runtime from within a runtime").
///
/// A guest with this import may ask about processes by number (whether one exists, and when it started). It learns this
/// process' number, its boot and its namespaces. Of its open files, it may guard those that it can have made a moment
/// ago: regular, open for reading and writing, empty, of this process' user, with one name. A question about an owner
/// is answered for regular files that are open only for reading, and leaves no lock on them. About an identity it is
/// also answered for a directory, which is not touched. The guest can do nothing to a process, and can reach no file by
/// this import.
///
/// ```
/// use lockhost::{
///     ProcessCtx, ProcessCtxView,
///     wasmtime::{Engine, Result, component::{Linker, ResourceTable}},
///     wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView},
/// };
///
/// struct Host {
///     wasi: WasiCtx,
///     process: ProcessCtx,
///     table: ResourceTable,
/// }
///
/// impl WasiView for Host {
///     fn ctx(&mut self) -> WasiCtxView<'_> {
///         WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let mut linker = Linker::<Host>::new(&Engine::default());
/// lockhost::wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
/// lockhost::add_to_linker(&mut linker, |host| ProcessCtxView {
///     ctx: &mut host.process,
///     table: &mut host.table,
/// })?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the linker has the interface already, and does not allow shadowing.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> ProcessCtxView<'_>,
) -> wasmtime::Result<()> {
    process::add_to_linker::<T, HasProcess>(linker, view)
}

/// Adds the interface as [`add_to_linker`] does, for a host whose store's data implements [`ProcessView`].
///
/// ```
/// use lockhost::{
///     ProcessCtx, ProcessCtxView, ProcessView,
///     wasmtime::{Engine, Result, component::{Linker, ResourceTable}},
/// };
///
/// struct Host {
///     process: ProcessCtx,
///     table: ResourceTable,
/// }
///
/// impl ProcessView for Host {
///     fn process(&mut self) -> ProcessCtxView<'_> {
///         ProcessCtxView { ctx: &mut self.process, table: &mut self.table }
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let mut linker = Linker::<Host>::new(&Engine::default());
/// lockhost::add_view_to_linker(&mut linker)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`add_to_linker`].
pub fn add_view_to_linker<T: ProcessView + 'static>(
    linker: &mut Linker<T>,
) -> wasmtime::Result<()> {
    add_to_linker(linker, T::process)
}

struct HasProcess;

impl HasData for HasProcess {
    type Data<'a> = ProcessCtxView<'a>;
}

impl ProcessCtxView<'_> {
    fn open(&self, descriptor: &Resource<Descriptor>) -> wasmtime::Result<Arc<File>> {
        Ok(match self.table.get(descriptor)? {
            Descriptor::File(file) => Arc::clone(&file.file),
            Descriptor::Dir(dir) => Arc::clone(&dir.dir),
        })
    }

    /// Makes the calls of a directory block from now on, so that a dropped store leaves none of them half-done.
    fn make_blocking(
        &mut self,
        dir: &Resource<Descriptor>,
    ) -> wasmtime::Result<Result<(), String>> {
        if self.ctx.files_block {
            return Ok(Ok(()));
        }
        let descriptor = self.table.get_mut(dir)?;
        // The evidence of a file belongs to the very descriptor that was guarded.
        if !matches!(descriptor, Descriptor::Dir(_)) {
            return Ok(Ok(()));
        }
        Ok(match reopen(descriptor) {
            Ok(blocking) => {
                *descriptor = blocking;
                Ok(())
            }
            Err(error) => Err(format!("the directory cannot be reopened: {error:#}")),
        })
    }

    /// Returns the descriptors under guard that are still open.
    fn guarded(&mut self) -> &mut Vec<Weak<File>> {
        let guarded = &mut self.ctx.guarded;
        guarded.retain(|guarded| guarded.strong_count() > 0);
        guarded
    }

    fn guards(&mut self, file: &Arc<File>) -> bool {
        let mut guarded = self.guarded().iter();
        guarded.any(|guarded| std::ptr::eq(guarded.as_ptr(), Arc::as_ptr(file)))
    }
}

/// The answer about what is not a file, or may not be read: it proves nothing about an owner, and a lock on it would
/// block other processes.
const NO_ANSWER: Liveness = Liveness::Unknown(UnknownReason::NoAnswer);

impl process::Host for ProcessCtxView<'_> {
    fn current(
        &mut self,
        dir: Resource<Descriptor>,
        attempt: u32,
    ) -> wasmtime::Result<Result<Maker, String>> {
        if let Err(why) = self.make_blocking(&dir)? {
            return Ok(Err(why));
        }
        let dir = self.open(&dir)?;
        let maker = native::evidence_kind(&dir).and_then(|kind| {
            self.ctx.known.note_directory(&dir, kind);
            native::current_on(&dir, kind)
        });
        debug!(attempt, answer = ?maker.as_ref().map(ToString::to_string), "identified this process");
        Ok(match maker {
            Ok(process) => {
                let (pid, evidence) = (process.pid(), process.promises_evidence());
                let identity = match &self.ctx.member {
                    Some(member) => member.identity(process.for_attempt(attempt)),
                    None => process.for_attempt(attempt),
                };
                Ok(Maker {
                    pid,
                    evidence,
                    session: self.ctx.member.is_some(),
                    identity: identity.to_string(),
                })
            }
            Err(error) => Err(error.to_string()),
        })
    }

    fn identify(
        &mut self,
        pid: u32,
        dir: Resource<Descriptor>,
    ) -> wasmtime::Result<Option<String>> {
        let identity = native::identify(pid, &*self.open(&dir)?);
        let identity = identity.map(|identity| identity.to_string());
        debug!(pid, answer = ?identity, "identified the process with a pid");
        Ok(identity)
    }

    fn guard(
        &mut self,
        claim: Resource<Descriptor>,
    ) -> wasmtime::Result<Result<Resource<Evidence>, GuardError>> {
        let Descriptor::File(claim) = self.table.get(&claim)? else {
            return Ok(Err(not_new("it is no regular file").into()));
        };
        let both = OpenMode::READ | OpenMode::WRITE;
        if claim.perms.write_not_permitted() || !claim.open_mode.contains(both) {
            return Ok(Err(not_new("it is not open for reading and writing").into()));
        }
        let file = Arc::clone(&claim.file);
        if self.guarded().len() >= GUARDED {
            return Ok(Err(GuardError::Refused(format!(
                "the claim was made, but {GUARDED} files are under guard already"
            ))));
        }
        let (mode, known) = (self.ctx.mode, &mut self.ctx.known);
        let guarded = match known.made_on(&file) {
            Some(kind) => Evidence::leave_new(&file, kind, mode).map(|(evidence, id)| {
                known.note_opened(&file, id);
                evidence
            }),
            None => Evidence::leave_with(&file, mode),
        };
        Ok(match guarded {
            Ok(evidence) => {
                debug!(kept = evidence.is_kept(), "a claim is guarded");
                self.ctx.guarded.push(evidence.descriptor());
                if evidence.is_kept() {
                    self.ctx.kept.retain(|kept| kept.strong_count() > 0);
                    self.ctx.kept.push(evidence.descriptor());
                }
                Ok(self.table.push(evidence)?)
            }
            Err(error) => Err(error.into()),
        })
    }

    fn process_alive(
        &mut self,
        owner: Owner,
        file: Resource<Descriptor>,
    ) -> wasmtime::Result<Liveness> {
        let file = match self.table.get(&file)? {
            Descriptor::Dir(dir) if !self.ctx.by_evidence => {
                let owner = owner.into();
                let answer = judge_unread(&owner, &dir.dir, self.ctx.sessions());
                debug!(?owner, ?answer, "judged the owner of an unread file");
                return Ok(answer.into());
            }
            Descriptor::File(file) if file.open_mode.contains(OpenMode::READ) => {
                Arc::clone(&file.file)
            }
            _ => return Ok(NO_ANSWER),
        };
        if !self.ctx.known.is_latest(&file) && !is_regular(&file) {
            return Ok(NO_ANSWER);
        }
        let own = self.guards(&file);
        let owner = owner.into();
        let answer = if self.ctx.by_evidence {
            judge_by_evidence(&owner, &file, own)
        } else {
            judge(&owner, &file, own, self.ctx.sessions())
        };
        debug!(?owner, own, ?answer, "judged an owner");
        Ok(answer.into())
    }
}

impl process::HostEvidence for ProcessCtxView<'_> {
    fn drop(&mut self, evidence: Resource<Evidence>) -> wasmtime::Result<()> {
        drop(self.table.delete(evidence)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
