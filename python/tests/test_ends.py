"""However an interpreter ends, its directory is free or its lock is dead; the next owner gets in at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from processes import leftovers, line, program, python, start

import lockhost

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("LOCKHOST_ROUNDS", "6"))

HELD = """
import atexit, ctypes, os, signal, sys, threading, lockhost
lock = lockhost.acquire(sys.argv[1])
"""

FREE = {
    "the end of the script": "",
    "sys.exit": "sys.exit(3)",
    "an exception": "raise KeyError",
    "an exception in a block": "with lock: raise KeyError",
    # As at a terminal: a shell's job in the background has the signal ignored.
    "SIGINT": (
        "signal.signal(signal.SIGINT, signal.default_int_handler); os.kill(os.getpid(), signal.SIGINT); signal.pause()"
    ),
    "a signal with a handler": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit()); os.kill(os.getpid(), 15); signal.pause()"
    ),
    "a cycle of garbage": "cycle = [lock]; cycle.append(cycle)",
    "a daemon that refers to the lock": (
        "threading.Thread(target=lambda _: threading.Event().wait(), args=[lock], daemon=True).start()"
    ),
    "a lost lock beside another": ("other = lockhost.acquire(sys.argv[1], name='b.lock'); other.path.unlink()"),
    "an exit handler that still needs the lock": "atexit.register(lock.verify)",
}

DEAD = {
    "os._exit": "os._exit(0)",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
    "an abort": "os.abort()",
    "a fault": "ctypes.string_at(0)",
    "os.execv": "os.execv('/bin/true', ['true'])",
    "an exit inside a block": "\nwith lock:\n    os._exit(1)",
    "a kill beside a thread that waits": (
        "threading.Thread(target=lockhost.acquire, args=sys.argv[1:], kwargs={'timeout': None}, daemon=True).start();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    ),
}


def ended(script: str, directory: Path) -> int:
    command = [sys.executable, "-X", "faulthandler=0", "-c", HELD + script, str(directory)]
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=600).returncode


@pytest.mark.parametrize("how", FREE)
def test_an_exit_frees_the_directory(how: str, tmp_path: Path) -> None:
    code = ended(FREE[how], tmp_path)
    assert code in {0, 1, 3, -signal.SIGINT}
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("how", DEAD)
def test_an_end_without_an_exit_leaves_a_dead_lock(how: str, tmp_path: Path) -> None:
    ended(DEAD[how], tmp_path)
    assert lockhost.inspect(tmp_path).state == "stale"
    with lockhost.acquire(tmp_path) as lock:
        assert len(lock.replaced) == 1
    assert leftovers(tmp_path) == []


def test_an_exit_beside_daemons_that_wait_is_clean(tmp_path: Path) -> None:
    daemons = """
from lockhost import _acquire
wait, waiting = _acquire._await, threading.Semaphore(0)
def noted(*arguments):
    waiting.release()
    wait(*arguments)
_acquire._await = noted
for _ in range(4):
    threading.Thread(target=lockhost.acquire, args=sys.argv[1:], kwargs={"timeout": None}, daemon=True).start()
for _ in range(4):
    waiting.acquire()
"""
    for _ in range(ROUNDS):
        # No thread aborts the process while the interpreter ends it.
        assert ended(daemons, tmp_path) == 0
        # Daemons do not take the lock of an interpreter that exits, not even one that is just trying.
        assert lockhost.inspect(tmp_path).state == "free"
        lockhost.acquire(tmp_path).release()
    assert leftovers(tmp_path) == []


def test_a_dead_interpreter_is_replaced_by_the_native_program(tmp_path: Path) -> None:
    ended(DEAD["os._exit"], tmp_path)
    native = start([program(), "acquire", tmp_path, "--", "true"])
    _, errors = native.communicate()
    assert native.returncode == 0
    assert "stale lockfile" in errors
    assert leftovers(tmp_path) == []


def test_a_dead_native_program_is_replaced(tmp_path: Path) -> None:
    native = start([program(), "acquire", tmp_path])
    assert line(native).startswith("acquired ")
    native.kill()
    native.communicate()
    with lockhost.acquire(tmp_path) as lock:
        assert [it.pid for it in lock.replaced] == [native.pid]


def test_an_interpreter_killed_while_it_waits_leaves_nothing_of_use(tmp_path: Path) -> None:
    script = """
import sys, lockhost
from lockhost import _acquire
wait = _acquire._await
def noted(*arguments):
    print("waits", flush=True)
    wait(*arguments)
_acquire._await = noted
lockhost.acquire(sys.argv[1], timeout=None, wait_for_ancestor=True)
"""
    with lockhost.acquire(tmp_path) as lock:
        with python(script, tmp_path) as waiter:
            assert line(waiter) == "waits"
        assert waiter.returncode == -signal.SIGKILL
        assert lock.still_held()
    with lockhost.acquire(tmp_path) as lock:
        assert lock.replaced == ()
    assert leftovers(tmp_path) == []


def test_a_lock_acquired_in_an_exit_handler_is_released(tmp_path: Path) -> None:
    ended("lock.release(); atexit.register(lockhost.acquire, sys.argv[1])", tmp_path)
    status = lockhost.inspect(tmp_path)
    assert status.state in {"free", "stale"}
    assert os.path.realpath(status.path).startswith(os.path.realpath(tmp_path))
