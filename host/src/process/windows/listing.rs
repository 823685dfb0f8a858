//! The system's list of all processes, including those that this process may not open.

use std::{
    mem::{offset_of, size_of},
    ptr,
};

use windows_sys::{
    Wdk::System::SystemInformation::{NtQuerySystemInformation, SystemProcessInformation},
    Win32::{
        Foundation::{STATUS_INFO_LENGTH_MISMATCH, STATUS_SUCCESS},
        System::WindowsProgramming::SYSTEM_PROCESS_INFORMATION,
    },
};

use super::Entry;

/// The room for the list at first, and at most, in bytes: a process takes a kilobyte, more with its threads.
const ROOM: usize = 512 << 10;
const MOST: usize = 64 << 20;

/// The offset of the creation time in a part that the headers call reserved: behind the sizes of the working set and
/// the cycles.
const CREATED: usize = 24;

/// Returns the list's entry for a number; `None` if the list does not have it, or cannot be read.
pub(super) fn entry(pid: u32) -> Option<Entry> {
    listed(pid).map(|it| it.0)
}

/// Returns the entry as [`entry`] does, with the number of the process that started it. The headers have no name for
/// that field.
pub(crate) fn listed(pid: u32) -> Option<(Entry, Option<u32>)> {
    let list = list()?;
    let mut at = 0;
    loop {
        let process = record(&list, at)?;
        if process.UniqueProcessId.addr() == usize::try_from(pid).ok()? {
            let parent = u32::try_from(process.Reserved2.addr()).ok();
            return Some((told(&process), parent));
        }
        match usize::try_from(process.NextEntryOffset).ok()? {
            0 => return None,
            next => at += next,
        }
    }
}

fn told(process: &SYSTEM_PROCESS_INFORMATION) -> Entry {
    let mut created = [0; 8];
    created.copy_from_slice(&process.Reserved1[CREATED..CREATED + 8]);
    let threads = u64::from(process.NumberOfThreads);
    Entry {
        start: Some(u64::from_le_bytes(created)).filter(|start| *start != 0),
        ended: threads == 0,
        threads,
    }
}

/// Returns the record that begins at this byte of the list.
#[allow(unsafe_code)]
fn record(list: &[u64], at: usize) -> Option<SYSTEM_PROCESS_INFORMATION> {
    let end = at.checked_add(size_of::<SYSTEM_PROCESS_INFORMATION>())?;
    if end > size_of_val(list) {
        return None;
    }
    // SAFETY: it lies in the list, which is written. Any bytes are valid numbers and addresses, and the addresses are
    // not used.
    Some(unsafe {
        let record = list.as_ptr().byte_add(at);
        ptr::read_unaligned(record.cast())
    })
}

/// Returns the whole list, record after record, aligned as records are.
#[allow(unsafe_code)]
fn list() -> Option<Vec<u64>> {
    let mut room = ROOM;
    while room <= MOST {
        let mut list = vec![0_u64; room / size_of::<u64>()];
        let size = u32::try_from(room).ok()?;
        let mut needed = 0;
        // SAFETY: the list has the room that is passed, and there is room for its length.
        let status = unsafe {
            NtQuerySystemInformation(
                SystemProcessInformation,
                list.as_mut_ptr().cast(),
                size,
                &raw mut needed,
            )
        };
        match status {
            STATUS_SUCCESS => return Some(list),
            STATUS_INFO_LENGTH_MISMATCH => room *= 2,
            _ => return None,
        }
    }
    None
}

const _: () = assert!(offset_of!(SYSTEM_PROCESS_INFORMATION, Reserved1) == 8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_the_same_as_a_handle() {
        let pid = std::process::id();
        let listed = entry(pid).unwrap();
        let opened = super::super::entry(pid).unwrap();
        assert!(opened.start.is_some());
        assert_eq!((listed.start, listed.ended), (opened.start, opened.ended));
    }

    #[test]
    fn a_process_is_listed_with_its_parent() {
        let (_, parent) = listed(std::process::id()).unwrap();
        assert!(parent.is_some_and(|parent| parent != 0));
    }

    #[test]
    fn a_number_that_no_process_has_is_not_listed() {
        assert_eq!(entry(u32::MAX), None);
    }
}
