//! Plugins that lock: linked by the host, and composed. The host is the example of the crate. Most tests have a plugin with
//! faults, which gets its directory as a descriptor; the published one has a preopen.

use std::{
    collections::BTreeSet,
    fs::File,
    path::Path,
    sync::{Barrier, LazyLock},
    thread,
};

use lockhost::{
    DEFAULT_NAME, DeadReason, ErrorKind, ReplacedReason, acquire, open_directory,
    wasmtime::{
        Result, Store, Trap,
        component::{Component, Linker, Resource},
    },
    wasmtime_wasi::{
        WasiView,
        filesystem::{Descriptor, Dir, FsPerms, OpenMode},
        p2,
    },
};
use lockhost_tests::{fixture::Fixture, plugin};

#[path = "../../../host/examples/plugins.rs"]
#[allow(unreachable_pub, reason = "an example is written to be copied")]
mod host;

use host::{Host, Plugin};

/// A way to give plugins the lock.
struct Way {
    linker: Linker<Host>,
    component: Component,
}

struct Ways {
    linked: Way,
    composed: Way,
}

/// Built once: the plugin with faults.
static WAYS: LazyLock<Ways> = LazyLock::new(|| ways(plugin::faulty));

/// Built once: the plugin that is published.
static PUBLISHED: LazyLock<Ways> = LazyLock::new(|| ways(plugin::counter));

fn ways(built: fn(&Path) -> Vec<u8>) -> Ways {
    let engine = host::engine().expect("an engine");
    let plugin = built(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin"));
    let way = |linker: Result<Linker<Host>>, component: &[u8]| Way {
        linker: linker.expect("what a plugin imports"),
        component: Component::new(&engine, component).expect("a component"),
    };
    Ways {
        linked: way(host::linked(&engine), &plugin),
        composed: way(host::composed(&engine), &plugin::composed(&plugin)),
    }
}

impl Ways {
    fn both(&self) -> [&Way; 2] {
        [&self.linked, &self.composed]
    }
}

impl Way {
    fn plugin(&self) -> Plugin {
        bare(&self.linker, &self.component)
    }

    /// Returns the published plugin, which sees the fixture as `/data`.
    fn in_directory(&self, fixture: &Fixture) -> Plugin {
        Plugin::new(&self.linker, &self.component, fixture.path()).expect("an instance")
    }
}

/// Returns a plugin without any directory.
fn bare(linker: &Linker<Host>, component: &Component) -> Plugin {
    Plugin::with(linker, component, Host::default()).expect("an instance")
}

/// Tries for the lock. Returns the plugin's message if it is refused.
fn start(plugin: &mut Plugin, fixture: &Fixture) -> Result<(), String> {
    start_in(plugin, open_directory(fixture.path()).expect("it is there"))
}

fn start_in(plugin: &mut Plugin, directory: Descriptor) -> Result<(), String> {
    start_with(plugin, directory, DEFAULT_NAME)
}

/// Gives it a directory, and has it try for the lock of this name.
fn start_with(plugin: &mut Plugin, directory: Descriptor, name: &str) -> Result<(), String> {
    type Start<'a> = (Resource<Descriptor>, &'a str);
    let start = plugin
        .instance
        .get_typed_func::<Start<'_>, (Result<(), String>,)>(&mut plugin.store, "start")
        .expect("it can start");
    let table = plugin.store.data_mut().ctx().table;
    let directory = table.push(directory).expect("there is room");
    let started = start.call(&mut plugin.store, (directory, name));
    started.expect("no trap").0
}

