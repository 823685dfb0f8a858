//! Does nothing until its standard input is closed.

use std::io;

fn main() -> io::Result<()> {
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
