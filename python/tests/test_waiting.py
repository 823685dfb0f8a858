"""Timeouts, and what wakes a waiter. No test asserts a time: tests count how often a waiter tried."""

from __future__ import annotations

import math
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
from processes import OWNER, finish, leftovers, line, native_owner, owner, python

import lockhost
from lockhost import _acquire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAITER = """
import sys, lockhost
print("ready", flush=True)
with lockhost.acquire(sys.argv[1], timeout=None, wait_for_ancestor=True) as lock:
    print("acquired", [it.reason for it in lock.replaced], flush=True)
"""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Returns the list of waits, each with its limit in seconds. Each one also sets the event `begun`."""
    waits: list[float] = []

    def noted(attempt: Any, seconds: float, cancellation: Any) -> None:
        waits.append(seconds)
        begun.set()
        wait(attempt, seconds, cancellation)

    begun.clear()
    wait = _acquire._await
    monkeypatch.setattr(_acquire, "_await", noted)
    yield waits


begun = threading.Event()


def after(*acts: Callable[[], object]) -> None:
    """Acts once a thread waits for an owner."""
    begun.wait()
    for act in acts:
        act()


@pytest.mark.parametrize("timeout", [0, 0.0, 0.01, 1e-9])
def test_the_time_to_wait_ends_with_a_timeout(timeout: float, tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path):
        before = leftovers(tmp_path)
        with pytest.raises(TimeoutError) as over:
            lockhost.acquire(tmp_path, timeout=timeout)
        assert isinstance(over.value, lockhost.Timeout)
        assert over.value.holder is not None
        assert leftovers(tmp_path) == before


def test_without_a_timeout_no_owner_is_waited_for(tmp_path: Path, waits: list[float]) -> None:
    with lockhost.acquire(tmp_path), pytest.raises(lockhost.Timeout):
        lockhost.acquire(tmp_path)
    assert waits == []


@pytest.mark.parametrize("timeout", [-1, -0.5, math.nan, -math.inf])
def test_a_timeout_is_not_negative(timeout: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="invalid timeout"):
        lockhost.acquire(tmp_path, timeout=timeout)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("timeout", [None, math.inf, 1e300, 3600])
def test_a_release_wakes_a_waiting_thread(timeout: float | None, tmp_path: Path, waits: list[float]) -> None:
    lock = lockhost.acquire(tmp_path)

    thread = threading.Thread(target=after, args=[lock.release])
    thread.start()
    # Another thread holds nothing, and this one waits for its own lock: a cancellation could end it.
    with lockhost.acquire(tmp_path, timeout=timeout, cancellation=lockhost.Cancellation()):
        assert waits
    thread.join()


def test_a_waiter_is_woken_and_does_not_poll(tmp_path: Path, waits: list[float]) -> None:
    with owner(tmp_path) as other:
        thread = threading.Thread(target=after, args=[lambda: finish(other)])
        thread.start()
        with lockhost.acquire(tmp_path, timeout=None):
            # At most the checks of each second. A loop would have tried without a pause.
            assert all(seconds > 0 for seconds in waits)
        thread.join()


def test_a_killed_owner_wakes_a_waiter(tmp_path: Path, waits: list[float]) -> None:
    with owner(tmp_path) as other:
        thread = threading.Thread(target=after, args=[other.kill, other.wait])
        thread.start()
        with lockhost.acquire(tmp_path, timeout=None) as lock:
            assert waits
            assert len(lock.replaced) == 1
        thread.join()


def test_a_killed_native_owner_wakes_a_waiter(tmp_path: Path, waits: list[float]) -> None:
    with native_owner(tmp_path) as other:
        thread = threading.Thread(target=after, args=[other.kill, other.wait])
        thread.start()
        with lockhost.acquire(tmp_path, timeout=None) as lock:
            assert waits
            assert len(lock.replaced) == 1
        thread.join()


def test_a_cancellation_ends_a_wait_and_leaves_nothing(tmp_path: Path, waits: list[float]) -> None:
    cancellation = lockhost.Cancellation()
    with lockhost.acquire(tmp_path):
        before = leftovers(tmp_path)
        thread = threading.Thread(target=after, args=[cancellation.cancel])
        thread.start()
        with pytest.raises(lockhost.Cancelled):
            lockhost.acquire(tmp_path, timeout=None, cancellation=cancellation)
        thread.join()
        assert waits
        assert leftovers(tmp_path) == before


def test_a_cancellation_does_not_disturb_an_attempt_without_a_wait(tmp_path: Path) -> None:
    cancellation = lockhost.Cancellation()
    cancellation.cancel()
    cancellation.cancel()
    assert cancellation.is_cancelled()
    with lockhost.acquire(tmp_path, timeout=None, cancellation=cancellation) as lock:
        assert lock.still_held()


def test_a_signal_ends_a_wait(tmp_path: Path, waits: list[float]) -> None:
    # In a shell's job in the background it is ignored.
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
    with lockhost.acquire(tmp_path) as lock:
        before = leftovers(tmp_path)
        thread = threading.Thread(target=after, args=[lambda: os.kill(os.getpid(), signal.SIGINT)])
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            lockhost.acquire(tmp_path, timeout=None, cancellation=lockhost.Cancellation())
        thread.join()
        assert waits
        assert leftovers(tmp_path) == before
        assert lock.still_held()
    signal.signal(signal.SIGINT, ignored)


def test_other_threads_run_while_one_waits(tmp_path: Path, waits: list[float]) -> None:
    with owner(tmp_path) as other:
        counted = 0

        def count() -> None:
            nonlocal counted
            begun.wait()
            for _ in range(100_000):
                counted += 1
            finish(other)

        thread = threading.Thread(target=count)
        thread.start()
        with lockhost.acquire(tmp_path, timeout=None):
            assert waits
            assert counted == 100_000
        thread.join()


def test_a_thread_that_would_wait_for_itself_is_refused(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path) as lock:
        with pytest.raises(lockhost.Deadlock) as refused:
            lockhost.acquire(tmp_path, timeout=None)
        assert refused.value.holder is not None
        assert lock.still_held()
    with lockhost.acquire(tmp_path, timeout=None):
        pass


def test_a_thread_is_not_one_that_has_ended(tmp_path: Path, waits: list[float]) -> None:
    locks: list[lockhost.Lock] = []

    def acquire() -> None:
        try:
            locks.append(lockhost.acquire(tmp_path, timeout=None))
        finally:
            # Also for a thread that was refused.
            begun.set()

    # The second thread often gets the number of the first one, which would be a deadlock.
    for _ in range(8):
        first, second = threading.Thread(target=acquire), threading.Thread(target=acquire)
        first.start()
        first.join()
        begun.clear()
        second.start()
        begun.wait()
        locks.pop(0).release()
        second.join()
        locks.pop(0).release()
    assert waits


def test_another_name_is_no_deadlock(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path), lockhost.acquire(tmp_path, name="b.lock", timeout=None):
        pass


def test_an_ancestor_is_waited_for_only_by_request(tmp_path: Path) -> None:
    refused = (
        "import sys, lockhost\n"
        "try: lockhost.acquire(sys.argv[1], timeout=None)\n"
        "except lockhost.Ancestor as refused: print(refused.holder.pid, flush=True)\n"
    )
    lock = lockhost.acquire(tmp_path)
    with python(refused, tmp_path) as child:
        assert line(child) == str(os.getpid())
    with python(WAITER, tmp_path) as child:
        assert line(child) == "ready"
        lock.release()
        assert line(child) == "acquired []"


def test_a_file_that_settles_is_not_waited_for_by_request(tmp_path: Path, waits: list[float]) -> None:
    (tmp_path / lockhost.DEFAULT_NAME).touch()
    with pytest.raises(lockhost.Timeout) as refused:
        lockhost.acquire(tmp_path, settle=False)
    assert refused.value.kind == "unsettled"
    assert refused.value.holder is None
    assert waits == []
    with lockhost.acquire(tmp_path) as lock:
        assert [it.reason for it in lock.replaced] == ["malformed"]
    assert waits
    with pytest.raises(ValueError, match="settle=False is for timeout=0"):
        lockhost.acquire(tmp_path, settle=False, timeout=1)
    with lockhost.acquire(tmp_path, settle=False) as lock:
        assert lock.still_held()


def test_a_refused_owner_script_ends_with_75(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path), python(OWNER, tmp_path) as refused:
        assert line(refused) == f"refused {os.getpid()}"
        assert finish(refused) == 75
