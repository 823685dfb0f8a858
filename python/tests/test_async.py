"""The lock for asyncio."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from processes import finish, leftovers, owner

import lockhost
from lockhost import _acquire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Waits:
    """The waits of other threads, which a loop can await."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    async def begin(self) -> None:
        """Returns once a thread waits for an owner."""
        await asyncio.get_running_loop().run_in_executor(None, self.begun.wait)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waits]:
    waits = Waits()
    wait = _acquire._await

    def noted(attempt: Any, seconds: float, cancellation: Any) -> None:
        waits.begun.set()
        wait(attempt, seconds, cancellation)

    monkeypatch.setattr(_acquire, "_await", noted)
    yield waits


def threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name == "lockhost"]


def test_a_block_holds_the_lock(tmp_path: Path) -> None:
    async def main() -> None:
        async with lockhost.acquire_async(tmp_path) as lock:
            await lock.verify()
            assert await lock.still_held()
            assert lock.lock.path.parent == tmp_path
        assert not await lock.still_held()
        assert leftovers(tmp_path) == []

    asyncio.run(main())


def test_an_awaited_lock_is_released_by_a_call_or_a_block(tmp_path: Path) -> None:
    async def main() -> None:
        lock = await lockhost.acquire_async(tmp_path)
        await lock.release()
        await lock.release()
        async with await lockhost.acquire_async(tmp_path) as lock:
            assert await lock.still_held()
        assert leftovers(tmp_path) == []

    asyncio.run(main())


def test_an_exception_releases_the_lock(tmp_path: Path) -> None:
    async def main() -> None:
        async with lockhost.acquire_async(tmp_path):
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(main())
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_a_refusal_is_raised_in_the_task(timeout: float, tmp_path: Path) -> None:
    async def main() -> None:
        async with lockhost.acquire_async(tmp_path):
            with pytest.raises(lockhost.Timeout) as refused:
                await lockhost.acquire_async(tmp_path, timeout=timeout)
            assert refused.value.holder is not None
            assert refused.value.holder.is_this_process

    asyncio.run(main())


def test_an_error_is_raised_in_the_task(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(FileNotFoundError):
            await lockhost.acquire_async(tmp_path / "nowhere")
        lock = await lockhost.acquire_async(tmp_path)
        lock.lock.path.unlink()
        with pytest.raises(lockhost.Lost):
            await lock.verify()
        with pytest.raises(lockhost.Lost):
            await lock.release()

    asyncio.run(main())


def test_a_task_waits_for_another_task(tmp_path: Path, waits: Waits) -> None:
    async def main() -> None:
        lock = await lockhost.acquire_async(tmp_path)

        async def wait() -> None:
            async with lockhost.acquire_async(tmp_path, timeout=None) as second:
                assert await second.still_held()

        task = asyncio.create_task(wait())
        # The loop runs on, or this would never return.
        await waits.begin()
        await lock.release()
        await task

    asyncio.run(main())


def test_a_task_waits_for_another_process(tmp_path: Path, waits: Waits) -> None:
    async def main() -> None:
        with owner(tmp_path) as other:
            task = asyncio.ensure_future(_acquired(tmp_path))
            await waits.begin()
            await asyncio.get_running_loop().run_in_executor(None, finish, other)
            lock = await task
            await lock.release()

    asyncio.run(main())


async def _acquired(directory: Path) -> lockhost.AsyncLock:
    return await lockhost.acquire_async(directory, timeout=None)


def test_many_tasks_get_in_one_after_the_other(tmp_path: Path) -> None:
    inside = 0

    async def enter() -> None:
        nonlocal inside
        async with lockhost.acquire_async(tmp_path, timeout=600):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    async def main() -> None:
        # More than the loop's executor has threads.
        await asyncio.gather(*(enter() for _ in range(48)))

    asyncio.run(main())
    assert leftovers(tmp_path) == []


def test_a_cancelled_wait_leaves_nothing(tmp_path: Path, waits: Waits) -> None:
    async def main() -> None:
        async with lockhost.acquire_async(tmp_path) as lock:
            before = leftovers(tmp_path)
            task = asyncio.ensure_future(_acquired(tmp_path))
            await waits.begin()
            task.cancel()
            # A second cancellation does not shorten the end.
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert leftovers(tmp_path) == before
            assert await lock.still_held()
        assert leftovers(tmp_path) == []

    asyncio.run(main())
    assert threads() == []


def test_a_timeout_of_asyncio_leaves_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with lockhost.acquire_async(tmp_path):
            before = leftovers(tmp_path)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(_acquired(tmp_path), 0.01)
            assert leftovers(tmp_path) == before

    asyncio.run(main())


def test_a_lock_acquired_while_its_task_is_cancelled_is_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = threading.Event(), threading.Event()
    from lockhost import _async  # noqa: PLC0415

    def late(*arguments: Any, **options: Any) -> lockhost.Lock:
        lock = lockhost.acquire(*arguments, **options)
        entered.set()
        go.wait()
        return lock

    monkeypatch.setattr(_async, "acquire", late)

    async def main() -> None:
        task = asyncio.ensure_future(_acquired(tmp_path))
        await asyncio.get_running_loop().run_in_executor(None, entered.wait)
        assert leftovers(tmp_path) != []
        task.cancel()
        await asyncio.sleep(0)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert leftovers(tmp_path) == []

    asyncio.run(main())


def test_a_release_whose_task_is_cancelled_is_finished(tmp_path: Path) -> None:
    async def main() -> None:
        lock = await lockhost.acquire_async(tmp_path)
        task = asyncio.ensure_future(lock.release())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert leftovers(tmp_path) == []

    asyncio.run(main())


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_wait_without_its_loop_leaves_nothing(is_closed: bool, tmp_path: Path, waits: Waits) -> None:
    lock = lockhost.acquire(tmp_path)
    loop = asyncio.new_event_loop()
    coroutine = _acquired(tmp_path)
    task = loop.create_task(coroutine)
    loop.run_until_complete(waits.begin())
    [thread] = [it for it in threading.enumerate() if it.name == "lockhost"]
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    # The loop is gone, and its task was not cancelled. A coroutine that is closed ends the wait; a release does it too.
    if is_closed:
        coroutine.close()
        thread.join()
        assert lock.still_held()
    lock.release()
    thread.join()
    assert leftovers(tmp_path) == []


def test_a_program_exits_while_a_task_waits(tmp_path: Path) -> None:
    script = """
import asyncio, sys, lockhost
async def main():
    lock = await lockhost.acquire_async(sys.argv[1])
    task = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
async def wait():
    await lockhost.acquire_async(sys.argv[1], timeout=None)
asyncio.run(main())
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.run(command, check=False, timeout=600).returncode == 0
    assert leftovers(tmp_path) == []


def test_an_acquisition_that_is_never_awaited_is_nothing(tmp_path: Path) -> None:
    lockhost.acquire_async(tmp_path)
    assert leftovers(tmp_path) == []
    assert threads() == []


def test_a_child_that_leaves_the_block_changes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with lockhost.acquire_async(tmp_path) as lock:
            pid = os.fork()
            if pid == 0:
                # Without a loop's thread, which a child does not have.
                leaving = lock.__aexit__(None, None, None)
                try:
                    leaving.send(None)
                except StopIteration:
                    os._exit(0)
                os._exit(1)
            assert os.waitpid(pid, 0)[1] == 0
            assert await lock.still_held()

    asyncio.run(main())
