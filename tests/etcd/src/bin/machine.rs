//! The first process of a machine: it reaps what others leave, and ends with its standard input.

#[cfg(unix)]
fn main() {
    use std::io::{Read, Write};

    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    println!("ready");
    let _ = std::io::stdout().flush();
    loop {
        let reaped = rustix::process::wait(rustix::process::WaitOptions::empty());
        if reaped.is_err() {
            // It has no children. The next one that is orphaned is reaped a little later.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[cfg(not(unix))]
fn main() {}