/// Ends by a trap.
fn crash(plugin: &mut Plugin) {
    let crash = plugin
        .instance
        .get_typed_func::<(), ()>(&mut plugin.store, "crash")
        .expect("it can crash");
    assert!(crash.call(&mut plugin.store, ()).is_err());
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn two_plugins_in_one_process_exclude_each_other() {
    for first in WAYS.both() {
        for second in WAYS.both() {
            let fixture = Fixture::free();
            let [mut first, mut second] = [first.plugin(), second.plugin()];
            start(&mut first, &fixture).expect("it is free");
            let refused = start(&mut second, &fixture).unwrap_err();
            assert!(refused.contains("ThisProcess"), "{refused}");
            let plain = acquire(fixture.path()).unwrap_err();
            assert_eq!(plain.kind(), ErrorKind::Held);
            assert!(plain.holder().unwrap().is_this_process());
            for count in 1..=3 {
                assert_eq!(first.count().unwrap(), Ok(count));
            }
            assert_eq!(first.stop().unwrap(), Ok(()));
            assert_eq!(fixture.files(), ["count"]);
            start(&mut second, &fixture).expect("it is free again");
            assert_eq!(second.count().unwrap(), Ok(4));
            assert_eq!(second.stop().unwrap(), Ok(()));
            assert_eq!(fixture.files(), ["count"]);
        }
    }
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn the_published_plugin_locks_its_preopen() {
    for way in PUBLISHED.both() {
        let fixture = Fixture::free();
        let [mut first, mut second] = [way.in_directory(&fixture), way.in_directory(&fixture)];
        assert_eq!(first.start(DEFAULT_NAME).unwrap(), Ok(()));
        let refused = second.start(DEFAULT_NAME).unwrap().unwrap_err();
        assert!(refused.contains("Held"), "{refused}");
        for count in 1..=2 {
            assert_eq!(first.count().unwrap(), Ok(count));
        }
        assert_eq!(first.stop().unwrap(), Ok(()));
        assert_eq!(first.stop().unwrap(), Err("not started".into()));
        assert_eq!(fixture.files(), ["count"]);
        let refused = way.plugin().start(DEFAULT_NAME).unwrap().unwrap_err();
        assert_eq!(refused, "the host gives no /data");
    }
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_plugin_without_fuel_or_time_loses_its_lock() {
    for out_of in [Trap::OutOfFuel, Trap::Interrupt] {
        let fixture = Fixture::free();
        let mut plugin = PUBLISHED.linked.in_directory(&fixture);
        assert_eq!(plugin.start(DEFAULT_NAME).unwrap(), Ok(()));
        let Plugin { store, instance } = &mut plugin;
        let spin = instance
            .get_typed_func::<(), ()>(&mut *store, "spin")
            .expect("it can spin");
        if out_of == Trap::Interrupt {
            store.set_fuel(u64::MAX).expect("the engine counts fuel");
            // The deadline is over when the call begins.
            store.set_epoch_deadline(0);
        }
        let trap = spin.call(store, ()).unwrap_err();
        assert_eq!(trap.downcast_ref(), Some(&out_of), "{trap:?}");
        let page = include_str!("../../../docs/plugins.md");
        assert!(page.contains(&out_of.to_string()), "{out_of}");
        assert_eq!(acquire(fixture.path()).unwrap_err().kind(), ErrorKind::Held);
        drop(plugin);
        assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    }
}

/// Returns the page's blocks of code in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/plugins.md");
    let fence = format!("\n```{language}\n");
    let blocks = page.split(&fence).skip(1);
    let block = |rest: &'static str| rest.split("```").next().expect("its end");
    blocks.map(block).collect()
}

#[test]
fn the_page_shows_the_published_plugin() {
    for (language, file) in [
        ("toml,counter", "manifest.toml"),
        ("wit", "counter.wit"),
        ("rust,ignore", "lib.rs"),
    ] {
        let text = std::fs::read_to_string(plugin::example().join(file)).expect("its file");
        let shown = blocks(language);
        assert!(!shown.is_empty(), "{language}");
        for block in shown {
            assert!(text.contains(block), "{file} has not:\n{block}");
        }
    }
    let host = include_str!("../../../host/examples/plugins.rs");
    for block in blocks("rust,ignore,host") {
        assert!(host.contains(block), "the host has not:\n{block}");
    }
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn of_sixteen_plugins_at_once_exactly_one_gets_in() {
    const PLUGINS: usize = 16;
    for fixture in [Fixture::free(), Fixture::stale()] {
        let barrier = Barrier::new(PLUGINS);
        let contend = |place: usize| {
            let mut plugin = WAYS.both()[place % 2].plugin();
            barrier.wait();
            let started = start(&mut plugin, &fixture);
            // No plugin releases before all have tried.
            barrier.wait();
            started.map(|()| plugin)
        };
        let outcomes: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..PLUGINS)
                .map(|place| scope.spawn(move || contend(place)))
                .collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|it| it.expect("no panic")).collect()
        });
        let (mut owners, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        for refused in refused {
            let why = refused.err().unwrap_or_default();
            assert!(why.contains("Held") || why.contains("Contended"), "{why}");
        }
        assert_eq!(owners.len(), 1);
        let owner = owners.pop().and_then(Result::ok);
        assert_eq!(owner.expect("the one").stop().unwrap(), Ok(()));
        assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    }
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_linked_plugin_that_traps_loses_its_lock_with_its_store() {
    let fixture = Fixture::free();
    let mut plugin = WAYS.linked.plugin();
    start(&mut plugin, &fixture).expect("it is free");
    crash(&mut plugin);
    assert_eq!(acquire(fixture.path()).unwrap_err().kind(), ErrorKind::Held);
    drop(plugin);
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    let lock = acquire(fixture.path()).expect("it is free at once");
    assert!(lock.replaced().is_empty());
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_linked_plugin_that_is_ended_loses_its_lock_cleanly() {
    let fixture = Fixture::free();
    let mut plugin = WAYS.linked.plugin();
    start(&mut plugin, &fixture).expect("it is free");
    drop(plugin);
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn what_a_composed_plugin_leaves_by_a_trap_is_dead_at_once() {
    let fixture = Fixture::free();
    let mut plugin = WAYS.composed.plugin();
    start(&mut plugin, &fixture).expect("it is free");
    crash(&mut plugin);
    assert_eq!(acquire(fixture.path()).unwrap_err().kind(), ErrorKind::Held);
    drop(plugin);
    assert_eq!(fixture.files().len(), 2, "the lock and its claim");
    let lock = acquire(fixture.path()).expect("no process keeps it locked");
    let [replaced] = lock.replaced() else {
        panic!("one file was in the way: {:?}", lock.replaced());
    };
    let gone = ReplacedReason::Dead(DeadReason::EvidenceGone);
    assert_eq!(replaced.reason(), gone);
    lock.release().expect("it is held");
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_plugin_cannot_release_the_lock_of_another() {
    for way in WAYS.both() {
        let fixture = Fixture::free();
        let mut owner = way.plugin();
        start(&mut owner, &fixture).expect("it is free");
        let mut traps = 0;
        for handle in 0..16 {
            // It has handles of its own, to a directory and to a lock.
            let elsewhere = Fixture::free();
            let mut forger = way.plugin();
            start(&mut forger, &elsewhere).expect("it is free");
            let forge = forger
                .instance
                .get_typed_func::<(u32,), ()>(&mut forger.store, "forge")
                .expect("it can forge");
            let outcome = forge.call(&mut forger.store, (handle,));
            traps += usize::from(outcome.is_err());
            assert_eq!(owner.count().unwrap(), Ok(u64::from(handle) + 1));
        }
        assert!(traps >= 15, "one of them is its own lock at most: {traps}");
        assert_eq!(owner.stop().unwrap(), Ok(()));
    }
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_plugin_cannot_lock_outside_of_its_directory() {
    for way in WAYS.both() {
        let fixture = Fixture::free();
        let inner = fixture.path().join("inner");
        std::fs::create_dir(&inner).expect("a directory");
        for name in [
            "../x.lock",
            "..",
            "inner/../../x.lock",
            "/tmp/x.lock",
            ".lock/",
            "x",
        ] {
            let mut plugin = way.plugin();
            let directory = open_directory(&inner).expect("it is there");
            let refused = start_with(&mut plugin, directory, name).unwrap_err();
            assert!(refused.contains("BadName"), "{name}: {refused}");
        }
        assert_eq!(fixture.files(), ["inner"]);
        std::fs::remove_dir(inner).expect("nothing is in it");
    }
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_plugin_whose_directory_is_read_only_cannot_lock_it() {
    for way in WAYS.both() {
        let fixture = Fixture::free();
        let file = File::open(fixture.path()).expect("a directory");
        let directory = Dir::new(file, FsPerms::ReadOnly, OpenMode::READ, true);
        let mut plugin = way.plugin();
        let refused = start_in(&mut plugin, Descriptor::Dir(directory)).unwrap_err();
        assert!(refused.contains("not-permitted"), "{refused}");
        assert!(fixture.files().is_empty(), "made: {:?}", fixture.files());
        let lock = acquire(fixture.path()).expect("it is free");
        let file = File::open(fixture.path()).expect("a directory");
        let directory = Dir::new(file, FsPerms::ReadOnly, OpenMode::READ, true);
        let refused = start_in(&mut way.plugin(), Descriptor::Dir(directory)).unwrap_err();
        assert!(refused.contains("Held"), "{refused}");
        lock.release().expect("it is held");
    }
}

/// Makes this many attempts at once. Returns how many its host refused.
fn hoard(plugin: &mut Plugin, fixture: &Fixture, name: &str, count: u32) -> u32 {
    type Hoard<'a> = (Resource<Descriptor>, &'a str, u32);
    let hoard = plugin
        .instance
        .get_typed_func::<Hoard<'_>, (u32,)>(&mut plugin.store, "hoard")
        .expect("it can hoard");
    let directory = open_directory(fixture.path()).expect("it is there");
    let table = plugin.store.data_mut().ctx().table;
    let directory = table.push(directory).expect("there is room");
    let hoarded = hoard.call(&mut plugin.store, (directory, name, count));
    hoarded.expect("no trap").0
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_plugin_has_only_so_many_attempts_at_once() {
    let fixture = Fixture::free();
    let mut plugin = WAYS.linked.plugin();
    assert_eq!(hoard(&mut plugin, &fixture, DEFAULT_NAME, 16), 0);
    assert_eq!(hoard(&mut plugin, &fixture, DEFAULT_NAME, 60), 44);
    // An attempt that has ended does not count, nor does a name that is too long for an instance.
    assert_eq!(hoard(&mut plugin, &fixture, DEFAULT_NAME, 16), 0);
    assert_eq!(hoard(&mut plugin, &fixture, &"a".repeat(1 << 20), 60), 0);
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    let component = &WAYS.linked.component;
    let mut linker = Linker::<Host>::new(component.engine());
    p2::add_to_linker_sync(&mut linker).expect("a new linker");
    lockhost::plugin::Settings::new()
        .at_once(1)
        .add_to_linker(&mut linker, |host: &mut Host| host.ctx().table)
        .expect("a new linker");
    let mut plugin = bare(&linker, component);
    assert_eq!(hoard(&mut plugin, &fixture, DEFAULT_NAME, 3), 2);
}

/// Returns the plugin's report on the directory's lock, by the interface.
fn learnt(plugin: &mut Plugin, fixture: &Fixture) -> String {
    type Learn<'a> = (Resource<Descriptor>, &'a str);
    let learn = plugin
        .instance
        .get_typed_func::<Learn<'_>, (String,)>(&mut plugin.store, "learn")
        .expect("it can learn");
    let directory = open_directory(fixture.path()).expect("it is there");
    let table = plugin.store.data_mut().ctx().table;
    let directory = table.push(directory).expect("there is room");
    let learnt = learn.call(&mut plugin.store, (directory, DEFAULT_NAME));
    learnt.expect("no trap").0
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_host_may_withhold_all_processes_from_a_plugin() {
    let component = &WAYS.linked.component;
    let mut linker = Linker::<Host>::new(component.engine());
    p2::add_to_linker_sync(&mut linker).expect("a new linker");
    lockhost::plugin::Settings::new()
        .withhold_processes(true)
        .add_to_linker(&mut linker, |host: &mut Host| host.ctx().table)
        .expect("a new linker");
    let fixture = Fixture::free();
    let mut trusted = WAYS.linked.plugin();
    start(&mut trusted, &fixture).expect("it is free");
    let identity = {
        let refused = acquire(fixture.path()).unwrap_err();
        refused.holder().unwrap().identity().unwrap().to_owned()
    };
    assert!(learnt(&mut trusted, &fixture).contains(&identity));
    assert_eq!(trusted.stop().unwrap(), Ok(()));
    let mut plugin = bare(&linker, component);
    start(&mut plugin, &fixture).expect("it is free");
    let learnt = learnt(&mut plugin, &fixture);
    let facts = identity.split('-').filter(|fact| fact.len() > 5);
    for secret in facts.chain(["pid: Some"]) {
        assert!(!learnt.contains(secret), "{secret}: {learnt}");
    }
    assert!(
        learnt.contains("0-h") && learnt.contains("pid: 0"),
        "{learnt}"
    );
    let refused = start(&mut bare(&linker, component), &fixture).unwrap_err();
    assert!(
        refused.contains("Held") && !refused.contains("pid: Some"),
        "{refused}"
    );
    assert_eq!(plugin.stop().unwrap(), Ok(()));
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
}

/// Counts once with the lock, by calls that are asynchronous.
async fn counts(linker: &Linker<Host>, component: &Component, fixture: &Fixture) -> Result<u64> {
    let mut store = Store::new(linker.engine(), Host::default());
    host::refill(&mut store)?;
    let instance = linker.instantiate_async(&mut store, component).await?;
    type Start<'a> = (Resource<Descriptor>, &'a str);
    let start = instance.get_typed_func::<Start<'_>, (Result<(), String>,)>(&mut store, "start")?;
    let directory = store
        .data_mut()
        .ctx()
        .table
        .push(open_directory(fixture.path())?)?;
    let (started,) = start
        .call_async(&mut store, (directory, DEFAULT_NAME))
        .await?;
    started.expect("it is free");
    assert_eq!(acquire(fixture.path()).unwrap_err().kind(), ErrorKind::Held);
    let count = instance.get_typed_func::<(), (Result<u64, String>,)>(&mut store, "count")?;
    let (count,) = count.call_async(&mut store, ()).await?;
    // Dropped within the runtime, with its lock.
    drop(store);
    assert_eq!(fixture.files(), ["count"]);
    Ok(count.expect("it has the lock"))
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn an_asynchronous_host_links_the_lock_as_well() -> Result<()> {
    let component = &WAYS.linked.component;
    let mut linker = Linker::<Host>::new(component.engine());
    p2::add_to_linker_async(&mut linker)?;
    lockhost::plugin::add_to_linker(&mut linker, |host: &mut Host| host.ctx().table)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for _ in 0..2 {
        let fixture = Fixture::free();
        assert_eq!(runtime.block_on(counts(&linker, component, &fixture))?, 1);
        assert_eq!(runtime.block_on(counts(&linker, component, &fixture))?, 2);
    }
    Ok(())
}

#[test]
#[cfg_attr(no_wasm_target, ignore = "there is no target wasm32-wasip2")]
fn a_composed_plugin_needs_only_process_and_the_file_system() {
    let imports = |component: &Component| -> BTreeSet<String> {
        let ty = component.component_type();
        let names = ty.imports(component.engine());
        // A host has one version of 0.2 only.
        names
            .map(|(name, _)| name.split('@').next().unwrap_or(name).to_owned())
            .collect()
    };
    let plugin = imports(&WAYS.linked.component);
    let composed = imports(&WAYS.composed.component);
    let added: Vec<_> = composed.difference(&plugin).collect();
    assert!(plugin.contains("wasi:filesystem/types"), "{plugin:?}");
    // The plugin has types of `process`, and the record of a time.
    assert!(added.is_empty(), "{added:?}");
    let gone: Vec<_> = plugin.difference(&composed).collect();
    assert_eq!(gone, ["lockhost:lockfile/lockfile"]);
    assert!(
        composed.contains("lockhost:lockfile/process"),
        "{composed:?}"
    );
}
