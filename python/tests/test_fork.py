"""Children made by fork(2) have no part in the lock, and keep nothing."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from processes import leftovers, line, owner, program, python, start

import lockhost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork(2)")

# Holds the lock, and forks a child that lives on.
FORKER = """
import os, sys, lockhost
lock = lockhost.acquire(sys.argv[1])
counted = lockhost.DirectoryLock(sys.argv[1], name="counted.lock")
counted.acquire()
if os.fork() == 0:
    print("child", os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
sys.stdin.read()
"""


def in_child(check: Callable[[], Any]) -> str:
    """Returns what a check returns or raises in a child made by fork(2), as text."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = str(check())
        except BaseException as error:  # noqa: BLE001
            answer = f"{type(error).__name__}: {error}"
        os.write(writable, answer.encode())
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as pipe:
        answer = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    return answer


def test_a_child_has_no_part_in_the_lock(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path) as lock:
        assert in_child(lambda: lock.is_inherited) == "True"
        assert in_child(lock.still_held) == "False"
        inherited = f"Inherited: {lock.path} is held by pid {lock.pid}: it forked this process"
        assert in_child(lock.verify).startswith(inherited)
        assert in_child(lock.release).startswith(inherited)
        assert in_child(lambda: (lock.watch(), lock.evidence())) == "(None, None)"
        assert in_child(lambda: lock.replaced + lock.warnings) == "()"
        assert lock.still_held()
        assert not lock.is_inherited


def test_a_child_that_leaves_the_block_changes_nothing(tmp_path: Path) -> None:
    def leave() -> str:
        with lock:
            pass
        return "left"

    def leave_inherited() -> str:
        lock.__exit__(None, None, None)
        return "left"

    with lockhost.acquire(tmp_path) as lock:
        assert in_child(leave).startswith("Inherited")
        assert in_child(leave_inherited) == "left"
        assert lock.still_held()


def test_a_child_is_refused_by_its_parent(tmp_path: Path) -> None:
    def acquire(timeout: float | None) -> Callable[[], Any]:
        def attempt() -> str:
            try:
                lockhost.acquire(tmp_path, timeout=timeout)
            except lockhost.Refused as refused:
                assert refused.holder is not None
                return f"{type(refused).__name__} {refused.holder.pid}"
            return "acquired"

        return attempt

    with lockhost.acquire(tmp_path) as lock:
        assert in_child(acquire(0)) == f"Timeout {lock.pid}"
        assert in_child(acquire(None)) == f"Ancestor {lock.pid}"
        assert lock.still_held()


def test_a_child_acquires_another_lock_and_releases_it(tmp_path: Path) -> None:
    def acquire() -> str:
        with lockhost.acquire(tmp_path, name="child.lock") as own:
            return str(own.pid == os.getpid() and own.still_held())

    with lockhost.acquire(tmp_path) as lock:
        assert in_child(acquire) == "True"
        assert lock.still_held()
    assert leftovers(tmp_path) == []


def test_a_counted_lock_is_not_held_in_a_child(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock(tmp_path)

    def state() -> str:
        before = (lock.depth, lock.lock)
        lock.release(force=True)
        try:
            lock.acquire()
        except lockhost.Timeout:
            return f"{before} refused"
        return "acquired"

    with lock:
        assert in_child(state) == "(0, None) refused"
        assert lock.depth == 1


def test_a_shared_lock_of_a_child_is_its_own(tmp_path: Path) -> None:
    lock = lockhost.DirectoryLock.shared(tmp_path)
    assert in_child(lambda: lockhost.DirectoryLock.shared(tmp_path) is lock) == "False"
    with lock:
        pass


def test_a_child_that_exits_leaves_the_lock(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path) as lock:
        pid = os.fork()
        if pid == 0:
            # As an interpreter that exits does, without what pytest has to do.
            import atexit  # noqa: PLC0415

            atexit._run_exitfuncs()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert lock.still_held()


def test_a_child_does_not_keep_the_lock_of_a_killed_parent(tmp_path: Path) -> None:
    with python(FORKER, tmp_path) as parent:
        child = int(line(parent).removeprefix("child "))
        try:
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait()
            os.kill(child, 0)
            with lockhost.acquire(tmp_path) as lock:
                assert [it.pid for it in lock.replaced] == [parent.pid]
            with lockhost.acquire(tmp_path, name="counted.lock") as lock:
                assert [it.pid for it in lock.replaced] == [parent.pid]
        finally:
            os.kill(child, signal.SIGKILL)


def test_evidence_that_is_handed_over_keeps_a_killed_owners_lock(tmp_path: Path) -> None:
    script = """
import subprocess, sys, lockhost
lock = lockhost.acquire(sys.argv[1])
evidence = lock.evidence()
if evidence is None:
    print("none", flush=True)
    sys.exit()
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], pass_fds=[evidence])
print("child", child.pid, flush=True)
sys.stdin.read()
"""
    with python(script, tmp_path) as parent:
        said = line(parent)
        if said == "none":
            pytest.skip("no kernel keeps evidence on this file system")
        child = int(said.removeprefix("child "))
        try:
            parent.kill()
            parent.wait()
            with pytest.raises(lockhost.Timeout) as refused:
                lockhost.acquire(tmp_path)
            assert refused.value.holder is not None
            assert refused.value.holder.reason == "evidence"
            assert child in [keeper.pid for keeper in refused.value.holder.keepers]
        finally:
            os.kill(child, signal.SIGKILL)
        with lockhost.acquire(tmp_path, timeout=600) as lock:
            assert len(lock.replaced) == 1


def attempt(directory: str, answers: Any) -> None:
    """Sends what an acquisition in another process raises."""
    try:
        lockhost.acquire(directory)
    except lockhost.Error as error:
        answers.send(error)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_worker_sends_its_refusal(method: str, tmp_path: Path) -> None:
    if sys.platform == "darwin" and method == "fork":
        pytest.skip("macOS' frameworks do not survive fork(2)")
    context: Any = multiprocessing.get_context(method)
    ours, theirs = context.Pipe()
    with lockhost.acquire(tmp_path) as lock:
        worker = context.Process(target=attempt, args=(str(tmp_path), theirs))
        worker.start()
        error = ours.recv()
        worker.join()
        assert type(error) is lockhost.Timeout
        assert error.holder is not None
        assert error.holder.pid == lock.pid
        assert lock.still_held()


def test_a_native_process_is_refused_after_a_fork(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path) as lock:
        in_child(lambda: None)
        refused = start([program(), "acquire", tmp_path])
        assert refused.communicate()[1].find(f"pid {lock.pid}") >= 0
        assert refused.returncode == 75


def test_a_lock_of_another_process_is_not_of_this_one(tmp_path: Path) -> None:
    with owner(tmp_path), pytest.raises(lockhost.Timeout) as refused:
        lockhost.acquire(tmp_path)
    assert refused.value.holder is not None
    assert not refused.value.holder.is_this_process


def test_a_child_cancels_no_wait_of_its_parent() -> None:
    cancellation = lockhost.Cancellation()
    assert in_child(cancellation.cancel) == "None"
    assert select.select([cancellation], [], [], 0) == ([], [], [])
    cancellation.cancel()
    assert select.select([cancellation], [], [], 0)[0] == [cancellation]
