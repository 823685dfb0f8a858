//! `WaitForMultipleObjects` on all sources.

use std::{
    io::{self, Read},
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle},
    sync::OnceLock,
    thread,
    time::Duration,
};

use windows_sys::Win32::{
    Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT},
    System::Threading::{INFINITE, SetEvent, WaitForMultipleObjects},
};

use super::{Event, Events};
use crate::cli::signals::event;

/// How many handles the system waits for at once: `MAXIMUM_WAIT_OBJECTS`.
const MOST: usize = 64;

impl Events {
    /// Waits for the next event, at most for `limit`. If `others` are more than some sixty, the last ones are not
    /// waited for.
    pub(in super::super) fn next(
        &self,
        others: &[BorrowedHandle<'_>],
        limit: Duration,
    ) -> io::Result<Event> {
        if let Some(caught) = self.signals.next()? {
            return Ok(Event::Signal(caught));
        }
        let input = match self.input {
            true => Some(end_of_input()?.as_handle()),
            false => None,
        };
        let handles = [self.signals.as_handle()].into_iter().chain(input);
        let handles = handles.chain(others.iter().copied()).take(MOST);
        let handles: Vec<_> = handles.map(|handle| handle.as_raw_handle()).collect();
        let Some(nth) = await_any(&handles, limit)? else {
            return Ok(Event::Elapsed);
        };
        if let Some(caught) = self.signals.next()? {
            return Ok(Event::Signal(caught));
        }
        Ok(match nth {
            0 => Event::Elapsed,
            1 if self.input => Event::InputClosed,
            _ => Event::Ready,
        })
    }
}

/// Returns which handle is signalled first; `None` if the time is up before.
#[allow(unsafe_code)]
fn await_any(handles: &[HANDLE], limit: Duration) -> io::Result<Option<usize>> {
    let count = u32::try_from(handles.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // Rounded up: otherwise a caller that waits for less than a millisecond would poll without a pause. A time that is
    // too long for the system counts as no limit.
    let limit = limit.as_nanos().div_ceil(1_000_000);
    let limit = u32::try_from(limit).unwrap_or(INFINITE);
    // SAFETY: the count is that of the handles, and their owners are borrowed for as long as the caller waits.
    match unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, limit) } {
        WAIT_TIMEOUT => Ok(None),
        WAIT_FAILED => Err(io::Error::last_os_error()),
        told => Ok(usize::try_from(told - WAIT_OBJECT_0).ok()),
    }
}

/// Returns an event that is signalled once no process has standard input open for writing. A pipe cannot be waited for
/// here, so a thread reads it for as long as the program runs.
#[allow(unsafe_code)]
fn end_of_input() -> io::Result<&'static OwnedHandle> {
    static END: OnceLock<OwnedHandle> = OnceLock::new();
    if let Some(end) = END.get() {
        return Ok(end);
    }
    let (end, theirs) = {
        let end = event()?;
        let theirs = end.try_clone()?;
        (end, theirs)
    };
    let read = move || {
        let mut input = io::stdin().lock();
        // Input that cannot be read counts as ended.
        while !matches!(input.read(&mut [0; 8192]), Ok(0) | Err(_)) {}
        // SAFETY: it is an event, and open.
        unsafe { SetEvent(theirs.as_raw_handle()) };
    };
    let thread = thread::Builder::new().name("lockhost-input".to_owned());
    thread.spawn(read)?;
    Ok(END.get_or_init(|| end))
}
