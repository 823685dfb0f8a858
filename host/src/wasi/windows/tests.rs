//! Tests of the calls that are made here.

use std::{
    fs::{self, File, OpenOptions},
    os::windows::fs::OpenOptionsExt,
    path::Path,
};

use tempfile::TempDir;
use wasmtime::{Engine, component::ResourceTable};
use wasmtime_wasi::{
    filesystem::{WasiFilesystem, WasiFilesystemCtx},
    p2::bindings::filesystem::types::{DescriptorFlags, OpenFlags},
};
use windows_sys::Win32::Storage::FileSystem::{FILE_SHARE_READ, FILE_SHARE_WRITE};

use super::*;
use crate::wasi::directory::open_directory;

/// A guest's files, and the directory it was given.
struct Guest {
    ctx: WasiFilesystemCtx,
    table: ResourceTable,
    directory: u32,
    place: TempDir,
}

impl Guest {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        Self::in_directory(place.path().to_owned().as_path(), place)
    }

    fn in_directory(path: &Path, place: TempDir) -> Self {
        let mut table = ResourceTable::new();
        let directory = table.push(open_directory(path).unwrap()).unwrap().rep();
        Self {
            ctx: WasiFilesystemCtx::default(),
            table,
            directory,
            place,
        }
    }

    fn view(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }

    fn dir(&self) -> Directory {
        Resource::new_own(self.directory)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.place.path().join(name)
    }

    fn open_as(
        &mut self,
        name: &str,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> std::result::Result<Directory, ErrorCode> {
        let opening = Opening {
            follow: PathFlags::empty(),
            how,
            flags,
        };
        let dir = self.dir();
        open_at(self.view(), &dir, name.to_owned(), opening).unwrap()
    }

    fn make(&mut self, name: &str) -> std::result::Result<Directory, ErrorCode> {
        let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        self.open_as(name, how, DescriptorFlags::READ | DescriptorFlags::WRITE)
    }

    fn open(&mut self, name: &str) -> std::result::Result<Directory, ErrorCode> {
        self.open_as(name, OpenFlags::empty(), DescriptorFlags::READ)
    }

    fn link(&mut self, old: &str, new: &str) -> std::result::Result<(), ErrorCode> {
        let (dir, to) = (self.dir(), self.dir());
        let (old, new) = ((&dir, old.to_owned()), (&to, new.to_owned()));
        link_at(self.view(), old, PathFlags::empty(), new).unwrap()
    }

    fn remove(&mut self, name: &str) -> std::result::Result<(), ErrorCode> {
        let dir = self.dir();
        unlink_file_at(self.view(), &dir, name.to_owned()).unwrap()
    }

    fn id(&mut self, name: &str) -> std::result::Result<(u64, u64), ErrorCode> {
        let dir = self.dir();
        let hash = metadata_hash_at(self.view(), &dir, PathFlags::empty(), name.to_owned());
        hash.unwrap().map(|it| (it.upper, it.lower))
    }

    fn id_of(&mut self, opened: &Directory) -> (u64, u64) {
        let hash = metadata_hash(self.view(), opened).unwrap().unwrap();
        (hash.upper, hash.lower)
    }

    fn links(&mut self, name: &str) -> std::result::Result<u64, ErrorCode> {
        let dir = self.dir();
        let stat = stat_at(self.view(), &dir, PathFlags::empty(), name.to_owned());
        stat.unwrap().map(|it| it.link_count)
    }
}

#[test]
fn an_open_file_goes_by_any_name_and_names_can_be_given_again() {
    let mut guest = Guest::new();
    let claim = guest.make("claim").unwrap();
    guest.link("claim", "lock").unwrap();
    assert_eq!(guest.links("lock"), Ok(2));
    let reader = guest.open("lock").unwrap();
    let own = guest.id_of(&claim);
    assert_eq!(guest.id("lock"), Ok(own));
    assert_eq!(guest.id_of(&reader), own);
    for name in ["lock", "claim"] {
        guest.remove(name).unwrap();
        assert_eq!(guest.id(name), Err(ErrorCode::NoEntry));
        assert_eq!(guest.open(name).unwrap_err(), ErrorCode::NoEntry);
        guest.make(name).unwrap();
        assert_ne!(guest.id(name).unwrap(), own);
    }
}

#[test]
fn a_name_is_given_once() {
    let mut guest = Guest::new();
    guest.make("claim").unwrap();
    guest.make("lock").unwrap();
    assert_eq!(guest.make("lock").unwrap_err(), ErrorCode::Exist);
    assert_eq!(guest.link("claim", "lock"), Err(ErrorCode::Exist));
    assert_eq!(guest.link("missing", "other"), Err(ErrorCode::NoEntry));
    assert_eq!(guest.remove("missing"), Err(ErrorCode::NoEntry));
}

#[test]
fn a_directory_is_no_file_to_be_made_or_removed() {
    let mut guest = Guest::new();
    fs::create_dir(guest.path("directory")).unwrap();
    assert_eq!(guest.make("directory").unwrap_err(), ErrorCode::Exist);
    assert!(guest.remove("directory").is_err());
    let opened = guest.open("directory").unwrap();
    assert!(matches!(
        guest.table.get(&opened).unwrap(),
        Descriptor::Dir(_)
    ));
    assert!(guest.path("directory").is_dir());
}

#[test]
fn a_file_that_is_open_without_leave_to_remove_it_is_busy() {
    let mut guest = Guest::new();
    guest.make("lock").unwrap();
    let mut options = OpenOptions::new();
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
    let reader = options.read(true).open(guest.path("lock")).unwrap();
    assert_eq!(guest.remove("lock"), Err(ErrorCode::Busy));
    assert_eq!(guest.links("lock"), Ok(1));
    drop(reader);
    guest.remove("lock").unwrap();
    assert_eq!(guest.links("lock"), Err(ErrorCode::NoEntry));
}

