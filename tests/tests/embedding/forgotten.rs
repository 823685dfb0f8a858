//! What hosts forget most, and the errors that the page about embedding quotes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lockhost::{
    DeadReason, Options, ReplacedReason,
    bindings::LockhostPre,
    wasmtime::{Engine, Result, Store, component::Linker},
    wasmtime_wasi::{filesystem::WasiFilesystemView, p2},
};
use lockhost_tests::fixture::Fixture;

use crate::{
    forgetful::{Forgetful, left_after},
    host::{Host, acquire, block_on, linker, release},
};

/// Checks that the page quotes this error.
fn assert_quoted(error: &str) {
    let page = include_str!("../../../docs/embedding.md");
    assert!(
        page.contains(error),
        "docs/embedding.md does not have: {error}"
    );
}

#[test]
fn an_async_host_with_the_sync_linker_panics() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<Forgetful>::new(&engine);
    p2::add_to_linker_sync(&mut linker)?;
    lockhost::fit_filesystem(&mut linker, Forgetful::filesystem)?;
    lockhost::add_view_to_linker(&mut linker)?;
    let component = lockhost::component(&engine)?;
    let pre = LockhostPre::new(linker.instantiate_pre(&component)?)?;
    let fixture = Fixture::free();
    let attempt = || {
        block_on(async {
            let mut store = Store::new(&engine, Forgetful::new());
            let instance = pre.instantiate_async(&mut store).await?;
            acquire(&mut store, &instance, fixture.path()).await
        })
    };
    let panic = catch_unwind(AssertUnwindSafe(attempt)).unwrap_err();
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let message = message.expect("the panic has a message");
    assert_quoted(message.split('.').next().expect("its first sentence"));
    Ok(())
}

#[test]
fn fit_filesystem_before_wasi_is_an_error_of_wasi() -> Result<()> {
    let mut linker = Linker::<Host>::new(&Engine::default());
    lockhost::fit_filesystem(&mut linker, |host| host.filesystem())?;
    let error = p2::add_to_linker_async(&mut linker).unwrap_err();
    let message = error.root_cause().to_string();
    let parts: Vec<&str> = message.split('`').collect();
    let [before, _, after] = parts[..] else {
        panic!("{message}");
    };
    assert_quoted(&format!("{before}`…`{after}"));
    Ok(())
}

/// With WASI that does not block, `forgetful` counts the waits.
#[test]
fn a_blocking_wasi_waits_for_no_other_thread() -> Result<()> {
    let engine = Engine::default();
    let component = lockhost::component(&engine)?;
    let pre = LockhostPre::new(linker::<Host>(&engine)?.instantiate_pre(&component)?)?;
    let fixture = Fixture::free();
    let done = block_on(async {
        let mut store = Store::new(&engine, Host::new());
        let instance = pre.instantiate_async(&mut store).await?;
        let cycle = async {
            let lock = acquire(&mut store, &instance, fixture.path()).await;
            let lock = lock.expect("no process has it");
            release(&mut store, &instance, lock).await
        };
        Ok::<_, lockhost::wasmtime::Error>(left_after(0, cycle).await)
    })??;
    assert!(done);
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    Ok(())
}

#[test]
fn a_store_dropped_with_its_lock_leaves_a_dead_one() -> Result<()> {
    let engine = Engine::default();
    let component = lockhost::component(&engine)?;
    let pre = LockhostPre::new(linker::<Host>(&engine)?.instantiate_pre(&component)?)?;
    let fixture = Fixture::free();
    block_on(async {
        let mut store = Store::new(&engine, Host::new());
        let instance = pre.instantiate_async(&mut store).await?;
        acquire(&mut store, &instance, fixture.path()).await
    })??;
    let lock = Options::new().name("plugin.lock").acquire(fixture.path());
    let lock = lock.expect("the evidence went with the store");
    let gone = ReplacedReason::Dead(DeadReason::EvidenceGone);
    assert_eq!(lock.replaced()[0].reason(), gone);
    lock.release().expect("it is held");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    Ok(())
}
