//! A host whose plugins guard the directories that they are given, in either of two ways.
//!
//! From the repository, with the plugin in `tests/plugins/counter`:
//!
//!     cargo rustc -p counter-plugin --crate-type cdylib --target wasm32-wasip2
//!     cargo run -p lockhost --example plugins -- linked target/wasm32-wasip2/debug/counter_plugin.wasm DIRECTORY
//!
//! Or composed, with `wac` (`cargo install wac-cli`):
//!
//!     wac plug target/wasm32-wasip2/debug/counter_plugin.wasm --plug host/lockfile.wasm -o target/counter.wasm
//!     cargo run -p lockhost --example plugins -- composed target/counter.wasm DIRECTORY
//!
//! It counts once, and holds the directory until its standard input ends.

use std::{env, error, io, path::Path};

use lockhost::{
    DEFAULT_NAME, ProcessCtx, ProcessCtxView, open_directory, plugin,
    wasmtime::{
        Engine, Result, Store,
        component::{Component, Instance, Linker, Resource, ResourceTable},
    },
    wasmtime_wasi::{
        WasiCtx, WasiCtxView, WasiView,
        filesystem::{Descriptor, WasiFilesystemView},
        p2,
    },
};

/// What the store of one plugin holds.
#[derive(Default)]
pub struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    /// For composed plugins alone.
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

/// The host links the lock itself. A plugin's attempts and locks are in the table of its store.
pub fn linked(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_sync(&mut linker)?;
    plugin::add_to_linker(&mut linker, |host: &mut Host| &mut host.table)?;
    Ok(linker)
}

/// The plugin has the component inside, which asks about processes and nothing else.
pub fn composed(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_sync(&mut linker)?;
    lockhost::fit_filesystem(&mut linker, Host::filesystem)?;
    lockhost::add_to_linker(&mut linker, |host: &mut Host| ProcessCtxView {
        ctx: &mut host.process,
        table: &mut host.table,
    })?;
    Ok(linker)
}

/// A plugin, in a store of its own.
pub struct Plugin {
    /// Dropping it drops whatever the plugin had.
    pub store: Store<Host>,
    /// Its exports.
    pub instance: Instance,
}

impl Plugin {
    /// A new one, which has no directory.
    pub fn new(linker: &Linker<Host>, component: &Component) -> Result<Self> {
        let mut store = Store::new(linker.engine(), Host::default());
        let instance = linker.instantiate(&mut store, component)?;
        Ok(Self { store, instance })
    }

    /// Gives it a directory, which it guards with the lock of this name. The outer error is a trap.
    pub fn start(&mut self, directory: Descriptor, name: &str) -> Result<Result<(), String>> {
        type Start<'a> = (Resource<Descriptor>, &'a str);
        let start = self
            .instance
            .get_typed_func::<Start<'_>, (Result<(), String>,)>(&mut self.store, "start")?;
        let directory = self.store.data_mut().table.push(directory)?;
        Ok(start.call(&mut self.store, (directory, name))?.0)
    }

    /// Has it count one more.
    pub fn count(&mut self) -> Result<Result<u64, String>> {
        let count = self
            .instance
            .get_typed_func::<(), (Result<u64, String>,)>(&mut self.store, "count")?;
        Ok(count.call(&mut self.store, ())?.0)
    }

    /// Has it give the directory up.
    pub fn stop(&mut self) -> Result<Result<(), String>> {
        let stop = self
            .instance
            .get_typed_func::<(), (Result<(), String>,)>(&mut self.store, "stop")?;
        Ok(stop.call(&mut self.store, ())?.0)
    }
}

#[allow(
    dead_code,
    reason = "the tests have what is above, and no use for this"
)]
fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [way, component, directory] = &arguments[..] else {
        return Err("plugins linked|composed COMPONENT DIRECTORY".into());
    };
    let engine = Engine::default();
    let linker = match way.as_str() {
        "composed" => composed(&engine)?,
        _ => linked(&engine)?,
    };
    let component = Component::from_file(&engine, Path::new(component))?;
    let mut plugin = Plugin::new(&linker, &component)?;
    plugin.start(open_directory(directory)?, DEFAULT_NAME)??;
    println!("counted {}", plugin.count()??);
    io::copy(&mut io::stdin(), &mut io::sink())?;
    plugin.stop()??;
    Ok(())
}
