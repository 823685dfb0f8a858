//! A host whose plugins lock the directory that they are given, in either of two ways. The page *Plugins that lock* builds the
//! plugin in `examples/counter`, and runs it with this host:
//!
//!     cargo run -p lockhost --example plugins -- linked counter.wasm DIRECTORY
//!
//! Or composed, with `wac` (`cargo install wac-cli`):
//!
//!     wac plug counter.wasm --plug host/lockfile.wasm -o composed.wasm
//!     cargo run -p lockhost --example plugins -- composed composed.wasm DIRECTORY
//!
//! It counts once, and holds the directory until its standard input ends.

use std::{env, error, io, path::Path, thread, time::Duration};

use lockhost::{
    DEFAULT_NAME, ProcessCtx, ProcessCtxView, plugin,
    wasmtime::{
        Config, Engine, Result, Store,
        component::{Component, Instance, Linker, ResourceTable},
    },
    wasmtime_wasi::{
        WasiCtx, WasiCtxView, WasiView,
        filesystem::{FsPerms, WasiFilesystemView},
        p2,
    },
};

/// How much a plugin may compute in one call.
pub const FUEL: u64 = 100_000_000;

/// How long a call may take, in epochs.
pub const DEADLINE: u64 = 50;

/// The length of an epoch.
#[allow(dead_code, reason = "the tests count none")]
const EPOCH: Duration = Duration::from_millis(100);

/// The data of one plugin's store.
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

/// Returns an engine that ends plugins without fuel or time.
pub fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(true);
    config.epoch_interruption(true);
    Engine::new(&config)
}

/// Counts epochs in a thread, until the engine is dropped.
#[allow(dead_code, reason = "the tests count none")]
fn count_epochs(engine: &Engine) {
    let engine = engine.weak();
    thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(EPOCH);
        }
    });
}

/// Returns a linker with the lock itself. A plugin's attempts and locks are in the table of its store.
pub fn linked(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_sync(&mut linker)?;
    plugin::add_to_linker(&mut linker, |host: &mut Host| &mut host.table)?;
    Ok(linker)
}

/// Returns a linker for plugins with the component inside, which asks about processes and nothing else.
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
    /// Dropping it drops all that the plugin had.
    pub store: Store<Host>,
    /// Its exports.
    pub instance: Instance,
}

impl Plugin {
    /// Returns a new one, which sees this directory as `/data`, and nothing else.
    pub fn new(linker: &Linker<Host>, component: &Component, directory: &Path) -> Result<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.preopened_dir(directory, "/data", FsPerms::ReadWrite)?;
        let host = Host {
            wasi: wasi.build(),
            ..Host::default()
        };
        Self::with(linker, component, host)
    }

    /// Returns a new one, with fuel and time for its first call.
    pub fn with(linker: &Linker<Host>, component: &Component, host: Host) -> Result<Self> {
        let mut store = Store::new(linker.engine(), host);
        refill(&mut store)?;
        let instance = linker.instantiate(&mut store, component)?;
        Ok(Self { store, instance })
    }

    /// Has it acquire the lock of this name. The outer error is a trap.
    pub fn start(&mut self, name: &str) -> Result<Result<(), String>> {
        refill(&mut self.store)?;
        let start = self
            .instance
            .get_typed_func::<(&str,), (Result<(), String>,)>(&mut self.store, "start")?;
        Ok(start.call(&mut self.store, (name,))?.0)
    }

    /// Has it count one more.
    pub fn count(&mut self) -> Result<Result<u64, String>> {
        refill(&mut self.store)?;
        let count = self
            .instance
            .get_typed_func::<(), (Result<u64, String>,)>(&mut self.store, "count")?;
        Ok(count.call(&mut self.store, ())?.0)
    }

    /// Has it release the lock.
    pub fn stop(&mut self) -> Result<Result<(), String>> {
        refill(&mut self.store)?;
        let stop = self
            .instance
            .get_typed_func::<(), (Result<(), String>,)>(&mut self.store, "stop")?;
        Ok(stop.call(&mut self.store, ())?.0)
    }
}

/// Gives a plugin fuel and time for one call.
pub fn refill(store: &mut Store<Host>) -> Result<()> {
    store.set_fuel(FUEL)?;
    store.set_epoch_deadline(DEADLINE);
    Ok(())
}

#[allow(
    dead_code,
    reason = "the tests have what is above, and no use for this"
)]
fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [way, component, directory] = &arguments[..] else {
        return Err("usage: plugins linked|composed COMPONENT DIRECTORY".into());
    };
    let engine = engine()?;
    count_epochs(&engine);
    let linker = match way.as_str() {
        "composed" => composed(&engine)?,
        _ => linked(&engine)?,
    };
    let component = Component::from_file(&engine, Path::new(component))?;
    let mut plugin = Plugin::new(&linker, &component, Path::new(directory))?;
    plugin.start(DEFAULT_NAME)??;
    println!("counted {}", plugin.count()??);
    io::copy(&mut io::stdin(), &mut io::sink())?;
    plugin.stop()??;
    Ok(())
}
