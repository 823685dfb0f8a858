//! The parts of a lock on a file system, tried one by one.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Read, Seek, Write},
    path::Path,
};

use file_id::get_file_id;

use lockhost::process::Identity;

use super::{
    finding::Finding,
    scratch::Scratch,
    system::{NO_EVIDENCE, privacy},
    times,
};

/// The results.
#[derive(Debug)]
pub(super) struct Trials {
    pub(super) findings: Vec<Finding>,
    /// Whether files can be made exclusively, and removed.
    pub(super) files: Result<(), String>,
    /// Whether a file can have two names, and is one file under both.
    pub(super) links: Result<(), String>,
    /// Whether the kernel keeps evidence; `None` where it is not asked to.
    pub(super) evidence: Option<Result<(), String>>,
}

impl Trials {
    /// Runs the trials in a directory, and leaves no file.
    pub(super) fn run(directory: &Path, me: &Identity) -> Self {
        let mut scratch = Scratch::new(directory, me.to_string());
        let mut trials = Self {
            findings: Vec::new(),
            files: Ok(()),
            links: Err("no file can be made".to_owned()),
            evidence: None,
        };
        match scratch.create() {
            Ok((path, file)) => trials.with(&mut scratch, &path, file, me),
            Err(error) => trials.files = Err(error.to_string()),
        }
        let removed = scratch.remove().map_err(|error| error.to_string());
        let files = std::mem::replace(&mut trials.files, Ok(()));
        trials.files = files.and(removed);
        let what = "files can be made exclusively, written, read and removed";
        let files = Finding::tried(what, &trials.files);
        trials.findings.insert(0, files);
        trials
    }

    fn with(&mut self, scratch: &mut Scratch, path: &Path, mut file: File, me: &Identity) {
        self.files = is_exclusive(path).and_then(|()| is_read_back(&mut file));
        self.findings.push(privacy(path, &file));
        self.links = links(scratch, path);
        self.findings.push(Finding::tried(
            "a file can have two names, which are one file, and no name is linked twice",
            &self.links,
        ));
        self.evidence = me.promises_evidence().then(|| evidence(path));
        self.findings.push(match &self.evidence {
            Some(evidence) => Finding::tried(
                "the kernel keeps a file locked for as long as it is open, and no longer",
                evidence,
            ),
            None => Finding::fact(NO_EVIDENCE),
        });
        self.findings.push(times::finding(&file));
    }
}

fn is_exclusive(path: &Path) -> Result<(), String> {
    match File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("an existing file was created again".to_owned()),
    }
}

fn is_read_back(file: &mut File) -> Result<(), String> {
    let mut read = || -> io::Result<String> {
        file.write_all(b"4711\n")?;
        file.rewind()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    match read() {
        Ok(text) if text == "4711\n" => Ok(()),
        Ok(_) => Err("the text that is read is not the text that was written".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn links(scratch: &mut Scratch, path: &Path) -> Result<(), String> {
    let second = scratch.link(path).map_err(|error| error.to_string())?;
    let id = |path: &Path| get_file_id(path).map_err(|error| error.to_string());
    if id(path)? != id(&second)? {
        return Err("the two names are two files".to_owned());
    }
    match fs::hard_link(path, &second) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(()) => Err("an existing name was linked again".to_owned()),
    }
}

/// Checks evidence as owners keep it, and as other processes ask for it.
fn evidence(path: &Path) -> Result<(), String> {
    let kept = open(path)?;
    kept.try_lock().map_err(|error| error.to_string())?;
    let asked = open(path)?;
    match asked.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Err(error) => return Err(error.to_string()),
        Ok(()) => return Err("a locked file could be locked again".to_owned()),
    }
    drop(kept);
    asked
        .try_lock_shared()
        .map_err(|error| format!("it stays locked after it was closed: {error}"))
}

fn open(path: &Path) -> Result<File, String> {
    let mut options = File::options();
    let opened = options.read(true).write(true).open(path);
    opened.map_err(|error| error.to_string())
}
