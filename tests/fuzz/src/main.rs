//! libFuzzer makes up what host and directory answer to the machine; `guest/machine/tests/answers/absurd.rs` says what
//! must hold whatever they do.
//!
//!     cd tests/fuzz && cargo run --release -- corpus -max_total_time=60
//!
//! It takes a C++ compiler, and stable Rust. What it finds worth keeping goes into `corpus`, which the ordinary tests try
//! again. To keep only what reaches code that nothing else does:
//!
//!     cargo run --release -- -set_cover_merge=1 -use_counters=0 fewer corpus
#![no_main]

#[path = "../../../guest/machine/tests/answers/absurd.rs"]
mod absurd;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = absurd::attempt(bytes);
    let _ = absurd::inspection(bytes);
});
