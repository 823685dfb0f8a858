"""Threads: they exclude each other as processes do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import lockhost

if TYPE_CHECKING:
    from pathlib import Path


class Oracle:
    """Notices two owners at once, without a lock."""

    def __init__(self) -> None:
        self.inside: list[int] = []
        self.most = 0
        self.entered = 0

    def __enter__(self) -> None:
        self.inside.append(threading.get_ident())
        self.most = max(self.most, len(self.inside))

    def __exit__(self, *_: object) -> None:
        self.most = max(self.most, len(self.inside))
        self.inside.pop()
        self.entered += 1


def test_of_threads_with_locks_of_their_own_one_is_inside(tmp_path: Path) -> None:
    oracle = Oracle()

    def enter(_: int) -> None:
        with lockhost.acquire(tmp_path, timeout=600), oracle:
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(64)))
    assert (oracle.entered, oracle.most) == (64, 1)


def test_of_threads_with_one_counted_lock_one_is_inside(tmp_path: Path) -> None:
    oracle, lock = Oracle(), lockhost.DirectoryLock(tmp_path, timeout=600)

    def enter(_: int) -> None:
        with lock, lock, oracle:
            assert lock.depth == 2

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(64)))
    assert (oracle.entered, oracle.most, lock.depth) == (64, 1, 0)


def test_of_threads_that_start_at_once_one_gets_in(tmp_path: Path) -> None:
    start, judged = threading.Barrier(8), threading.Barrier(8)

    def enter(_: int) -> str:
        start.wait()
        try:
            lock = lockhost.acquire(tmp_path)
        except lockhost.Timeout as refused:
            judged.wait()
            assert refused.kind in {"held", "contended"}
            return "refused"
        judged.wait()
        lock.release()
        return "acquired"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(enter, range(8)))
    assert outcomes == ["acquired", *["refused"] * 7]


def test_another_thread_may_use_and_release_a_lock(tmp_path: Path) -> None:
    lock = lockhost.acquire(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert all(it.result() for it in [pool.submit(lock.still_held) for _ in range(64)])
        pool.submit(lock.release).result()
    assert not lock.still_held()


def test_calls_beside_a_release_see_it_held_or_released(tmp_path: Path) -> None:
    for _ in range(50):
        lock = lockhost.acquire(tmp_path)
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(lock.still_held) for _ in range(8)]
            released = [pool.submit(lock.release) for _ in range(2)]
        assert {it.result() for it in asked} <= {True, False}
        assert [it.result() for it in released] == [None, None]
