use std::{
    env,
    error::Error,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let program = arguments.next().ok_or("which program?")?;
    println!("ready");
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Err(Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .exec()
        .into())
}
