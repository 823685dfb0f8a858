//! The system's own reason for a failed operation, where WASI has no code for it: too many open files, a stale handle
//! of a network file system.
//!
//! The machine gets `io` and names the operation and the file. The number stays with the thread of the call. The error
//! is put into words there, before the machine is asked again.

use std::{cell::RefCell, io};

use super::{ErrorCode, Failure, Operation};
/// The maximum number of failures that are kept. A call that fails more often has reported why long
/// before.
const MOST: usize = 64;

thread_local! {
    static NOTED: RefCell<Vec<(Operation, i32)>> = const { RefCell::new(Vec::new()) };
}

/// Forgets the failures of an earlier call.
pub(crate) fn forget() {
    NOTED.with_borrow_mut(Vec::clear);
}

/// Keeps the number of a failure for which the machine gets `code`.
pub(crate) fn note(operation: Operation, code: ErrorCode, number: i32) {
    if code == ErrorCode::Io {
        NOTED.with_borrow_mut(|noted| {
            noted.truncate(MOST - 1);
            noted.push((operation, number));
        });
    }
}

/// Returns the system's error of the last such failure of an operation, if that failure is reported.
pub(crate) fn of(failure: Failure) -> Option<io::Error> {
    if failure.code != ErrorCode::Io {
        return None;
    }
    let number = NOTED.with_borrow(|noted| {
        let mut latest = noted.iter().rev();
        latest.find(|it| it.0 == failure.operation).map(|it| it.1)
    })?;
    Some(io::Error::from_raw_os_error(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(operation: Operation, code: ErrorCode) -> Failure {
        Failure { operation, code }
    }

    #[test]
    fn a_cause_is_that_of_its_operation_and_of_no_other_code() {
        forget();
        note(Operation::Open, ErrorCode::Io, 24);
        note(Operation::Create, ErrorCode::Access, 13);
        note(Operation::Link, ErrorCode::Io, 116);
        let number =
            |operation, code| of(failure(operation, code)).and_then(|it| it.raw_os_error());
        assert_eq!(number(Operation::Open, ErrorCode::Io), Some(24));
        assert_eq!(number(Operation::Link, ErrorCode::Io), Some(116));
        assert_eq!(number(Operation::Create, ErrorCode::Io), None);
        assert_eq!(number(Operation::Open, ErrorCode::Access), None);
        forget();
        assert_eq!(number(Operation::Open, ErrorCode::Io), None);
    }

    #[test]
    fn a_thread_knows_its_own_causes_alone() {
        forget();
        note(Operation::Open, ErrorCode::Io, 24);
        let other = std::thread::spawn(|| of(failure(Operation::Open, ErrorCode::Io)).is_some());
        assert!(!other.join().unwrap());
    }
}
