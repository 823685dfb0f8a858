//! The program of the tutorial for wasmtime hosts: it runs the component in an engine of its own.
//!
//!     cargo run -p lockhost --example first_host

use std::{error::Error, io, process::ExitCode};

use lockhost::{
    ProcessCtx, ProcessCtxView,
    bindings::{
        LockhostPre,
        lockfile::{Cause, Options},
    },
    wasmtime::{
        self, Config, Engine, Store,
        component::{Linker, ResourceTable},
    },
    wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, filesystem::WasiFilesystemView, p2},
};

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    process: ProcessCtx,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

fn prepare() -> wasmtime::Result<LockhostPre<Host>> {
    let mut config = Config::new();
    lockhost::configure(&mut config);
    let engine = Engine::new(&config)?;

    let mut linker = Linker::<Host>::new(&engine);
    p2::add_to_linker_async(&mut linker)?;
    lockhost::fit_filesystem(&mut linker, |host| host.filesystem())?;
    lockhost::add_to_linker(&mut linker, |host: &mut Host| ProcessCtxView {
        ctx: &mut host.process,
        table: &mut host.table,
    })?;
    LockhostPre::new(linker.instantiate_pre(&lockhost::component(&engine)?)?)
}

async fn hold(pre: &LockhostPre<Host>) -> Result<ExitCode, Box<dyn Error>> {
    let mut wasi = WasiCtx::builder();
    wasi.allow_blocking_current_thread(true);
    let host = Host {
        wasi: wasi.build(),
        table: ResourceTable::new(),
        process: ProcessCtx::new(),
    };
    let mut store = Store::new(pre.engine(), host);
    let instance = pre.instantiate_async(&mut store).await?;
    let guest = instance.lockhost_lockfile_lockfile();
    let (attempt, lock) = (guest.attempt(), guest.lock());

    let directory = lockhost::open_directory("data")?;
    let directory = store.data_mut().table.push(directory)?;
    let options = Options {
        name: lockhost::DEFAULT_NAME.into(),
        assume_dead: None,
    };
    let trying = attempt
        .call_constructor(&mut store, directory, &options)
        .await?;
    let held = match attempt.call_try(&mut store, trying, 0).await? {
        Ok(held) => held,
        Err(error) => {
            let Cause::Held(refusal) = error.cause else {
                return Err(format!("{}: {:?}", error.file, error.cause).into());
            };
            let pid = refusal.holder.pid.unwrap_or_default();
            println!("{} is held by pid {pid}", error.file);
            return Ok(ExitCode::from(75));
        }
    };
    println!("it is ours until the end of the input");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    let released = lock.call_release(&mut store, held).await?;
    released.map_err(|error| format!("{error:?}"))?;
    Ok(ExitCode::SUCCESS)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let pre = prepare()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(hold(&pre))
}
