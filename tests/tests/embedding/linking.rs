//! One import for hosts of every kind.

use lockhost::{
    DEFAULT_NAME, ErrorKind, Options, ProcessView,
    bindings::{Lockhost, sync, sync::lockfile::Options as SyncOptions},
    wasmtime::{Config, Engine, Error, Result, Store, component::Linker},
    wasmtime_wasi::{WasiView, filesystem::WasiFilesystemView, p2},
};
use lockhost_tests::fixture::Fixture;

use crate::host::{Host, acquire, block_on, linker, release};

/// Returns an engine with the settings of the ahead-of-time code.
fn engine() -> Result<Engine> {
    let mut config = Config::new();
    lockhost::configure(&mut config);
    Engine::new(&config)
}

#[test]
fn an_asynchronous_host_excludes_the_plain_api() -> Result<()> {
    let fixture = Fixture::free();
    let engine = engine()?;
    let component = lockhost::component(&engine)?;
    let mut store = Store::new(&engine, Host::new());
    block_on(async {
        let linker = linker(&engine)?;
        let instance = Lockhost::instantiate_async(&mut store, &component, &linker).await?;
        let lock = acquire(&mut store, &instance, fixture.path()).await?;
        let plain = Options::new().name("plugin.lock");
        let refused = plain.acquire(fixture.path()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Held);
        assert!(refused.holder().unwrap().is_this_process());
        release(&mut store, &instance, lock).await?;
        let lock = plain.acquire(fixture.path()).expect("it was released");
        let refused = acquire(&mut store, &instance, fixture.path()).await;
        let held = format!("held by Some({})", std::process::id());
        assert_eq!(refused.unwrap_err().to_string(), held);
        lock.release().expect("it is still held");
        Ok::<_, Error>(())
    })??;
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    Ok(())
}

#[test]
fn a_synchronous_host_takes_the_lock_without_any_async_call() -> Result<()> {
    let fixture = Fixture::stale();
    let engine = engine()?;
    let mut linker = Linker::<Host>::new(&engine);
    p2::add_to_linker_sync(&mut linker)?;
    lockhost::fit_filesystem(&mut linker, |host| host.filesystem())?;
    lockhost::add_to_linker(&mut linker, |host| host.process())?;
    let pre = linker.instantiate_pre(&lockhost::component(&engine)?)?;
    let mut store = Store::new(&engine, Host::new());
    let instance = sync::LockhostPre::new(pre)?.instantiate(&mut store)?;
    let guest = instance.lockhost_lockfile_lockfile();
    let directory = lockhost::open_directory(fixture.path())?;
    let directory = store.data_mut().ctx().table.push(directory)?;
    let options = SyncOptions {
        name: DEFAULT_NAME.into(),
        assume_dead: None,
    };
    let attempt = guest
        .attempt()
        .call_constructor(&mut store, directory, &options)?;
    let lock = guest
        .attempt()
        .call_try(&mut store, attempt, 0)?
        .expect("it is free");
    assert!(matches!(
        guest.lock().call_still_held(&mut store, lock)?,
        Ok(true)
    ));
    assert!(guest.lock().call_release(&mut store, lock)?.is_ok());
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    Ok(())
}

#[test]
fn an_interface_that_a_linker_has_is_not_added_twice() -> Result<()> {
    let mut linker = linker::<Host>(&engine()?)?;
    assert!(lockhost::add_view_to_linker(&mut linker).is_err());
    Ok(())
}
