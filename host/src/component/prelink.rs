//! The parts of every instance, made once in a process.

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
use wasmtime_wasi::filesystem::WasiFilesystemCtx;

use super::{
    code,
    state::{State, called},
    wasi_files,
};
use crate::{
    bindings::direct::LockhostPre,
    process_host::{ProcessCtxView, add_to_linker},
};

/// The component, linked with all its imports.
pub(super) struct Prelinked {
    pub(super) pre: LockhostPre<State>,
    /// A store's file system, with nothing in it.
    pub(super) files: WasiFilesystemCtx,
}

/// Returns the linked component, which is made at first use.
pub(super) fn get() -> Result<&'static Prelinked> {
    static PRELINKED: ForkSafeOnce<Prelinked> = ForkSafeOnce::new();

    PRELINKED.get(|| link(code::load()?), || link(code::copy()?))
}

/// A value that one thread makes while others wait for it, but never for a thread of another process. (One case
/// remains: a child that is forked in the very moment in which wasmtime registers code, for which wasmtime has a lock.)
struct ForkSafeOnce<T> {
    made: OnceLock<T>,
    /// The number of the process that makes it, or [`NO_PROCESS`]. In a child that was forked meanwhile, it is the
    /// parent's.
    maker: AtomicU32,
    /// The value that such a child has made.
    beside: OnceLock<T>,
}

/// The number of no process.
const NO_PROCESS: u32 = 0;

/// The longest wait for another thread, which needs less than a millisecond. It is not for ever: the thread may have
/// panicked, or belong to a parent that has the same number in its own PID namespace.
const PATIENCE: Duration = Duration::from_secs(5);

/// The shortest pause between two checks.
const PAUSE: Duration = Duration::from_micros(100);

impl<T> ForkSafeOnce<T> {
    const fn new() -> Self {
        Self {
            made: OnceLock::new(),
            maker: AtomicU32::new(NO_PROCESS),
            beside: OnceLock::new(),
        }
    }

    /// Returns the value, and makes it if there is none: by `once` while no other thread does so, or else by `beside`.
    ///
    /// # Errors
    /// The error of `once` or `beside`. The next caller tries again.
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
            match self.maker.compare_exchange(
                NO_PROCESS,
                myself,
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    let made =
                        once().inspect_err(|_| self.maker.store(NO_PROCESS, Ordering::Release))?;
                    return Ok(self.made.get_or_init(|| made));
                }
                // Polls instead of waiting for a lock: a lock might be held by no thread of this process.
                Err(maker)
                    if maker == myself
                        && waiting.get_or_insert_with(Instant::now).elapsed() < PATIENCE =>
                {
                    thread::sleep(PAUSE);
                }
                // Not in `made`, which may stay half-filled for ever.
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
    add_to_linker(&mut linker, |state: &mut State| {
        called(&mut state.table);
        ProcessCtxView {
            ctx: &mut state.process,
            table: &mut state.table,
        }
    })?;
    Ok(Prelinked {
        pre: LockhostPre::new(linker.instantiate_pre(&component)?)?,
        // It gets only the functions of `wasi:filesystem/types`: no directory, no clock, no random numbers.
        files: wasi_files::context(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use wasmtime::Error;

    use super::*;

    fn unused() -> Result<u32> {
        panic!("this is for another thread to do")
    }

    #[test]
    fn a_thread_that_comes_while_it_is_made_waits_for_it() {
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
                assert_eq!(*making.get(once, unused).unwrap(), 1);
            });
            begun.recv().unwrap();
            for _ in 0..8 {
                let come = come.clone();
                scope.spawn(move || {
                    come.send(()).unwrap();
                    assert_eq!(*making.get(unused, unused).unwrap(), 1);
                });
            }
        });
    }

    #[test]
    fn what_a_process_that_is_not_here_has_begun_is_made_beside_it() {
        let making = ForkSafeOnce::new();
        making.maker.store(process::id() + 1, Ordering::Relaxed);
        making
            .get(unused, || Err(Error::msg("no room")))
            .unwrap_err();
        assert_eq!(*making.get(unused, || Ok(2)).unwrap(), 2);
        assert_eq!(*making.get(unused, unused).unwrap(), 2);
    }

    #[test]
    fn after_a_failure_it_is_made_as_at_first() {
        let making = ForkSafeOnce::new();
        making
            .get(|| Err(Error::msg("no room")), unused)
            .unwrap_err();
        assert_eq!(*making.get(|| Ok(3), unused).unwrap(), 3);
        assert_eq!(*making.get(unused, unused).unwrap(), 3);
    }
}
