"""The lock that counts, and the one that callers share."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import leftovers

import lockhost


def test_nested_blocks_are_counted(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)
    assert lock.depth == 0
    assert lock.lock is None
    with lock as one:
        assert one is lock
        with lock:
            assert lock.depth == 2
        assert lock.lock is not None
        assert lock.lock.still_held()
    assert lock.depth == 0
    assert leftovers(tmp_path) == []


def test_an_acquisition_is_a_block_or_a_call(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)
    with lock.acquire() as one:
        assert one is lock
        lock.acquire()
        assert lock.depth == 2
    assert lock.depth == 1
    lock.release()
    assert leftovers(tmp_path) == []


def test_a_forced_release_is_the_last_one(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)
    lock.acquire()
    lock.acquire()
    lock.release(force=True)
    assert lock.depth == 0
    assert leftovers(tmp_path) == []
    lock.release()
    lock.release(force=True)


def test_an_exception_releases_one_acquisition(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)
    with lock:
        with pytest.raises(KeyError), lock:
            raise KeyError
        assert lock.depth == 1
    assert leftovers(tmp_path) == []


def test_a_refused_acquisition_is_not_counted(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path, timeout=0.01)
    with lockhost.acquire(tmp_path):
        for timeout in (0, 0.01):
            with pytest.raises(lockhost.Timeout):
                lock.acquire(timeout)
        with pytest.raises(lockhost.Timeout):
            lock.acquire()
        with pytest.raises(lockhost.Deadlock):
            lock.acquire(None)
        assert lock.depth == 0
    with lock:
        assert lock.depth == 1


def test_a_lost_lock_is_reported_by_the_last_release(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)
    with pytest.raises(lockhost.Lost), lock:
        with lock:
            assert lock.lock is not None
            lock.lock.path.unlink()
        assert lock.depth == 1
    assert lock.depth == 0


def test_a_function_runs_under_the_lock(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)

    @lock
    def depth(further: int) -> int:
        return depth(further - 1) if further else lock.depth

    assert depth(0) == 1
    assert depth(3) == 4
    assert lock.depth == 0


def test_each_thread_counts_for_itself(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)

    def other() -> tuple[int, str]:
        depth = lock.depth
        lock.release(force=True)
        try:
            lock.acquire()
        except lockhost.Timeout as refused:
            return depth, refused.kind
        raise AssertionError

    with lock, ThreadPoolExecutor(1) as pool:
        assert pool.submit(other).result() == (0, "held")
        assert lock.depth == 1


def test_a_thread_that_ends_releases_its_lock(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    thread.join()
    gc.collect()
    assert leftovers(tmp_path) == []


def test_a_shared_lock_is_the_same_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    (tmp_path / "data").mkdir()
    link.symlink_to("data")
    lock = lockhost.DirectoryLock.shared(tmp_path / "data")
    assert lockhost.DirectoryLock.shared(str(tmp_path / "data" / ".." / "data")) is lock
    assert lockhost.DirectoryLock.shared(link) is lock
    assert lockhost.DirectoryLock(tmp_path / "data") is not lock
    assert lockhost.DirectoryLock.shared(tmp_path) is not lock
    assert lockhost.DirectoryLock.shared(link, name="b.lock") is not lock
    with lock, lockhost.DirectoryLock.shared(link):
        assert lock.depth == 2


def test_a_shared_lock_has_one_set_of_options(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock.shared(tmp_path, timeout=1)
    with pytest.raises(ValueError, match="has other options"):
        lockhost.DirectoryLock.shared(tmp_path, timeout=2)
    assert lockhost.DirectoryLock.shared(tmp_path, timeout=1) is lock


def test_a_shared_lock_is_one_for_threads_that_make_it_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def make(_: int) -> lockhost.DirectoryLock:
        start.wait()
        return lockhost.DirectoryLock.shared(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        locks = list(pool.map(make, range(8)))
    assert len({id(lock) for lock in locks}) == 1


def test_a_shared_lock_lives_as_long_as_a_caller_has_it(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock.shared(tmp_path)
    gone = weakref.ref(lock)
    del lock
    gc.collect()
    assert gone() is None


def test_a_subclass_shares_locks_of_its_own(tmp_path: Path) -> None:
    class Other(lockhost.DirectoryLock):
        pass

    lock = lockhost.DirectoryLock.shared(tmp_path)
    other = Other.shared(tmp_path)
    assert type(other) is Other
    assert other is not lock
