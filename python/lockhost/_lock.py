"""The lock, while it is held."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from . import _native
from ._data import Replaced, Warning  # noqa: A004
from ._errors import Inherited, Released, checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from ._native import Watch

# The locks of this process that are held, by their numbers.
_held: weakref.WeakValueDictionary[int, Lock] = weakref.WeakValueDictionary()


class _Thread(threading.local):
    """A thread, as an object of its own: the number of a thread that has ended comes back."""

    def __init__(self) -> None:
        self.token = object()


_thread = _Thread()


class Lock:
    """A lock on a directory, held by this process until it is released.

    Any thread may use it and release it. A lock that no variable refers to any more is released, and so is each lock
    when the interpreter exits. If the process ends in another way, the lock is dead, and the next owner takes it over.

    In a child made by fork(2) the lock is the parent's. The child closes its copies of the lock's descriptors, so it
    does not keep the directory in use once the parent has ended.
    """

    __slots__ = ("__weakref__", "_maker", "_native", "_thread")

    def __init__(self, native: _native.Lock) -> None:
        self._native = native
        self._maker = os.getpid()
        self._thread = _thread.token
        _held[id(self)] = self

    @property
    def path(self) -> Path:
        """The path of the lock file: the directory as it was given, joined with the lock's name."""
        from pathlib import Path  # noqa: PLC0415  # Slow to import, and seldom needed.

        return Path(self._native.path)

    @property
    def pid(self) -> int:
        """The number in the lock file: the number of the process that holds the lock, as it knows itself."""
        return self._native.pid

    @property
    def identity(self) -> str:
        """The identity of the owner, as in ``Holder.identity``."""
        return self._native.identity

    @property
    def has_evidence(self) -> bool:
        """Whether the kernel keeps evidence for this lock.

        If so, other containers and later boots judge it correctly. Otherwise those refuse, until a person decides.
        """
        return self._native.has_evidence

    @property
    def is_claimed(self) -> bool:
        """Whether the lock has a claim. If not, its file system has no hard links, and the file holds only a pid."""
        return self._native.is_claimed

    @property
    def is_inherited(self) -> bool:
        """Whether this process is a child made by fork(2), and has no part in the lock."""
        return self._maker != os.getpid()

    @property
    def replaced(self) -> tuple[Replaced, ...]:
        """What was removed to acquire the lock; empty if it was free, and once it is released."""
        return () if self.is_inherited else tuple(map(Replaced._of, checked(self._native.replaced())))

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """Problems that do not affect the lock."""
        return () if self.is_inherited else tuple(map(Warning._of, checked(self._native.warnings())))

    def still_held(self) -> bool:
        """Returns whether the lock is still held.

        It returns False once it is released, once another process has removed or replaced its file or directory, and
        in a child made by fork(2). Call it at least once a day, so that no program removes the lock's files for their
        age.
        """
        return not self.is_inherited and checked(self._native.still_held())

    def verify(self) -> None:
        """Raises ``Lost``, ``Released`` or ``Inherited`` if the lock is not held."""
        self._refuse_inherited()
        if not checked(self._native.verify()):
            raise Released(f"{self._native.path} was released before", path=self._native.path)

    def watch(self) -> Watch | None:
        """Returns a descriptor that becomes readable when the lock may be lost. None where the system has none.

        Check once with ``still_held`` after that, and after each report.
        """
        return None if self.is_inherited else checked(self._native.watch())

    def evidence(self) -> int | None:
        """Returns a new descriptor of the file that the kernel keeps locked; the caller closes it.

        A process that inherits it keeps the directory in use if this process is killed: give it to
        ``subprocess.Popen`` in ``pass_fds``. None where there is no evidence, and once the lock is released.
        """
        return None if self.is_inherited else checked(self._native.evidence())

    def release(self) -> None:
        """Releases the lock. A second call does nothing.

        It raises ``Lost`` if the lock was lost before, and ``Inherited`` in a child made by fork(2).
        """
        self._refuse_inherited()
        _held.pop(id(self), None)
        checked(self._native.release())

    def _refuse_inherited(self) -> None:
        if self.is_inherited:
            path, pid = self._native.path, self._native.pid
            raise Inherited(
                f"{path} is held by pid {pid}: it forked this process, which has no part in the lock",
                path=path,
                hint="acquire the lock after the last fork",
            )

    def __enter__(self) -> Lock:
        self.verify()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        # A child that leaves the block of its parent has nothing to release.
        if not self.is_inherited:
            self.release()

    def __reduce__(self) -> NoReturn:
        # copy and pickle ask for it. The lock is one: a copy would outlive its release, or be of another process.
        raise TypeError("a lock cannot be copied or pickled: it belongs to this process")

    def __repr__(self) -> str:
        return f"<lockhost.Lock {self._native.path!r} of pid {self.pid}>"


def is_held_by_this_thread(identity: str | None) -> bool:
    """Returns whether the lock of this identity was acquired by the current thread, and is not released."""
    return any(lock._thread is _thread.token and lock.identity == identity for lock in held())


def held() -> list[Lock]:
    """Returns the locks of this process that are held."""
    # The list of references is made at once, whatever other threads do meanwhile.
    return [lock for reference in _held.valuerefs() if (lock := reference()) is not None]


class _Exit:
    begun = False
    # How many seconds it waits for the steps of daemons: a file system may not answer.
    patience = 2.0


_exit = _Exit()
# The steps of attempts that are being taken. A step may acquire a lock.
_steps: set[object] = set()


@contextmanager
def step() -> Iterator[bool]:
    """Takes a step of an attempt: the exit of the interpreter releases no lock meanwhile.

    Yields whether the exit was first, and this is a daemon thread: its lock would never be released.
    """
    token = object()
    _steps.add(token)
    try:
        yield _exit.begun and threading.current_thread().daemon
    finally:
        _steps.discard(token)


def _release_all() -> None:
    # First, so that a thread which waits for one of these locks does not acquire it.
    _exit.begun = True
    end = time.monotonic() + _exit.patience
    while _steps and time.monotonic() < end:
        time.sleep(0.001)
    for lock in held():
        # One that is lost does not keep the others.
        with contextlib.suppress(Exception):
            lock.release()


def _abandon_all() -> None:
    for lock in held():
        lock._native.abandon()
    _held.clear()
    # Of threads that the child does not have.
    _steps.clear()


atexit.register(_release_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
