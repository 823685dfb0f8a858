//! The component's own work, counted: wasmtime takes a unit of fuel for an instruction. The numbers change a little
//! with the lengths of names, a process's pid among them, so there are bounds. A change that costs more shows here.

use std::ops::RangeInclusive;

use lockhost::{
    bindings::LockhostPre,
    wasmtime::{Result, Store},
};
use lockhost_machine::{machine::sweeps_unasked, names::Identity};
use lockhost_tests::fixture::{Fixture, NO_PROCESS};

use crate::{
    fuel,
    host::{Host, acquire, block_on, release},
};

/// Enough for everything.
const FUEL: u64 = 1 << 40;

/// Returns the fuel that acquiring takes, and that releasing takes if the lock was acquired.
fn taken(pre: &LockhostPre<Host>, fixture: &Fixture) -> Result<(u64, Option<u64>)> {
    let mut store = Store::new(pre.engine(), Host::new());
    store.set_fuel(FUEL)?;
    block_on(async {
        let instance = pre.instantiate_async(&mut store).await?;
        store.set_fuel(FUEL)?;
        let outcome = acquire(&mut store, &instance, fixture.path()).await;
        let acquiring = FUEL - store.get_fuel()?;
        let Ok(lock) = outcome else {
            return Ok((acquiring, None));
        };
        store.set_fuel(FUEL)?;
        release(&mut store, &instance, lock).await?;
        Ok((acquiring, Some(FUEL - store.get_fuel()?)))
    })?
}

fn takes(fuel: u64, expected: RangeInclusive<u64>, what: &str) {
    println!("{what}: {fuel}");
    assert!(expected.contains(&fuel), "{what}: {fuel}, not {expected:?}");
}

/// Returns whether this process is one in 64 that sweep without a cause.
fn sweeps() -> bool {
    let lock = lockhost::acquire(Fixture::free().path()).expect("it is free");
    let identity = Identity::new(lock.identity()).expect("it has a claim");
    sweeps_unasked(&identity)
}

#[test]
fn what_the_component_does_is_bounded_in_instructions() -> Result<()> {
    let pre = fuel::prepare()?;
    let fixture = Fixture::free();
    let (acquiring, releasing) = taken(&pre, &fixture)?;
    let expected = match sweeps() {
        true => 26_000..=32_000,
        false => 18_000..=22_000,
    };
    takes(acquiring, expected, "a free directory");
    takes(releasing.unwrap(), 13_000..=17_000, "the release");

    let fixture = Fixture::free().with("plugin.lock", "1\n");
    let (refusal, none) = taken(&pre, &fixture)?;
    assert_eq!(none, None);
    // That another program's file has one name only is trusted only where the host keeps evidence, so the host is asked
    // for that as well.
    takes(refusal, 18_000..=21_500, "a refusal");

    let fixture = Fixture::free().with("plugin.lock", NO_PROCESS);
    let (reclaim, _) = taken(&pre, &fixture)?;
    takes(reclaim, 57_000..=70_000, "a reclaim");
    Ok(())
}
