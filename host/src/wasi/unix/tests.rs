//! Tests of the files that are opened here.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        net::UnixListener,
    },
};

use rustix::fs::{OFlags, fcntl_getfl};
use tempfile::TempDir;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{
    filesystem::{FsPerms, WasiFilesystemCtx},
    p2::bindings::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags},
};

use super::*;
use crate::wasi::directory::open_directory;

/// A guest's files, and the directory that it was given.
struct Guest {
    ctx: WasiFilesystemCtx,
    table: ResourceTable,
    directory: u32,
    place: TempDir,
}

impl Guest {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut table = ResourceTable::new();
        let directory = table.push(open_directory(place.path()).unwrap()).unwrap();
        Self {
            ctx: WasiFilesystemCtx::default(),
            table,
            directory: directory.rep(),
            place,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.place.path().join(name)
    }

    fn open_as(&mut self, name: &str, opening: Opening) -> Result<&Descriptor, ErrorCode> {
        let view = WasiFilesystemCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        };
        let directory = Resource::new_own(self.directory);
        let opened = open_at(view, &directory, name.to_owned(), opening).unwrap()?;
        Ok(self.table.get(&opened).unwrap())
    }

    fn open(&mut self, name: &str) -> Result<&Descriptor, ErrorCode> {
        self.open_as(
            name,
            Opening {
                follow: PathFlags::empty(),
                how: OpenFlags::empty(),
                flags: DescriptorFlags::READ,
            },
        )
    }

    fn make(&mut self, name: &str) -> Result<&Descriptor, ErrorCode> {
        self.open_as(
            name,
            Opening {
                follow: PathFlags::empty(),
                how: OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
                flags: DescriptorFlags::READ | DescriptorFlags::WRITE,
            },
        )
    }
}

#[test]
fn a_file_that_is_made_is_private_from_the_start() {
    let mut guest = Guest::new();
    let Descriptor::File(file) = guest.make("claim").unwrap() else {
        panic!("a file was made");
    };
    assert_eq!(file.open_mode, OpenMode::READ | OpenMode::WRITE);
    assert_eq!(file.file.metadata().unwrap().mode() & 0o7777, 0o600);
    assert_eq!(guest.make("claim").map(drop), Err(ErrorCode::Exist));
}

#[test]
fn a_pipe_that_was_exchanged_in_is_not_waited_for() {
    let mut guest = Guest::new();
    let path = guest.path("pipe");
    let (kind, mode) = (FileType::Fifo, Mode::RUSR | Mode::WUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
    assert_eq!(guest.open("pipe").map(drop), Err(ErrorCode::NoSuchDevice));
    // The bytes in it for another reader are still there.
    let flags = OFlags::RDWR | OFlags::NONBLOCK;
    let pipe = rustix::fs::open(&path, flags, Mode::empty()).unwrap();
    rustix::io::write(&pipe, b"7\n").unwrap();
    assert_eq!(guest.open("pipe").map(drop), Err(ErrorCode::NoSuchDevice));
    assert_eq!(rustix::io::read(&pipe, &mut [0; 8]).unwrap(), 2);
}

#[test]
fn what_is_neither_a_file_nor_a_directory_is_refused() {
    let mut guest = Guest::new();
    let _listener = UnixListener::bind(guest.path("socket")).unwrap();
    assert_eq!(guest.open("socket").map(drop), Err(ErrorCode::NoSuchDevice));
    fs::create_dir(guest.path("directory")).unwrap();
    assert!(matches!(guest.open("directory"), Ok(Descriptor::Dir(_))));
    symlink("directory", guest.path("link")).unwrap();
    assert_eq!(guest.open("link").map(drop), Err(ErrorCode::Loop));
    assert_eq!(guest.open("missing").map(drop), Err(ErrorCode::NoEntry));
}

#[test]
fn a_file_of_a_read_only_directory_is_only_read() {
    let mut guest = Guest::new();
    fs::write(guest.path("file"), "7\n").unwrap();
    let Descriptor::Dir(dir) = open_directory(guest.place.path()).unwrap() else {
        panic!("a directory");
    };
    let file = dir.dir.try_clone().unwrap();
    let dir = Descriptor::Dir(Dir::new(file, FsPerms::ReadOnly, OpenMode::READ, true));
    guest.directory = guest.table.push(dir).unwrap().rep();
    assert_eq!(guest.make("new").map(drop), Err(ErrorCode::NotPermitted));
    let Descriptor::File(file) = guest.open("file").unwrap() else {
        panic!("a file");
    };
    assert_eq!(file.open_mode, OpenMode::READ);
    assert!(file.perms.write_not_permitted());
    let access = fcntl_getfl(&*file.file).unwrap() & OFlags::RWMODE;
    assert_eq!(access, OFlags::RDONLY);
}

#[test]
fn a_path_of_several_parts_is_wasmtimes_to_open() {
    let mut guest = Guest::new();
    fs::create_dir(guest.path("inner")).unwrap();
    fs::write(guest.path("inner/file"), "").unwrap();
    assert!(matches!(guest.open("inner/file"), Ok(Descriptor::File(_))));
    assert!(matches!(guest.open("."), Ok(Descriptor::Dir(_))));
    for path in ["..", "../x", "/etc/passwd"] {
        assert_eq!(guest.open(path).map(drop), Err(ErrorCode::NotPermitted));
    }
    fs::set_permissions(guest.path("inner"), Permissions::from_mode(0o700)).unwrap();
}
