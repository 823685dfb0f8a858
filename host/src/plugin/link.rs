//! The interface's functions, in a linker.

use std::any::Any;

use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceTable, ResourceType},
};
use wasmtime_wasi::filesystem::Descriptor;

use super::{
    asking::inspect,
    attempt::{Attempt, Terms, Trying},
    lock::Lock,
};
use crate::{bindings::direct::lockfile as wit, wasi::reopen::reopen};

/// Returns the table of a store's resources: those of its WASI, and the plugin's attempts and locks.
pub(super) type Table<T> = fn(&mut T) -> &mut ResourceTable;

/// Adds the functions to a linker.
pub(super) fn link<T: 'static>(
    linker: &mut Linker<T>,
    table: Table<T>,
    terms: Terms,
) -> Result<()> {
    let mut interface = linker.instance("lockhost:lockfile/lockfile@0.1.0")?;
    add_attempt(&mut interface, table, terms.clone())?;
    add_lock(&mut interface, table)?;
    let disclosure = terms.disclosure;
    interface.func_wrap(
        "inspect",
        move |mut store: StoreContextMut<'_, T>, (dir, name): (Resource<Descriptor>, String)| {
            let dir = reopen(table(store.data_mut()).get(&dir)?)?;
            Ok((inspect(dir, &name, &disclosure)?,))
        },
    )
}

fn add_attempt<T: 'static>(
    interface: &mut LinkerInstance<'_, T>,
    table: Table<T>,
    terms: Terms,
) -> Result<()> {
    let resource = ResourceType::host::<Attempt>();
    interface.resource("attempt", resource, move |mut store, rep| {
        let attempt = Resource::<Attempt>::new_own(rep);
        drop(table(store.data_mut()).delete(attempt)?);
        Ok(())
    })?;
    interface.func_wrap(
        "[constructor]attempt",
        move |mut store: StoreContextMut<'_, T>,
              (dir, options): (Resource<Descriptor>, wit::Options)| {
            let table = table(store.data_mut());
            let dir = reopen(&table.delete(dir)?)?;
            let attempt = if instances(table) < terms.at_once {
                Attempt::new(dir, options, &terms)?
            } else {
                Attempt::one_too_many(terms.at_once, terms.disclosure.clone())
            };
            Ok((table.push(attempt)?,))
        },
    )?;
    interface.func_wrap(
        "[method]attempt.succeed",
        move |mut store: StoreContextMut<'_, T>, (attempt, owner): (Resource<Attempt>, String)| {
            table(store.data_mut()).get_mut(&attempt)?.succeed(&owner)
        },
    )?;
    interface.func_wrap(
        "[method]attempt.try",
        move |mut store: StoreContextMut<'_, T>, (attempt, elapsed): (Resource<Attempt>, u64)| {
            let table = table(store.data_mut());
            Ok((match table.get_mut(&attempt)?.proceed(elapsed)? {
                Ok(lock) => Ok(table.push(lock)?),
                Err(error) => Err(error),
            },))
        },
    )
}

/// Returns how many instances of the component a plugin has.
pub(super) fn instances(table: &mut ResourceTable) -> usize {
    let has_one = |it: &&mut (dyn Any + Send)| match it.downcast_ref::<Attempt>() {
        Some(attempt) => matches!(attempt.trying, Trying::With(_)),
        None => it.is::<Lock>(),
    };
    table.iter_mut().filter(has_one).count()
}

fn add_lock<T: 'static>(interface: &mut LinkerInstance<'_, T>, table: Table<T>) -> Result<()> {
    let resource = ResourceType::host::<Lock>();
    interface.resource("lock", resource, move |mut store, rep| {
        let lock = Resource::<Lock>::new_own(rep);
        drop(table(store.data_mut()).delete(lock)?);
        Ok(())
    })?;
    interface.func_wrap(
        "[method]lock.report",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.report()?,))
        },
    )?;
    interface.func_wrap(
        "[method]lock.still-held",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.still_held()?,))
        },
    )?;
    interface.func_wrap(
        "[method]lock.restore",
        move |mut store: StoreContextMut<'_, T>, (lock, elapsed): (Resource<Lock>, u64)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.restore(elapsed)?,))
        },
    )?;
    interface.func_wrap(
        "[method]lock.rivals",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            // As in the functions beside: a handle that is no lock's is a fault of the guest.
            Ok((table(store.data_mut()).get_mut(&lock)?.rivals(),))
        },
    )?;
    interface.func_wrap(
        "[method]lock.refresh",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).get_mut(&lock)?.refresh()?,))
        },
    )?;
    interface.func_wrap(
        "[static]lock.release",
        move |mut store: StoreContextMut<'_, T>, (lock,): (Resource<Lock>,)| {
            Ok((table(store.data_mut()).delete(lock)?.release()?,))
        },
    )
}
