//! Directories and programs for other users.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::Scene;
use crate::program::lockhost;

impl Scene {
    /// Lets every user in, and write.
    ///
    /// # Panics
    /// If its mode cannot be set.
    pub fn open_to_all(&self) {
        fs::set_permissions(self.path(), Permissions::from_mode(0o777))
            .expect("its mode can be set");
    }

    /// `lockhost acquire` on it, as a user who is nobody in particular: a copy of the program, where every user can
    /// reach it. The copy goes with the value.
    ///
    /// # Panics
    /// If the program cannot be built or copied.
    #[must_use]
    pub fn acquire_as_another_user(&self) -> Command {
        let mut command = self.as_another_user();
        command.arg("acquire").arg(self.path());
        command
    }

    /// The program, as a user who is nobody in particular.
    ///
    /// # Panics
    /// If the program cannot be built or copied.
    #[must_use]
    pub fn as_another_user(&self) -> Command {
        let mut command = Command::new(self.for_all(&lockhost()));
        command.uid(65534).gid(65534);
        command
    }

    /// A copy of a program where every user can reach it. It goes with the value.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn for_all(&self, program: &Path) -> PathBuf {
        let tools = self.tools.get_or_init(|| {
            let tools = TempDir::with_prefix("lockhost-tools-").expect("a temporary directory");
            fs::set_permissions(tools.path(), Permissions::from_mode(0o755))
                .expect("its mode can be set");
            tools
        });
        let copy = tools
            .path()
            .join(program.file_name().expect("a program has a name"));
        if !copy.exists() {
            // By another process: what this one has open for writing, a process that another test starts at this moment
            // has open too, and then the copy cannot be run.
            let mut install = Command::new("install");
            let status = install.arg("--mode=755").arg(program).arg(&copy).status();
            assert!(
                status.expect("install is there").success(),
                "the program is copied"
            );
        }
        copy
    }
}
