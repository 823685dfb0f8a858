"""Eight interpreters against eight native programs on one directory."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from processes import OWNER, end, line, program, start

import lockhost

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("LOCKHOST_ROUNDS", "6"))

# Prints a line once all is loaded, and goes on when it gets one.
PYTHON = "import sys, lockhost\nprint('ready', flush=True)\nsys.stdin.readline()\n" + OWNER
NATIVE = 'echo ready; read line; exec "$0" acquire "$1"'


class Racers:
    """Processes that wait for a word before they try."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        pythons = [[sys.executable, "-c", PYTHON, str(directory)]] * 8
        natives = [["sh", "-c", NATIVE, program(), str(directory)]] * 8
        self.all: list[subprocess.Popen[str]] = []
        for one, other in zip(pythons, natives, strict=True):
            for command in (one, other):
                process = start(command)
                stack.callback(end, process)
                self.all.append(process)
        assert [line(it) for it in self.all] == ["ready"] * 16

    def race(self) -> subprocess.Popen[str]:
        """Lets all go at once, and returns the one that holds the lock. All others were refused."""
        for racer in self.all:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        # Those that are refused end, and the owner holds the lock until it is ended.
        said = [line(it) for it in self.all]
        owners = [it for it, word in zip(self.all, said, strict=True) if word.startswith("acquired")]
        assert len(owners) == 1, said
        for racer in self.all:
            if racer is not owners[0]:
                racer.wait()
                assert racer.returncode == 75
        return owners[0]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_eight_and_eight_exactly_one_gets_in(round_: int, tmp_path: Path) -> None:
    with ExitStack() as stack:
        owner = Racers(stack, tmp_path).race()
        assert lockhost.inspect(tmp_path).state == "held"
        killed = round_ % 2 == 0
        if killed:
            owner.kill()
            owner.wait()
        else:
            owner.terminate() if owner.args[0] == "sh" else owner.communicate()  # type: ignore[index]
            owner.wait()
        state = lockhost.inspect(tmp_path).state
        assert state == ("stale" if killed else "free")


@pytest.mark.parametrize("first", ["python", "native"])
def test_exactly_one_takes_over_from_a_killed_owner(first: str, tmp_path: Path) -> None:
    for _ in range(max(1, ROUNDS // 3)):
        command = (
            [sys.executable, "-c", OWNER, str(tmp_path)] if first == "python" else [program(), "acquire", str(tmp_path)]
        )
        dead = start(command)
        assert line(dead).startswith("acquired")
        end(dead)
        assert lockhost.inspect(tmp_path).state == "stale"
        with ExitStack() as stack:
            Racers(stack, tmp_path).race()
    # The last owner was killed too.
    with lockhost.acquire(tmp_path) as lock:
        assert len(lock.replaced) == 1


def test_waiters_of_both_kinds_get_in_one_after_the_other(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    data = tmp_path / "data"
    data.mkdir()
    waiter = """
import os, sys, lockhost
with lockhost.acquire(sys.argv[1], timeout=None, wait_for_ancestor=True):
    with open(sys.argv[2], "a") as journal:
        journal.write(f"in {os.getpid()}\\n")
        journal.flush()
        journal.write(f"out {os.getpid()}\\n")
"""
    write = f'echo "in $$" >> "{journal}"; echo "out $$" >> "{journal}"'
    lock = lockhost.acquire(data)
    with ExitStack() as stack:
        waiters = []
        for _ in range(4):
            native = [
                program(),
                "acquire",
                "--wait",
                "--wait-for-ancestor",
                str(data),
                "--",
                "sh",
                "-c",
                write,
            ]
            for command in ([sys.executable, "-c", waiter, str(data), str(journal)], native):
                process = start(command)
                stack.callback(end, process)
                waiters.append(process)
        lock.release()
        for it in waiters:
            it.communicate()
        assert [it.returncode for it in waiters] == [0] * 8
    words = [entry.split() for entry in journal.read_text().splitlines()]
    assert len(words) == 16
    # Each that is in comes out before the next one.
    for entered, left in zip(words[::2], words[1::2], strict=True):
        assert (entered[0], left[0]) == ("in", "out")
        assert entered[1] == left[1]
