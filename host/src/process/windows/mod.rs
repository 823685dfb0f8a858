//! Facts about processes and files on Windows, through their handles.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    mem::MaybeUninit,
    os::windows::{
        ffi::OsStringExt,
        fs::OpenOptionsExt,
        io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle},
    },
    path::Path,
    time::Duration,
};

use windows_sys::Win32::{
    Foundation::{ERROR_INVALID_PARAMETER, FILETIME},
    Storage::FileSystem::FILE_FLAG_BACKUP_SEMANTICS,
    System::Threading::{
        GetProcessId, GetProcessTimes, OpenProcess, PROCESS_ACCESS_RIGHTS, PROCESS_NAME_WIN32,
        PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, QueryFullProcessImageNameW,
    },
};

pub(crate) use super::{
    absent::{evidence_kind, is_kept_by_any, keepers, lists_our_processes, number},
    entry::{Entry, Presence, Seen},
};
use super::{identity::Identity, liveness::UnknownReason};
use crate::sys::poll::await_any;

mod file_number;
mod installation;
mod listing;
mod volume;

pub(crate) use file_number::file_id;
#[cfg(feature = "component")]
pub(crate) use file_number::long_id;
#[cfg(feature = "native")]
pub(crate) use file_number::{identified, links};
pub(crate) use listing::listed;
pub(crate) use volume::{lacks_links, numbers_places};

/// Returns whether any process has this number now.
pub(crate) fn presence(pid: u32) -> Presence {
    match open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION) {
        Err(error) if is_no_process(&error) => Presence::Absent,
        _ => Presence::Present,
    }
}

/// Returns the entry of a number, if it can be known.
pub(crate) fn entry(pid: u32) -> Option<Entry> {
    let rights = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;
    let process = match open_process(pid, rights) {
        Ok(process) => process,
        Err(error) if is_no_process(&error) => return None,
        // It belongs to another user, for instance to a service. The list still shows its start.
        Err(_) => return listing::entry(pid),
    };
    let ended = await_any(&[process.as_handle()], Duration::ZERO);
    Some(Entry {
        start: created(&process),
        ended,
        threads: u64::from(!ended),
    })
}

/// Opens a handle of the process that has this number now.
///
/// # Errors
/// If there is none, which the system reports as `ERROR_INVALID_PARAMETER`, or it may not be opened with these rights.
#[allow(unsafe_code)]
pub(crate) fn open_process(pid: u32, rights: PROCESS_ACCESS_RIGHTS) -> io::Result<OwnedHandle> {
    // SAFETY: nothing is pointed to.
    let process = unsafe { OpenProcess(rights, 0, pid) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and not owned elsewhere.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    // The system ignores the two lowest bits of a number.
    // SAFETY: the handle is open.
    let found = unsafe { GetProcessId(process.as_raw_handle()) };
    if found != 0 && found != pid {
        return Err(no_process());
    }
    Ok(process)
}

fn no_process() -> io::Error {
    io::Error::from_raw_os_error(ERROR_INVALID_PARAMETER.cast_signed())
}

fn is_no_process(error: &io::Error) -> bool {
    error.raw_os_error() == no_process().raw_os_error()
}

#[allow(unsafe_code)]
fn created(process: &OwnedHandle) -> Option<u64> {
    let mut times = [MaybeUninit::<FILETIME>::uninit(); 4];
    let [creation, exit, kernel, user] = times.each_mut().map(MaybeUninit::as_mut_ptr);
    // SAFETY: the handle is open, and there is room for the four times.
    let told =
        unsafe { GetProcessTimes(process.as_raw_handle(), creation, exit, kernel, user) } != 0;
    // SAFETY: the call has succeeded, so the time is written.
    let creation = told.then(|| unsafe { times[0].assume_init() })?;
    let start = u64::from(creation.dwHighDateTime) << 32 | u64::from(creation.dwLowDateTime);
    Some(start).filter(|start| *start != 0)
}

/// Returns what can be seen of a number.
pub(crate) fn state(pid: u32) -> Option<Seen> {
    entry(pid).map(|entry| Seen {
        ended: entry.ended,
        thread: false,
    })
}

/// Returns the program that a process runs. The process hides its arguments and its user.
#[allow(unsafe_code)]
pub(crate) fn cmdline(pid: u32) -> Option<(Vec<OsString>, Option<u32>)> {
    let process = open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION).ok()?;
    // No path is longer.
    let mut path = vec![0_u16; 1 << 15];
    let mut length = u32::try_from(path.len()).ok()?;
    // SAFETY: the handle is open, and the path has the room that is passed.
    let told = unsafe {
        QueryFullProcessImageNameW(
            process.as_raw_handle(),
            PROCESS_NAME_WIN32,
            path.as_mut_ptr(),
            &raw mut length,
        )
    };
    let path = path.get(..usize::try_from(length).ok()?)?;
    (told != 0 && !path.is_empty()).then(|| (vec![OsString::from_wide(path)], None))
}

/// Returns the identity of this process.
///
/// It has the installation's id in place of a boot's. A process of an earlier boot is dead if it belongs to this
/// installation: a process that has its number by now started at another time.
///
/// # Errors
/// If the system lacks the resources to answer.
pub(crate) fn myself() -> io::Result<Identity> {
    let pid = std::process::id();
    Ok(Identity {
        pid,
        start: entry(pid).and_then(|entry| entry.start),
        time_namespace: Some(0),
        boot: installation::id()?,
        // A container sees only processes of its own, and nothing identifies the container.
        pid_namespace: (!installation::is_container()).then_some(0),
        ..Identity::default()
    })
}

