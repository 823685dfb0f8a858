//! Link arguments for the component.

fn main() {
    println!("cargo::rerun-if-changed=../wit");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        // Without an adapter the imports keep the version that wit/ names, which every 0.2 host can link.
        println!("cargo::rustc-link-arg=--wasi-adapter=none");
        println!("cargo::rustc-link-arg=-zstack-size=32768");
        // memcmp and the like, which no_std code calls and this target leaves to libc.
        println!("cargo::rustc-link-arg=-lc");
    }
}
