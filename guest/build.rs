//! Link arguments for the component.

fn main() {
    println!("cargo::rerun-if-changed=../wit");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        // A core module, which is made a component once it is optimised. The linker would do it, but as the last thing.
        println!("cargo::rustc-link-arg=--skip-wit-component");
        // With what lies behind it, the upper end of the stack shares one page of four kilobytes, which most calls do not
        // leave: an instance touches one less.
        println!("cargo::rustc-link-arg=-zstack-size=30720");
        // memcmp and the like, which no_std code calls and this target leaves to libc.
        println!("cargo::rustc-link-arg=-lc");
    }
}
