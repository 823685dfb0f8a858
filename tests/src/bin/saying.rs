//! A command that prints the variables about its lock, then copies its standard input until that is closed. It ends
//! with the code that it is given: `saying CODE`.

use std::{
    env,
    error::Error,
    io::{self, Write},
    process,
};

fn main() -> Result<(), Box<dyn Error>> {
    let code = env::args().nth(1).ok_or("with which code?")?.parse()?;
    let mut out = io::stdout().lock();
    for told in ["LOCKHOST_DIR", "LOCKHOST_LOCK", "LOCKHOST_PID"] {
        writeln!(out, "{}", env::var(told)?)?;
    }
    out.flush()?;
    io::copy(&mut io::stdin(), &mut out)?;
    out.flush()?;
    process::exit(code);
}
