//! What a lock of many machines costs, beside a lock of one machine and beside `etcdctl lock`, in one run, as tables in Markdown.
//!
//!     LOCKHOST_PROGRAM=PATH cargo bench -p lockhost-etcd-tests --bench machines [-- acquire | rest | crowd | take-over]
//!
//! PATH is a program of the profile `dist`, with `lockhost-etcd` beside it. Root is needed, as for the tests, and perf(1) for
//! system calls. All of it takes some six minutes.

#[cfg(unix)]
mod acquire;
#[cfg(unix)]
mod crowd;
#[cfg(unix)]
mod meters;
#[cfg(unix)]
mod rest;
#[cfg(unix)]
mod take_over;

/// The parts, in their order.
#[cfg(unix)]
const PARTS: [(&str, fn()); 4] = [
    ("acquire", acquire::measure),
    ("rest", rest::measure),
    ("crowd", crowd::measure),
    ("take-over", take_over::measure),
];

#[cfg(unix)]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo runs it as a test as well.
    if !arguments.iter().any(|it| it == "--bench") {
        return;
    }
    let mut wanted = arguments.iter().filter(|it| !it.starts_with('-'));
    let wanted = wanted.next();
    for (name, measure) in PARTS {
        if wanted.is_none_or(|it| it == name) {
            measure();
        }
    }
}

#[cfg(not(unix))]
fn main() {}
