//! Interruptions in the middle of acquiring, at every point: the leftovers block no process.

use std::{
    future::{Future, poll_fn},
    path::Path,
    process::Command,
    task::Poll,
    thread,
};

use lockhost::{
    ErrorKind, Options, ProcessCtxView, ProcessView,
    bindings::{Lockhost, LockhostPre},
    wasmtime::{Engine, Result, Store, Trap},
    wasmtime_wasi::{WasiCtxView, WasiView},
};
use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::{Fixture, NO_PROCESS},
    program::lockhost,
};

use crate::{
    epochs, fuel,
    host::{Host, acquire, block_on, linker, release},
};

/// At how many points of each acquire fuel runs out, or the future is dropped.
const POINTS: u64 = 32;

/// Enough for everything.
const FUEL: u64 = 1 << 40;

/// Returns directories that are free, stale, and with a crashed reclaim.
fn fixtures() -> [Fixture; 3] {
    let stale = || Fixture::free().with("plugin.lock", NO_PROCESS);
    [
        Fixture::free(),
        stale(),
        stale().with("plugin.lock.reclaim", NO_PROCESS),
    ]
}

/// Acquires the lock, as soon as no process has a copy any more of the descriptors that the interruption left open: a
/// process that another test starts at this moment has one until its execve(2). If that is a reclaim lock's, and the
/// lock free, then this acquires the lock beside it, and removes it at the next try.
fn get_in(directory: &Path) {
    let options = Options::new().name("plugin.lock");
    for _ in 0..100_000 {
        match options.acquire(directory) {
            Ok(lock) => {
                lock.release().unwrap();
                if !directory.join("plugin.lock.reclaim").exists() {
                    return;
                }
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Held, "{error}"),
        }
        thread::yield_now();
    }
    panic!("no process gets in, or a reclaim lock is left");
}

/// Asserts that nothing is held: this process acquires the lock, and then another. Neither leaves the lock, or a
/// reclaim lock, behind.
fn nothing_is_held(fixture: &Fixture) {
    get_in(fixture.path());
    let mut command = Command::new(lockhost());
    command.args(["acquire", "--name", "plugin.lock"]);
    let mut other = Contender::start(command.arg(fixture.path()));
    assert_eq!(other.answer(), Answer::Owns);
    assert_eq!(other.stop().code(), Some(0));
    for file in fixture.files() {
        // The rest is a claim that no name needs, and that a later sweep removes.
        let name = file.to_string_lossy();
        assert!(name.starts_with("plugin.lock.1-p"), "{name}");
    }
}

/// Returns a store with this much fuel, and an instance in it.
fn fuelled(pre: &LockhostPre<Host>, fuel: u64) -> Result<(Store<Host>, Lockhost)> {
    let mut store = Store::new(pre.engine(), Host::new());
    store.set_fuel(FUEL)?;
    let instance = block_on(pre.instantiate_async(&mut store))??;
    store.set_fuel(fuel)?;
    Ok((store, instance))
}

/// Returns how much fuel an acquire takes without an interruption.
fn measured(pre: &LockhostPre<Host>, fixture: &Fixture) -> Result<u64> {
    let (mut store, instance) = fuelled(pre, FUEL)?;
    let lock = block_on(acquire(&mut store, &instance, fixture.path()))??;
    let taken = FUEL - store.get_fuel()?;
    block_on(release(&mut store, &instance, lock))??;
    Ok(taken)
}

#[test]
fn fuel_that_runs_out_leaves_nothing_held() -> Result<()> {
    let pre = fuel::prepare()?;
    for kind in 0..3 {
        let all = measured(&pre, &fixtures()[kind])?;
        for point in 0..POINTS {
            let fixture = &fixtures()[kind];
            let (mut store, instance) = fuelled(&pre, all * point / POINTS)?;
            let trap = block_on(acquire(&mut store, &instance, fixture.path()))?.unwrap_err();
            assert_eq!(trap.downcast_ref(), Some(&Trap::OutOfFuel));
            drop(store);
            nothing_is_held(fixture);
        }
        println!("an acquire that takes {all} of fuel was stopped at {POINTS} points");
    }
    Ok(())
}

/// Polls this many times. Returns whether it is done by then.
async fn polled(times: u64, future: impl Future) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..times {
        if poll_fn(|context| Poll::Ready(future.as_mut().poll(context)))
            .await
            .is_ready()
        {
            return true;
        }
    }
    false
}

#[test]
fn a_future_that_is_dropped_leaves_nothing_held() -> Result<()> {
    let pre = fuel::prepare()?;
    for kind in 0..3 {
        let all = measured(&pre, &fixtures()[kind])?;
        for polls in 1.. {
            let fixture = &fixtures()[kind];
            let (mut store, instance) = fuelled(&pre, FUEL)?;
            store.fuel_async_yield_interval(Some(all / POINTS))?;
            let done = block_on(polled(
                polls,
                acquire(&mut store, &instance, fixture.path()),
            ))?;
            drop(store);
            nothing_is_held(fixture);
            if done {
                println!("a future was dropped after each of {} polls", polls - 1);
                assert!(polls > POINTS / 2);
                break;
            }
        }
    }
    Ok(())
}

/// A host whose epoch ends at one of the calls that the component makes.
struct Ending {
    host: Host,
    engine: Engine,
    calls: u32,
}

impl Ending {
    fn called(&mut self) {
        self.calls = self.calls.wrapping_sub(1);
        if self.calls == 0 {
            self.engine.increment_epoch();
        }
    }
}

impl WasiView for Ending {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.called();
        self.host.ctx()
    }
}

impl ProcessView for Ending {
    fn process(&mut self) -> ProcessCtxView<'_> {
        self.called();
        self.host.process()
    }
}

#[test]
fn an_epoch_that_ends_at_any_call_leaves_nothing_held() -> Result<()> {
    // An engine for this test alone, since its epochs are.
    let pre = epochs::prepare()?;
    let engine = pre.engine();
    let component = lockhost::component(engine)?;
    let pre = LockhostPre::new(linker::<Ending>(engine)?.instantiate_pre(&component)?)?;
    for kind in 0..3 {
        for calls in 1.. {
            let fixture = &fixtures()[kind];
            let ending = Ending {
                host: Host::new(),
                engine: engine.clone(),
                calls,
            };
            let mut store = Store::new(engine, ending);
            store.set_epoch_deadline(1);
            let instance = block_on(pre.instantiate_async(&mut store))??;
            let outcome = block_on(acquire(&mut store, &instance, fixture.path()))?;
            let reached = store.data().calls == 0 || store.data().calls > calls;
            drop(store);
            match outcome {
                Err(trap) => assert_eq!(trap.downcast_ref(), Some(&Trap::Interrupt)),
                // The last calls are followed by no code that checks the epoch.
                Ok(_) if reached => {}
                Ok(_) => {
                    println!("an epoch ended at each of {} calls", calls - 1);
                    break;
                }
            }
            nothing_is_held(fixture);
        }
    }
    Ok(())
}
