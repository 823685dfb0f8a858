//! Facts from the registry about this Windows.

use std::{io, ptr};

use windows_sys::{
    Win32::{
        Foundation::{ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_SUCCESS, WIN32_ERROR},
        System::Registry::{
            HKEY_LOCAL_MACHINE, REG_ROUTINE_FLAGS, RRF_RT_ANY, RRF_RT_REG_SZ,
            RRF_SUBKEY_WOW6464KEY, RegGetValueW,
        },
    },
    core::PCWSTR,
    w,
};

/// Returns the number that this installation got when it was made, in lower case and without hyphens; `None` if it has
/// none.
///
/// # Errors
/// If the system lacks the resources to answer.
pub(super) fn id() -> io::Result<Option<String>> {
    let key = w!(r"SOFTWARE\Microsoft\Cryptography");
    let mut text = [0_u16; 64];
    match value(key, w!("MachineGuid"), RRF_RT_REG_SZ, &mut text) {
        ERROR_SUCCESS => Ok(digits(&text)),
        error if is_lack(error) => Err(io::Error::from_raw_os_error(error.cast_signed())),
        _ => Ok(None),
    }
}

fn digits(text: &[u16]) -> Option<String> {
    let end = text.iter().position(|unit| *unit == 0)?;
    let text = String::from_utf16(&text[..end]).ok()?;
    let id: String = text.chars().filter(|c| *c != '-').collect();
    let is_good = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_good.then(|| id.to_ascii_lowercase())
}

/// Returns whether this is a container, which has a list of processes of its own, and may have the installation number
/// of its image. It also returns `true` if that cannot be ruled out.
pub(super) fn is_container() -> bool {
    let key = w!(r"SYSTEM\CurrentControlSet\Control");
    value(key, w!("ContainerType"), RRF_RT_ANY, &mut [0; 64]) != ERROR_FILE_NOT_FOUND
}

fn is_lack(error: WIN32_ERROR) -> bool {
    use windows_sys::Win32::Foundation::{
        ERROR_NO_SYSTEM_RESOURCES, ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY,
    };
    let lacks = [
        ERROR_NO_SYSTEM_RESOURCES,
        ERROR_NOT_ENOUGH_MEMORY,
        ERROR_OUTOFMEMORY,
    ];
    lacks.contains(&error)
}

/// Reads a value of the machine's registry. For a missing value it returns `ERROR_FILE_NOT_FOUND`.
#[allow(unsafe_code)]
fn value(key: PCWSTR, name: PCWSTR, kind: REG_ROUTINE_FLAGS, room: &mut [u16]) -> WIN32_ERROR {
    let Ok(mut size) = u32::try_from(size_of_val(room)) else {
        return ERROR_MORE_DATA;
    };
    // SAFETY: key and name are constants that end with a zero, and the answer has the room that is passed.
    unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key,
            name,
            kind | RRF_SUBKEY_WOW6464KEY,
            ptr::null_mut(),
            room.as_mut_ptr().cast(),
            &raw mut size,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_in_one_way_of_writing() {
        let wide = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<_>>();
        assert_eq!(
            digits(&wide("0123ABCD-4567-89ab-cdef-0123456789ab")).unwrap(),
            "0123abcd456789abcdef0123456789ab"
        );
        for none in ["", "0123", "0123ABCD-4567-89ab-cdef-0123456789aX"] {
            assert_eq!(digits(&wide(none)), None);
        }
        assert_eq!(digits(&[]), None);
    }

    #[test]
    fn this_installation_has_a_number() {
        assert_eq!(id().unwrap().unwrap().len(), 32);
        assert_eq!(id().unwrap(), id().unwrap());
    }
}
