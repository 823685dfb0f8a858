"""The reasons why there is no lock, as a tree of exceptions.

Error
    Refused             the lock is held, or may be; a later attempt may succeed
        Timeout         … until the time was over; also a TimeoutError
        Ancestor        … by a process that started this one
        Deadlock        … by the thread that would wait for it
        Cancelled       … until the wait was cancelled
    Lost                the lock was removed or replaced while it was held
    Released            the lock was released before
    Inherited           the lock is that of the process that forked this one
    NotTheOwner         the lock to break is free, or has another owner
    NotALock            the file at the lock's name is not a lock file
    InvalidName         the name is not valid for a lock; also a ValueError
    FileSystemError     an operation failed; also an OSError, with its errno
        DirectoryNotFound   also a FileNotFoundError
        PermissionDenied    also a PermissionError
    Internal            something that should not happen
"""

from __future__ import annotations

import errno as errors
from typing import TYPE_CHECKING, Any, TypeVar

from ._data import holder_of
from ._native import Failure

if TYPE_CHECKING:
    from ._data import Holder

T = TypeVar("T")


class Error(Exception):
    """The reason why a lock could not be acquired, kept, released or judged. Its text is one line."""

    kind: str = "other"
    """The kind, in the words of the program's ``--json``."""
    path: str
    """The file that the error is about: a lock file, or the directory."""
    hint: str | None
    """The way out, for a person: one line without a full stop. From Python 3.11 on, a traceback shows it as a note."""
    holder: Holder | None
    """The process that holds the lock, if one is known."""

    def __init__(
        self,
        message: str,
        *,
        path: str = "",
        kind: str | None = None,
        hint: str | None = None,
        holder: Holder | None = None,
    ) -> None:
        Exception.__init__(self, message)
        self.path, self.hint, self.holder = path, hint, holder
        if kind is not None:
            self.kind = kind
        if hint is not None and hasattr(self, "add_note"):
            self.add_note(f"hint: {hint}")

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.args[0], self._values())

    def _values(self) -> dict[str, Any]:
        return {"path": self.path, "kind": self.kind, "hint": self.hint, "holder": self.holder}


def _rebuilt(of: type[Error], message: str, values: dict[str, Any]) -> Error:
    return of(message, **values)


class Refused(Error):
    """The lock is held by an owner that is alive or may be, or cannot be judged yet. A later attempt may succeed."""

    kind = "held"


class Timeout(Refused, TimeoutError):
    """The lock is refused, and the time to wait for it is over. With ``timeout=0`` that is at once."""


class Ancestor(Refused):
    """The owner is an ancestor of this process, which usually waits for this process before it releases the lock."""

    kind = "ancestor"


class Deadlock(Refused):
    """The owner is the thread that would wait, without a limit, for its own release."""


class Cancelled(Refused):
    """The wait was cancelled by ``Cancellation.cancel``."""


class Lost(Error):
    """The lock is not this owner's any more: its file or its directory was removed, moved or replaced."""

    kind = "lost"


class Released(Error):
    """The lock was released before."""

    kind = "released"


class Inherited(Error):
    """The lock is that of the process that forked this one. Nothing was changed."""

    kind = "inherited"


class NotTheOwner(Error):
    """The lock to break is free or has another owner, in ``holder``. Nothing was changed."""

    kind = "not-the-owner"


class NotALock(Error):
    """The file at the lock's name is not a lock file, and was left alone."""

    kind = "not-a-lock"


class InvalidName(Error, ValueError):
    """The name is not valid for a lock."""

    kind = "bad-name"


class FileSystemError(Error, OSError):
    """An operation of the file system failed, with ``errno``."""

    kind = "io"

    def __init__(self, message: str, *, errno: int | None = None, **values: Any) -> None:
        Error.__init__(self, message, **values)
        self.errno, self.filename = errno, self.path

    def _values(self) -> dict[str, Any]:
        return {**super()._values(), "errno": self.errno}


class DirectoryNotFound(FileSystemError, FileNotFoundError):
    """There is no such directory."""


class PermissionDenied(FileSystemError, PermissionError):
    """The system permits this user no such operation."""


class Internal(Error):
    """An attempt failed for a reason that should not happen. No lock is known to be held."""

    kind = "internal"


_CLASSES: dict[str, type[Error]] = {
    "held": Timeout,
    "contended": Timeout,
    "unsettled": Timeout,
    "ancestor": Ancestor,
    "lost": Lost,
    "inherited": Inherited,
    "not-the-owner": NotTheOwner,
    "not-a-lock": NotALock,
    "bad-name": InvalidName,
    "internal": Internal,
}

_FILE_SYSTEM: dict[int | None, type[FileSystemError]] = {
    errors.ENOENT: DirectoryNotFound,
    errors.EACCES: PermissionDenied,
    errors.EPERM: PermissionDenied,
}


def checked(outcome: T | Failure) -> T:
    """Returns the value that the native module has returned, or raises the exception for its failure."""
    if not isinstance(outcome, Failure):
        return outcome
    kind, message, path, hint = outcome.kind, outcome.message, outcome.path, outcome.hint
    if kind == "io":
        named = getattr(errors, outcome.errno_name or "", None)
        errno = named if outcome.errno is None else outcome.errno
        of = _FILE_SYSTEM.get(errno, FileSystemError)
        raise of(message, errno=errno, path=path, kind=kind, hint=hint)
    raise _CLASSES.get(kind, Error)(message, path=path, kind=kind, hint=hint, holder=holder_of(outcome.holder))