#[test]
fn a_file_that_is_only_to_be_read_is_removed() {
    let mut guest = Guest::new();
    let path = guest.path("lock");
    fs::write(&path, "7\n").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    guest.open("lock").unwrap();
    guest.remove("lock").unwrap();
    assert_eq!(guest.links("lock"), Err(ErrorCode::NoEntry));
}

#[test]
fn a_devices_name_is_a_files_and_a_path_may_be_long() {
    let place = tempfile::tempdir().unwrap();
    let long = place
        .path()
        .join(["d"; 5].map(|it| it.repeat(60)).join("\\"));
    fs::create_dir_all(&long).unwrap();
    let mut guest = Guest::in_directory(&long, place);
    for name in ["NUL.lock", "con", "plain.lock"] {
        guest.make("claim").unwrap();
        guest.link("claim", name).unwrap();
        assert_eq!(guest.links(name), Ok(2));
        guest.open(name).unwrap();
        guest.remove(name).unwrap();
        guest.remove("claim").unwrap();
        assert_eq!(guest.links(name), Err(ErrorCode::NoEntry));
    }
}

#[test]
fn paths_of_several_parts_are_opened_as_elsewhere() {
    let mut guest = Guest::new();
    fs::create_dir(guest.path("directory")).unwrap();
    fs::write(guest.path("directory").join("file"), "text").unwrap();
    guest.open("directory/file").unwrap();
    assert_eq!(guest.links("directory/file"), Ok(1));
    for path in ["..", "../file", "C:\\Windows", "\\\\?\\C:\\Windows", ""] {
        assert!(guest.open(path).is_err(), "{path}");
        assert!(guest.id(path).is_err(), "{path}");
        assert!(guest.remove(path).is_err(), "{path}");
    }
}

#[test]
fn who_may_only_read_a_directory_changes_nothing_in_it() {
    let mut guest = Guest::new();
    guest.make("lock").unwrap();
    let dir = guest.dir();
    let Descriptor::Dir(given) = guest.table.get_mut(&dir).unwrap() else {
        panic!("it is a directory");
    };
    given.perms = FsPerms::ReadOnly;
    let refused = Err(ErrorCode::NotPermitted);
    assert_eq!(guest.make("other").map(drop), refused);
    assert_eq!(guest.link("lock", "other"), refused);
    assert_eq!(guest.remove("lock"), refused);
    guest.open("lock").unwrap();
}

#[test]
fn the_interface_is_called_as_wasmtime_wasi_calls_it() {
    use wasmtime_wasi::p2::bindings::filesystem::types;

    fn view(guest: &mut Guest) -> WasiFilesystemCtxView<'_> {
        guest.view()
    }
    let mut linker = Linker::<Guest>::new(&Engine::default());
    types::add_to_linker::<Guest, WasiFilesystem>(&mut linker, view).unwrap();
    fit(&mut linker, view).unwrap();
    let mut types = linker.instance(TYPES).unwrap();
    // If the type had another name, only the calls made here would be there.
    let twice = types.func_wrap(
        "[method]descriptor.get-type",
        |_: StoreContextMut<'_, Guest>, (): ()| Ok(()),
    );
    assert!(twice.is_err());
}

#[test]
fn a_synchronous_host_takes_and_releases_beside_a_reader() {
    use crate::{
        ProcessCtx, ProcessCtxView,
        bindings::sync::{LockhostPre, lockfile::Options},
    };
    use wasmtime::{Config, Store};
    use wasmtime_wasi::{
        WasiCtx, WasiCtxView, WasiView, filesystem::WasiFilesystemView, p2::add_to_linker_sync,
    };

    struct Host {
        wasi: WasiCtx,
        process: ProcessCtx,
        table: ResourceTable,
    }

    impl WasiView for Host {
        fn ctx(&mut self) -> WasiCtxView<'_> {
            WasiCtxView {
                ctx: &mut self.wasi,
                table: &mut self.table,
            }
        }
    }

    let mut config = Config::new();
    crate::configure(&mut config);
    let engine = Engine::new(&config).unwrap();
    let mut linker = Linker::<Host>::new(&engine);
    add_to_linker_sync(&mut linker).unwrap();
    crate::fit_filesystem(&mut linker, |host| host.filesystem()).unwrap();
    crate::add_to_linker(&mut linker, |host| ProcessCtxView {
        ctx: &mut host.process,
        table: &mut host.table,
    })
    .unwrap();
    let component = crate::component(&engine).unwrap();
    let pre = LockhostPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
    let host = Host {
        wasi: WasiCtx::builder().build(),
        process: ProcessCtx::new(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&engine, host);
    let instance = pre.instantiate(&mut store).unwrap();
    let guest = instance.lockhost_lockfile_lockfile();

    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("host.lock");
    fs::write(&path, "999999996\n").unwrap();
    let directory = open_directory(place.path()).unwrap();
    let directory = store.data_mut().table.push(directory).unwrap();
    let options = Options {
        name: "host.lock".to_owned(),
        assume_dead: None,
    };
    let attempt = guest
        .attempt()
        .call_constructor(&mut store, directory, &options);
    let lock = guest
        .attempt()
        .call_try(&mut store, attempt.unwrap(), 0)
        .unwrap()
        .unwrap();
    let reader = File::open(&path).unwrap();
    let released = guest.lock().call_release(&mut store, lock).unwrap();
    assert!(released.is_ok(), "{released:?}");
    assert!(!path.exists());
    drop(reader);
}