/// Returns whether the system reports every change of a file.
pub(crate) fn is_local(file: &Path) -> bool {
    let directory = file.parent().map(open_directory);
    directory.is_some_and(|it| it.is_ok_and(|it| volume::is_this_systems(&it)))
}

/// Returns why the owners of a file cannot be judged from here, if that is so.
pub(crate) fn blindness(file: &File) -> Option<UnknownReason> {
    (!volume::is_this_systems(file)).then_some(UnknownReason::OtherBoot)
}

/// Opens a directory to be handed to the component. Other processes may still use, rename and remove it.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Without the flag no directory is opened. As for any file that Rust opens, all processes may share it in every
    // way.
    options.read(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    let directory = options.open(path)?;
    if directory.metadata()?.is_dir() {
        Ok(directory)
    } else {
        Err(io::ErrorKind::NotADirectory.into())
    }
}

/// Returns `false`: directories have no such mode.
pub(crate) fn is_sticky(_directory: &Path) -> bool {
    false
}

/// Files have no mode: their directory controls which users may read them.
pub(crate) const HAS_MODES: bool = false;

/// Does nothing: there is only one mode.
pub(crate) fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Returns `true`: there is only one mode.
pub(crate) fn has_mode(_file: &File, _mode: u32) -> io::Result<bool> {
    Ok(true)
}

/// Returns `false`: the owner of a file would not be known either.
pub(crate) fn may_not_read(_path: &Path) -> bool {
    false
}

/// Returns `None`: users have no numbers.
pub(crate) fn effective_user() -> Option<u32> {
    None
}

/// Returns `None`: users have no numbers.
pub(crate) fn owner_of(_path: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::process::{
        current,
        judge::judge,
        liveness,
        liveness::{DeadReason, Liveness, Owner},
    };

    #[test]
    fn this_process_is_present_and_started_once() {
        let pid = std::process::id();
        let found = entry(pid).unwrap();
        assert!(found.start.is_some() && !found.ended, "{found:?}");
        assert_eq!(entry(pid), Some(found));
        assert_eq!(presence(pid), Presence::Present);
        let (command, user) = cmdline(pid).unwrap();
        let program = std::env::current_exe().unwrap();
        assert_eq!(Path::new(&command[0]).file_name(), program.file_name());
        assert_eq!((command.len(), user), (1, None));
        assert!(myself().unwrap().is_whole());
    }

    #[test]
    fn a_number_that_no_process_has_is_absent_beside_one_in_use() {
        for pid in [0, u32::MAX, std::process::id() + 1] {
            assert_eq!(presence(pid), Presence::Absent, "{pid}");
            assert_eq!(entry(pid), None);
        }
    }

    #[test]
    fn an_ended_process_is_dead_while_a_handle_is_open() {
        let place = tempfile::tempdir().unwrap();
        let file = File::create(place.path().join("file")).unwrap();
        let directory = open_directory(place.path()).unwrap();
        let mut child = Command::new("cmd")
            .args(["/c", "pause"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let maker = super::super::identify(child.id(), &directory).unwrap();
        let ask = || liveness(&Owner::Maker(maker.to_string()), &file);
        assert!(matches!(ask(), Liveness::Alive(_)), "{:?}", ask());
        child.kill().unwrap();
        child.wait().unwrap();
        for owner in [Owner::Maker(maker.to_string()), Owner::Pid(child.id())] {
            let life = liveness(&owner, &file);
            assert!(matches!(life, Liveness::Dead(_)), "{life:?}");
        }
    }

    #[test]
    fn where_others_may_have_the_volume_no_owner_is_judged() {
        let (reader, _writer) = io::pipe().unwrap();
        let elsewhere = File::from(OwnedHandle::from(reader));
        let me = current(&elsewhere).unwrap();
        assert_eq!((&me.boot, me.pid_namespace), (&None, None));
        assert_eq!(
            super::super::identify(me.pid, &elsewhere).as_ref(),
            Some(&me)
        );
        // A pipe is not a regular file, for which there is no answer: so these questions reach what comes after that.
        for owner in [
            Owner::Pid(u32::MAX),
            Owner::Maker(myself().unwrap().to_string()),
        ] {
            let life = judge(&owner, &elsewhere, false, None);
            assert_eq!(life, Liveness::Unknown(UnknownReason::OtherBoot));
        }
    }

    #[test]
    fn a_number_that_was_given_again_is_known_by_its_start() {
        let place = tempfile::tempdir().unwrap();
        let file = File::create(place.path().join("file")).unwrap();
        let me = current(&open_directory(place.path()).unwrap()).unwrap();
        let start = me.start.map(|start| start - 1);
        let before = Identity {
            start,
            ..me.clone()
        };
        assert_eq!(
            liveness(&Owner::Maker(before.to_string()), &file),
            Liveness::Dead(DeadReason::Reused)
        );
        let boot = Some("0".repeat(32));
        let elsewhere = Identity { boot, ..before };
        assert_eq!(
            liveness(&Owner::Maker(elsewhere.to_string()), &file),
            Liveness::Unknown(UnknownReason::OtherBoot)
        );
    }
}
