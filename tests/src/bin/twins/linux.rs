mod component;
mod native;

use std::{env, error::Error, io, path::PathBuf};

use rustix::io::{read, write};
use serde_json::Value;

/// How often an attempt goes on that has to wait.
const TRIES: u32 = 8;

/// What is to be done.
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
    // What is done once in a process is done before anybody compares.
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

/// By one system call, so that it tells where one ends and the other begins.
fn say(line: &str) -> io::Result<()> {
    write(io::stdout(), format!("{line}\n").as_bytes())?;
    Ok(())
}
