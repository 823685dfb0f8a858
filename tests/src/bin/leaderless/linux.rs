use std::{
    fs,
    io::{self, Write},
    process, thread,
};

pub(crate) fn main() {
    thread::spawn(|| {
        let stat = format!("/proc/{}/stat", process::id());
        while !fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z ")) {
            thread::yield_now();
        }
        println!("{}", process::id());
        let _ = io::stdout().flush();
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    // SAFETY: the system call ends the calling thread and nothing else. Nothing on this thread's stack is borrowed by
    // the other, and nothing that it would still do is needed.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}
