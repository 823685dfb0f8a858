"""The lock for asyncio.

Files may be on a disk that hangs, so each call runs in a thread of its own, and the event loop is never blocked. The
threads of the loop's executor are left to the program: waiters could occupy them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ._acquire import acquire
from ._cancellation import Cancellation

if TYPE_CHECKING:
    from types import TracebackType

    from ._data import StrPath
    from ._lock import Lock


class AsyncLock:
    """A lock that is held, for asyncio. ``lock`` is the same lock for other code."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock

    async def still_held(self) -> bool:
        """Returns what ``Lock.still_held`` returns."""
        held: bool = await _Call(self.lock.still_held).outcome()
        return held

    async def verify(self) -> None:
        """Raises what ``Lock.verify`` raises."""
        await _Call(self.lock.verify).outcome()

    async def release(self) -> None:
        """Releases the lock. A task that is cancelled meanwhile releases it first.

        Raises:
            Lost, Inherited: As ``Lock.release``.
        """
        await _Call(self.lock.release).outcome()

    async def __aenter__(self) -> AsyncLock:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        # A child that leaves the block of its parent has nothing to release.
        if not self.lock.is_inherited:
            await self.release()

    def __repr__(self) -> str:
        return f"<lockhost.AsyncLock {str(self.lock.path)!r} of pid {self.lock.pid}>"


class Acquisition:
    """An acquisition that begins with ``await`` or ``async with``. It can be used once."""

    def __init__(self, directory: StrPath, options: dict[str, Any]) -> None:
        self._directory = directory
        self._options = options
        self._acquired: AsyncLock | None = None

    def __await__(self) -> Generator[Any, None, AsyncLock]:
        return self._acquire().__await__()

    async def _acquire(self) -> AsyncLock:
        cancellation = Cancellation()

        def work() -> Lock:
            return acquire(self._directory, cancellation=cancellation, **self._options)

        call = _Call(work, cancel=cancellation.cancel, undo=_release)
        return AsyncLock(await call.outcome())

    async def __aenter__(self) -> AsyncLock:
        self._acquired = await self._acquire()
        return self._acquired

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._acquired is not None:
            await self._acquired.__aexit__(kind, value, traceback)


def acquire_async(directory: StrPath, *, timeout: float | None = 0, **options: Any) -> Acquisition:
    """Acquires the lock on a directory without blocking the event loop: ``acquire`` for asyncio.

        async with lockhost.acquire_async("data", timeout=30) as lock: ...

    ``await`` returns the lock as well. The options are those of ``acquire``, except ``cancellation``. A task that is
    cancelled while it waits leaves no file and no lock. ``asyncio.timeout`` works, but loses the reason; ``timeout``
    raises ``Timeout``, which names the owner.

    Raises:
        Error: As ``acquire``. There is no ``Deadlock``: another task may release the lock.
    """
    return Acquisition(directory, {"timeout": timeout, **options})


def _release(lock: Lock) -> None:
    lock.release()


class _Call:
    """A call in a thread of its own, whose outcome one task awaits."""

    def __init__(
        self,
        work: Callable[[], Any],
        *,
        cancel: Callable[[], None] = lambda: None,
        undo: Callable[[Any], None] | None = None,
    ) -> None:
        self._work, self._cancel, self._undo = work, cancel, undo
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._value: Any = None
        self._error: BaseException | None = None
        # An interpreter that exits waits for no daemon. A thread that waits has only frames of Python's own.
        threading.Thread(target=self._run, name="lockhost", daemon=True).start()

    def _run(self) -> None:
        try:
            self._value = self._work()
        except BaseException as error:  # noqa: BLE001  # It is raised in the task.
            self._error = error
        try:
            self._loop.call_soon_threadsafe(self._ended.set_result, None)
        except RuntimeError:
            # The loop was closed, so no task gets the outcome.
            self._take_back()

    def _take_back(self) -> None:
        value, self._value = self._value, None
        if self._undo is not None and value is not None:
            self._undo(value)

    async def outcome(self) -> Any:
        """Returns or raises what the call did. A cancellation waits until the call has ended and is taken back."""
        try:
            await asyncio.shield(self._ended)
        except asyncio.CancelledError:
            self._cancel()
            await self._settled()
            if self._value is not None:
                await _Call(self._take_back)._settled()
            raise
        except GeneratorExit:
            # The task is destroyed with its loop, and can await nothing.
            self._cancel()
            raise
        if self._error is not None:
            raise self._error
        return self._value

    async def _settled(self) -> None:
        """Waits for the end of the call, through any further cancellation."""
        while not self._ended.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(self._ended)
