mod component;
mod native;

use std::{env, error::Error, io, path::PathBuf};

use rustix::io::{read, write};
use serde_json::Value;

/// How often an attempt that has to wait goes on.
const TRIES: u32 = 8;

/// A task for both.
struct Task {
    name: String,
    assume_dead: Option<String>,
    release: bool,
}

impl Task {
    fn read(line: &Value) -> Option<(Self, [PathBuf; 2])> {
        let directories = line["directories"].as_array()?;
        let directory = |which: usize| directories.get(which)?.as_str().map(PathBuf::from);
        let task = Self {
            name: line["name"].as_str()?.to_owned(),
            assume_dead: line["assume_dead"].as_str().map(str::to_owned),
            release: line["release"].as_bool()?,
        };
        Some((task, [directory(0)?, directory(1)?]))
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args_os().nth(1).ok_or("which directory?")?);
    let component = component::prepare()?;
    // Work that a process does only once is done before the comparison.
    let free = Task {
        name: "tinyforge.lock".to_owned(),
        assume_dead: None,
        release: true,
    };
    component::run(&component, &free, &directory)?;
    native::run(&free, &directory)?;
    let me = lockhost::process::current(&std::fs::File::open(&directory)?)?;
    say(&me.to_string())?;
    let mut line = vec![0; 1 << 16];
    loop {
        let length = read(io::stdin(), &mut line[..])?;
        if length == 0 {
            return Ok(());
        }
        let task = serde_json::from_slice(&line[..length])?;
        let (task, [first, second]) = Task::read(&task).ok_or("this is no task")?;
        say(&component::run(&component, &task, &first)?)?;
        say(&native::run(&task, &second)?)?;
    }
}

/// Prints a line with one system call, which marks where one part ends and the next begins.
fn say(line: &str) -> io::Result<()> {
    write(io::stdout(), format!("{line}\n").as_bytes())?;
    Ok(())
}
