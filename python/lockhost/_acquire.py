"""Acquiring a lock, judging it, and breaking it."""

from __future__ import annotations

import math
import select
from threading import Event
from typing import TYPE_CHECKING

from . import _native
from ._data import Holder, Replaced, Status, StrPath, holder_of
from ._errors import Cancelled, Deadlock, checked
from ._lock import Lock, is_held_by_this_thread, step

if TYPE_CHECKING:
    from ._cancellation import Cancellation
    from ._dictionaries import WaitingData


def acquire(
    directory: StrPath,
    *,
    timeout: float | None = 0,
    name: str = _native.DEFAULT_NAME,
    settle: bool = True,
    mode: int = 0o600,
    assume_dead: str | None = None,
    wait_for_ancestor: bool = False,
    cancellation: Cancellation | None = None,
) -> Lock:
    """Acquires the lock on a directory. Use the result in a ``with`` statement.

    Args:
        directory: The directory, which must exist.
        timeout: How many seconds to wait for an owner: 0 means not at all, and None without a limit. A waiter wakes
            by notification where the system has one, and also checks once a second.
        name: The name of the lock file. It ends in ``.lock`` or ``.pid``.
        settle: Whether an attempt with ``timeout=0`` waits for some seconds while another program may be writing the
            lock file. If False, such a file is a refusal.
        mode: The mode of the lock's files, whatever the umask is.
        assume_dead: The identity of an owner that a person knows to be dead. Its lock is taken over.
        wait_for_ancestor: Whether to wait for an owner that is an ancestor of this process.
        cancellation: What ends the wait from another thread.

    Raises:
        Timeout: The lock is held, and the time is over. ``holder`` names the owner.
        Ancestor: The owner is an ancestor of this process, which would wait for this process.
        Deadlock: This thread holds the lock, and would wait for itself without a limit.
        Cancelled: The wait was cancelled.
        FileSystemError: An operation failed; ``DirectoryNotFound`` if there is no directory.
        NotALock: The file at the lock's name is not a lock file.
        InvalidName: The name is not valid for a lock.
        Internal: An attempt failed for a reason that should not happen.
    """
    patience = _patience(timeout)
    if not settle and patience is not None:
        raise ValueError("settle=False is for timeout=0: a wait for an owner also waits for files")
    options = _native.Options(
        name=name,
        patience=patience,
        mode=mode,
        assume_dead=assume_dead,
        wait_for_ancestor=wait_for_ancestor,
    )
    if not settle:
        return Lock(checked(options.acquire_at_once(directory)))
    attempt = checked(options.attempt(directory))
    # A thread that another one can cancel may wait for itself.
    alone = patience == math.inf and cancellation is None
    try:
        while True:
            outcome = _proceed(attempt)
            if isinstance(outcome, Lock):
                return outcome
            holder = holder_of(outcome["holder"])
            if alone and holder and holder.is_this_process:
                _refuse_deadlock(holder)
            _await(attempt, outcome["retry_after"], cancellation)
            if cancellation and cancellation.is_cancelled():
                raise Cancelled(f"the wait for {directory!s} was cancelled", holder=holder)
    finally:
        attempt.give_up()


def _proceed(attempt: _native.Attempt) -> Lock | WaitingData:
    with step() as too_late:
        if not too_late:
            # A type checker sees what both have in common.
            outcome: _native.Lock | WaitingData = checked(attempt.proceed())  # type: ignore[assignment]
            return Lock(outcome) if isinstance(outcome, _native.Lock) else outcome
    attempt.give_up()
    # The interpreter ends this thread in a moment. An exception would print a traceback meanwhile.
    while True:
        Event().wait()


def _patience(timeout: float | None) -> float | None:
    if timeout is None:
        return math.inf
    if not timeout >= 0:
        raise ValueError(f"invalid timeout {timeout}: expected seconds, or None to wait without a limit")
    return timeout or None


def _refuse_deadlock(holder: Holder) -> None:
    if is_held_by_this_thread(holder.identity):
        raise Deadlock(
            f"{holder.file} is held by this thread, which would wait for itself",
            path=holder.file,
            hint="use lockhost.DirectoryLock, which counts, or a timeout",
            holder=holder,
        )


def _await(attempt: _native.Attempt, seconds: float, cancellation: Cancellation | None) -> None:
    """Waits until the attempt may succeed, the time is up, or the wait is cancelled."""
    poll = select.poll()
    for descriptor in attempt.descriptors():
        poll.register(descriptor, select.POLLIN)
    if cancellation is not None:
        poll.register(cancellation, select.POLLIN)
    # Never zero, which would be a loop without a wait.
    poll.poll(max(1, math.ceil(seconds * 1000)))


def inspect(directory: StrPath, *, name: str = _native.DEFAULT_NAME) -> Status:
    """Judges the lock on a directory, and writes nothing.

    Raises:
        FileSystemError, NotALock, InvalidName, Internal: as ``acquire``.
    """
    return Status._of(checked(_native.inspect(directory, name)))


def break_lock(directory: StrPath, owner: str, *, name: str = _native.DEFAULT_NAME) -> tuple[Replaced, ...]:
    """Removes the lock of exactly this owner, whom a person knows to be dead: ``Holder.identity``.

    Returns what was removed; nothing if another process was faster. It takes two seconds if the owner may live.

    Raises:
        NotTheOwner: The lock is free or has another owner. Nothing was changed.
        Timeout: The owner is known to live, or another process is in the way.
    """
    options = _native.Options(name=name, patience=None, mode=0o600, assume_dead=None, wait_for_ancestor=False)
    return tuple(map(Replaced._of, checked(options.break_lock(directory, owner))))
