//! The contract in `wit/`, as a package of its own.

use lockhost_tests::component::workspace;
use wit_component::DecodedWasm;
use wit_parser::Resolve;

#[test]
fn it_can_be_published_with_what_it_depends_on() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(workspace().join("wit")).unwrap();
    let encoded = wit_component::encode(&resolve, package).unwrap();
    let decoded = wit_component::decode(&encoded).unwrap();
    let DecodedWasm::WitPackage(resolve, package) = decoded else {
        panic!("a component, and no WIT package");
    };
    let name = resolve.packages[package].name.to_string();
    assert_eq!(name, "lockhost:lockfile@0.1.0");
    let mut packages: Vec<_> = resolve
        .package_names
        .keys()
        .map(ToString::to_string)
        .collect();
    packages.sort();
    assert_eq!(
        packages,
        [
            "lockhost:lockfile@0.1.0",
            "wasi:clocks@0.2.0",
            "wasi:filesystem@0.2.0",
            "wasi:io@0.2.0",
        ]
    );
}
