"""Processes that hold locks, and processes that all start at once. Each test ends what it started."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Acquires the lock on its argument, prints one line, and holds the lock until its standard input ends.
OWNER = """
import sys, lockhost
try:
    lock = lockhost.acquire(sys.argv[1])
except lockhost.Refused as refused:
    print("refused", refused.holder.pid if refused.holder else None, flush=True)
    sys.exit(75)
print("acquired", lock.pid, flush=True)
sys.stdin.read()
lock.release()
"""


def program() -> str:
    """Returns the path of the native program, or skips the test."""
    path = os.environ.get("LOCKHOST_PROGRAM")
    if path is None:
        missing = "LOCKHOST_PROGRAM does not name the native program"
        if os.environ.get("LOCKHOST_REQUIRE_ALL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def start(command: Sequence[str | os.PathLike[str]]) -> subprocess.Popen[str]:
    """Starts a process with pipes, in which text is written."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def end(process: subprocess.Popen[str]) -> str:
    """Kills a process, reaps it, and returns the rest of its standard error."""
    process.kill()
    _, errors = process.communicate()
    return errors


@contextmanager
def python(script: str, *arguments: str | os.PathLike[str]) -> Iterator[subprocess.Popen[str]]:
    """Runs a script in another interpreter, and kills it in the end."""
    process = start([sys.executable, "-c", script, *arguments])
    try:
        yield process
    finally:
        end(process)


def line(process: subprocess.Popen[str]) -> str:
    """Returns the next line that a process prints; nothing once it has ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def owner(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs another interpreter that holds the lock."""
    with python(OWNER, directory) as process:
        assert line(process) == f"acquired {process.pid}"
        yield process


@contextmanager
def native_owner(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs the native program, which holds the lock."""
    process = start([program(), "acquire", directory])
    try:
        assert line(process).startswith("acquired ")
        yield process
    finally:
        end(process)


def finish(process: subprocess.Popen[str]) -> int:
    """Ends the standard input of a process, and returns its exit code."""
    process.communicate()
    return process.returncode


def leftovers(directory: Path) -> list[str]:
    """Returns the names of all files in a directory."""
    return sorted(it.name for it in directory.iterdir())
