//! The settings that the examples show.

use std::{path::Path, thread};

use lockhost::{
    Options,
    bindings::LockhostPre,
    wasmtime::{Error, Result, Store, StoreLimitsBuilder},
};
use lockhost_tests::fixture::{Fixture, NO_PROCESS};

use crate::{
    epochs, fuel,
    host::{Host, acquire, block_on, release},
    instance_pre, memory_limit, pooling,
};

#[test]
fn each_example_takes_a_free_and_a_dead_lock_and_no_living_one() {
    let examples: [fn(&Path) -> Result<()>; 5] = [
        instance_pre::run,
        pooling::run,
        fuel::run,
        epochs::run,
        memory_limit::run,
    ];
    for run in examples {
        let fixture = Fixture::free();
        run(fixture.path()).unwrap();
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
        let fixture = fixture.with("plugin.lock", NO_PROCESS);
        run(fixture.path()).unwrap();
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
        let options = Options::new().name("plugin.lock");
        let lock = options.acquire(fixture.path()).unwrap();
        let refused = run(fixture.path()).unwrap_err().to_string();
        assert!(refused.starts_with("held by"), "{refused}");
        lock.release().unwrap();
    }
}

/// Makes one instance, whose lock is held until the returned function is called.
fn hold(pre: &LockhostPre<Host>, directory: &Path) -> Result<impl FnOnce() -> Result<()>> {
    hold_in(Store::new(pre.engine(), Host::new()), pre, directory)
}

/// Does the same in this store.
fn hold_in(
    mut store: Store<Host>,
    pre: &LockhostPre<Host>,
    directory: &Path,
) -> Result<impl FnOnce() -> Result<()>> {
    let (instance, lock) = block_on(async {
        let instance = pre.instantiate_async(&mut store).await?;
        let lock = acquire(&mut store, &instance, directory).await?;
        Ok::<_, Error>((instance, lock))
    })??;
    Ok(move || block_on(release(&mut store, &instance, lock))?)
}

#[test]
fn of_many_threads_with_one_component_exactly_one_gets_in() -> Result<()> {
    let (pre, fixture) = (instance_pre::prepare()?, Fixture::free());
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| hold(&pre, fixture.path())))
            .collect();
        let outcomes = threads.into_iter().map(|thread| thread.join().unwrap());
        outcomes.collect()
    });
    let mut owners: Vec<_> = outcomes.into_iter().filter_map(Result::ok).collect();
    assert_eq!(owners.len(), 1);
    owners.pop().unwrap()()?;
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    Ok(())
}

#[test]
fn an_exhausted_pool_refuses_an_instance_and_touches_nothing() -> Result<()> {
    let pre = pooling::prepare()?;
    let fixtures: Vec<_> = (0..=pooling::LOCKS).map(|_| Fixture::free()).collect();
    let (last, first) = fixtures.split_last().unwrap();
    let held: Vec<_> = first
        .iter()
        .map(|fixture| hold(&pre, fixture.path()))
        .collect::<Result<_>>()?;
    assert!(hold(&pre, last.path()).is_err());
    assert!(last.files().is_empty());
    for release in held {
        release()?;
    }
    hold(&pre, last.path())?()?;
    for fixture in fixtures {
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
    Ok(())
}

/// Runs a limited instance's attempt in this directory. Returns its result, with the store gone.
fn limited(pre: &LockhostPre<Host>, bytes: usize, directory: &Path) -> Result<()> {
    let mut store = Store::new(pre.engine(), Host::new());
    store.data_mut().limits = StoreLimitsBuilder::new().memory_size(bytes).build();
    store.limiter(|host| &mut host.limits);
    hold_in(store, pre, directory)?()
}

#[test]
fn too_little_memory_is_an_error_and_touches_nothing() -> Result<()> {
    let pre = instance_pre::prepare()?;
    let fixture = Fixture::free();
    let page = 1 << 16;
    assert!(limited(&pre, page - 1, fixture.path()).is_err());
    assert!(fixture.files().is_empty());
    let needed = (1..).find(|pages| limited(&pre, pages * page, fixture.path()).is_ok());
    println!("a lock takes {needed:?} pages of memory");
    // Each attempt before has given up in order, or left a dead owner's file.
    let lock = Options::new().name("plugin.lock").acquire(fixture.path());
    lock.unwrap().release().unwrap();
    Ok(())
}
