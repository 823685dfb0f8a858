"""A lock that a thread can acquire several times."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Any, NoReturn

from ._acquire import acquire
from ._native import DEFAULT_NAME

if TYPE_CHECKING:
    from types import TracebackType

    from ._data import StrPath
    from ._lock import Lock

# Other than None, which means without a limit.
_OWN: Any = object()


class _Held(threading.local):
    """What the current thread holds."""

    lock: Lock | None = None
    depth = 0


class DirectoryLock(ContextDecorator):
    """A lock on a directory that a thread can acquire several times: nested acquisitions are counted.

    Each thread acquires it for itself, so threads exclude each other as processes do. It can be used in ``with``
    statements, nested ones too, and as a decorator. The options are those of ``acquire``.
    """

    def __init__(self, directory: StrPath, *, timeout: float | None = 0, **options: Any) -> None:
        self._directory = directory
        self._timeout = timeout
        self._options = options
        self._held = _Held()

    @classmethod
    def shared(cls, directory: StrPath, **options: Any) -> DirectoryLock:
        """Returns the lock on this directory that all callers in this process share.

        So parts of a program that do not know each other count as one in a thread. Another name is another lock.

        Raises:
            ValueError: The lock is there, with other options.
        """
        key = (cls, os.path.realpath(directory), options.get("name", DEFAULT_NAME))
        with _shared.mutex:
            lock = _shared.locks.get(key)
            if lock is None:
                lock = _shared.locks[key] = cls(directory, **options)
                lock._given = options
            elif lock._given != options:
                raise ValueError(
                    f"the shared lock on {directory!s} has other options: {lock._given}, and not {options}"
                )
            return lock

    _given: dict[str, Any]

    @property
    def lock(self) -> Lock | None:
        """The lock that the current thread holds, or None."""
        lock = self._held.lock
        return None if lock is None or lock.is_inherited else lock

    @property
    def depth(self) -> int:
        """How many acquisitions of the current thread are not released."""
        return self._held.depth if self.lock is not None else 0

    def acquire(self, timeout: float | None = _OWN) -> Acquired:
        """Acquires the lock, or counts one more acquisition. The result releases it at the end of a ``with`` statement.

        Raises:
            Error: As ``lockhost.acquire``.
        """
        held = self._held
        if self.lock is None:
            held.depth = 0
            timeout = self._timeout if timeout is _OWN else timeout
            held.lock = acquire(self._directory, timeout=timeout, **self._options)
        held.depth += 1
        return Acquired(self)

    def release(self, *, force: bool = False) -> None:
        """Counts one acquisition less. The last one releases the lock, and ``force`` counts as the last one.

        It does nothing if the current thread does not hold the lock.

        Raises:
            Lost: The lock was lost before.
        """
        held, lock = self._held, self.lock
        if lock is None:
            return
        held.depth = 0 if force else held.depth - 1
        if held.depth == 0:
            held.lock = None
            lock.release()

    def __enter__(self) -> DirectoryLock:
        self.acquire()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __reduce__(self) -> NoReturn:
        # copy and pickle ask for it. A copy would share the count of the threads, and not the lock of a `shared` one.
        raise TypeError("a DirectoryLock cannot be copied or pickled: make another one for the directory")

    def __repr__(self) -> str:
        return f"<lockhost.DirectoryLock on {os.fspath(self._directory)!r}, depth {self.depth}>"


class Acquired:
    """One acquisition of a ``DirectoryLock``, which the end of a ``with`` statement releases."""

    def __init__(self, lock: DirectoryLock) -> None:
        self._lock = lock

    def __enter__(self) -> DirectoryLock:
        return self._lock

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._lock.release()


class _Shared:
    """The locks that all callers in this process share."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.locks: weakref.WeakValueDictionary[Any, DirectoryLock] = weakref.WeakValueDictionary()


_shared = _Shared()
if hasattr(os, "register_at_fork"):
    # A thread that is not in the child may have had the mutex.
    os.register_at_fork(after_in_child=_shared.__init__)  # type: ignore[misc]
