//! What instances are made of, made once in a process.

use std::{
    process,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use wasmtime::{
    Result,
    component::{Component, Linker},
};
use wasmtime_wasi::{
    WasiCtx,
    filesystem::{WasiFilesystemCtx, WasiFilesystemView},
};

use super::{
    code,
    state::{State, called},
    wasi_files,
};
use crate::{
    bindings::direct::LockhostPre,
    process_host::{ProcessCtxView, add_to_linker},
    wasi::fit_filesystem,
};

/// The component with all that it imports.
pub(super) struct Prelinked {
    pub(super) pre: LockhostPre<State>,
    /// A store's file system, with nothing in it.
    pub(super) files: WasiFilesystemCtx,
}

/// The component, linked: made at first use.
pub(super) fn get() -> Result<&'static Prelinked> {
    static PRELINKED: ForkSafeOnce<Prelinked> = ForkSafeOnce::new();

    PRELINKED.get(|| link(code::load()?), || link(code::copy()?))
}

/// What is made by one thread, while others wait for it; but never for one that is not in their process. (That cannot be kept
/// in a child that is forked in the very moment in which wasmtime notes a code: it has a lock for that.)
struct ForkSafeOnce<T> {
    made: OnceLock<T>,
    /// The number of the process that makes it, or [`NOBODY`]. A child that was forked meanwhile has its parent's here.
    maker: AtomicU32,
    /// What such a child has made.
    beside: OnceLock<T>,
}

/// No process' number.
const NOBODY: u32 = 0;

/// How long another thread is waited for, which needs less than a millisecond: not for ever, since it may have panicked, or
/// be one of a parent that has this number among processes of its own.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait before looking again, at least.
const PAUSE: Duration = Duration::from_micros(100);

impl<T> ForkSafeOnce<T> {
    const fn new() -> Self {
        Self {
            made: OnceLock::new(),
            maker: AtomicU32::new(NOBODY),
            beside: OnceLock::new(),
        }
    }

    /// What was made, or is now: `once`, which nobody else does meanwhile, or `beside` whoever may have been at it.
    ///
    /// # Errors
    /// What it says if it fails. Whoever comes next tries anew.
    fn get(
        &self,
        once: impl FnOnce() -> Result<T>,
        beside: impl FnOnce() -> Result<T>,
    ) -> Result<&T> {
        let mut waiting = None;
        loop {
            if let Some(made) = self.made() {
                return Ok(made);
            }
            let myself = process::id();
            match self
                .maker
                .compare_exchange(NOBODY, myself, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => {
                    let made =
                        once().inspect_err(|_| self.maker.store(NOBODY, Ordering::Release))?;
                    return Ok(self.made.get_or_init(|| made));
                }
                // A lock to wait for could be one that nobody in this process has.
                Err(maker)
                    if maker == myself
                        && waiting.get_or_insert_with(Instant::now).elapsed() < PATIENCE =>
                {
                    thread::sleep(PAUSE);
                }
                // Not in the other's place, which may be half filled for good.
                Err(_) => {
                    let made = beside()?;
                    return Ok(self.beside.get_or_init(|| made));
                }
            }
        }
    }

    fn made(&self) -> Option<&T> {
        self.made.get().or_else(|| self.beside.get())
    }
}

fn link(component: Component) -> Result<Prelinked> {
    let mut linker = Linker::<State>::new(component.engine());
    wasi_files::add_to_linker(&mut linker)?;
    fit_filesystem(&mut linker, |state| state.filesystem())?;
    add_to_linker(&mut linker, |state: &mut State| {
        called(&mut state.table);
        ProcessCtxView {
            ctx: &mut state.process,
            table: &mut state.table,
        }
    })?;
    // Nothing is given to it but the functions of `wasi:filesystem/types`: no directory, no clock, no random numbers.
    // Blocking is allowed, so every call is done when it returns, on this thread.
    let mut wasi = WasiCtx::builder()
        .allow_blocking_current_thread(true)
        .build();
    Ok(Prelinked {
        pre: LockhostPre::new(linker.instantiate_pre(&component)?)?,
        files: wasi.filesystem().clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use wasmtime::Error;

    use super::*;

    fn nobody() -> Result<u32> {
        panic!("this is for somebody else to do")
    }

    #[test]
    fn whoever_comes_while_it_is_made_waits_for_it() {
        let making = ForkSafeOnce::new();
        let (come, waited_for) = mpsc::channel();
        thread::scope(|scope| {
            let making = &making;
            let (begin, begun) = mpsc::channel();
            scope.spawn(move || {
                let once = || {
                    begin.send(()).unwrap();
                    (0..8).for_each(|_| waited_for.recv().unwrap());
                    Ok(1)
                };
                assert_eq!(*making.get(once, nobody).unwrap(), 1);
            });
            begun.recv().unwrap();
            for _ in 0..8 {
                let come = come.clone();
                scope.spawn(move || {
                    come.send(()).unwrap();
                    assert_eq!(*making.get(nobody, nobody).unwrap(), 1);
                });
            }
        });
    }

    #[test]
    fn what_a_process_that_is_not_here_has_begun_is_made_beside_it() {
        let making = ForkSafeOnce::new();
        making.maker.store(process::id() + 1, Ordering::Relaxed);
        making
            .get(nobody, || Err(Error::msg("no room")))
            .unwrap_err();
        assert_eq!(*making.get(nobody, || Ok(2)).unwrap(), 2);
        assert_eq!(*making.get(nobody, nobody).unwrap(), 2);
    }

    #[test]
    fn after_a_failure_it_is_made_as_at_first() {
        let making = ForkSafeOnce::new();
        making
            .get(|| Err(Error::msg("no room")), nobody)
            .unwrap_err();
        assert_eq!(*making.get(|| Ok(3), nobody).unwrap(), 3);
        assert_eq!(*making.get(nobody, nobody).unwrap(), 3);
    }
}
