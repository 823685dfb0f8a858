//! The example, built as a user would build it after a download.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use lockhost_tests::component::workspace;

/// Returns the example's folder: in the target folder, so that nothing is written among the sources.
pub(crate) fn built() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    let source = workspace().join("host/examples/node");
    fs::create_dir_all(&folder).expect("a folder for the example");
    let wanted = fs::read(source.join("package-lock.json")).expect("the versions are pinned");
    // npm's own record of the installed packages, which it writes last.
    let installed = folder.join("node_modules/.package-lock.json");
    let is_installed = fs::read(folder.join("package-lock.json")).is_ok_and(|it| it == wanted)
        && installed.exists();
    for file in fs::read_dir(source).expect("the example can be read") {
        let file = file.expect("an entry");
        if file.file_type().expect("it has a type").is_file() {
            fs::copy(file.path(), folder.join(file.file_name())).expect("it can be copied");
        }
    }
    if !is_installed {
        let mut npm = Command::new("npm");
        run(
            npm.args(["ci", "--no-audit", "--no-fund"]),
            &folder,
            FETCHED,
        );
    }
    let component = fs::canonicalize(workspace().join("host/lockfile.wasm"));
    let component = component.expect("the component is part of the repository");
    let mut node = Command::new("node");
    let failed = "the component cannot be transpiled";
    run(node.arg("build.js").arg(component), &folder, failed);
    folder
}

/// The advice if packages cannot be fetched.
const FETCHED: &str = "the first run of this test needs npm's registry, or a mirror that npm is told of (npm config set \
                       registry=URL): see \"What the first run fetches\" in tests/README.md";

fn run(command: &mut Command, folder: &Path, advice: &str) {
    let output = command.current_dir(folder).output();
    let output = output.expect("node and npm can be started (Debian: nodejs, npm)");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed; {advice}\n{told}"
    );
}
