use std::{env, error::Error, io, path::PathBuf};

use lockhost::{
    Backend,
    comparison::{self, Task},
};
use rustix::io::{read, write};
use serde_json::Value;

fn task(line: &Value) -> Option<(Task, [PathBuf; 2])> {
    let directories = line["directories"].as_array()?;
    let directory = |which: usize| directories.get(which)?.as_str().map(PathBuf::from);
    let task = Task {
        name: line["name"].as_str()?.to_owned(),
        assume_dead: line["assume_dead"].as_str().map(str::to_owned),
        release: line["release"].as_bool()?,
    };
    Some((task, [directory(0)?, directory(1)?]))
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args_os().nth(1).ok_or("which directory?")?);
    // Work that a process does only once is done before the comparison.
    let free = Task {
        name: "tinyforge.lock".to_owned(),
        assume_dead: None,
        release: true,
    };
    for backend in [Backend::Component, Backend::Native] {
        comparison::run(backend, &free, &directory)?;
    }
    let me = lockhost::process::current(&std::fs::File::open(&directory)?)?;
    say(&me.to_string())?;
    let mut line = vec![0; 1 << 16];
    loop {
        let length = read(io::stdin(), &mut line[..])?;
        if length == 0 {
            return Ok(());
        }
        let line = serde_json::from_slice(&line[..length])?;
        let (task, [first, second]) = task(&line).ok_or("this is no task")?;
        say(&comparison::run(Backend::Component, &task, &first)?)?;
        say(&comparison::run(Backend::Native, &task, &second)?)?;
    }
}

/// Prints a line with one system call, which marks where one part ends and the next begins.
fn say(line: &str) -> io::Result<()> {
    write(io::stdout(), format!("{line}\n").as_bytes())?;
    Ok(())
}
