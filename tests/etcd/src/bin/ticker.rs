//! A command under a lock: it writes a line with its name, its token and the kernel's time again and again, in one write each.

#[cfg(unix)]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(name)) = (arguments.next(), arguments.next()) else {
        panic!("expected a file and a name")
    };
    ticks::write(&file, &name);
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod ticks {
    use std::{env, fs::OpenOptions, io::Write, thread, time::Duration};

    use rustix::time::{ClockId, clock_gettime};

    const OFTEN: Duration = Duration::from_millis(4);

    pub(super) fn write(file: &str, name: &str) {
        let ticks = OpenOptions::new().create(true).append(true).open(file);
        let mut ticks = ticks.expect("a file");
        let fence = |name| env::var(name).unwrap_or_else(|_| "-".to_owned());
        let (epoch, token) = (fence("LOCKHOST_FENCE_EPOCH"), fence("LOCKHOST_FENCE"));
        let mut acting = Some("acting");
        loop {
            let time = clock_gettime(ClockId::Boottime);
            let line = format!(
                "{name} {epoch} {token} {}.{:09}\n",
                time.tv_sec, time.tv_nsec
            );
            ticks.write_all(line.as_bytes()).expect("a line");
            if let Some(acting) = acting.take() {
                println!("{acting}");
            }
            thread::sleep(OFTEN);
        }
    }
}
