//! Link arguments for the component.

fn main() {
    println!("cargo::rerun-if-changed=../wit");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        // A core module, which is made a component once it is optimised. The linker would do it, but as the last thing.
        println!("cargo::rustc-link-arg=--skip-wit-component");
        // The upper end of the stack, which an acquisition does not leave, begins a page of four kilobytes. Data and heap
        // follow it, so that an instance touches few pages.
        println!("cargo::rustc-link-arg=-zstack-size=31744");
        // memcmp and the like, which no_std code calls and this target leaves to libc.
        println!("cargo::rustc-link-arg=-lc");
    }
}
