"""One lock in one process: what it is, and how it ends."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import stat
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import pytest
from processes import leftovers, native_owner, owner, program, start

import lockhost

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_lock_is_released_at_the_end_of_its_block(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path) as lock:
        assert lock.path == tmp_path / lockhost.DEFAULT_NAME
        assert lock.pid == os.getpid()
        assert lock.still_held()
        lock.verify()
        assert lockhost.inspect(tmp_path).state == "held"
    assert not lock.still_held()
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("of", [str, PurePath, Path])
def test_a_directory_is_text_or_a_path(of: type[str | PurePath], tmp_path: Path) -> None:
    with lockhost.acquire(of(tmp_path)) as lock:
        assert lock.path.parent == tmp_path


def test_a_path_that_is_no_unicode_is_kept(tmp_path: Path) -> None:
    directory = tmp_path / os.fsdecode(b"\xff")
    directory.mkdir()
    with lockhost.acquire(directory) as lock:
        assert lock.path.parent == directory


def test_a_relative_directory_keeps_its_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    with lockhost.acquire("data") as lock:
        monkeypatch.chdir("/")
        assert lock.still_held()
    assert leftovers(tmp_path / "data") == []


@pytest.mark.parametrize("name", ["app.lock", "app.pid"])
def test_another_name_is_another_lock(name: str, tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path, name=name) as one, lockhost.acquire(tmp_path) as other:
        assert one.path.name == name
        assert one.identity != other.identity or one.path != other.path


def test_a_release_is_the_only_one(tmp_path: Path) -> None:
    lock = lockhost.acquire(tmp_path)
    lock.release()
    with lockhost.acquire(tmp_path) as next_one:
        lock.release()
        assert next_one.still_held()
    with pytest.raises(lockhost.Released), lock:
        pass
    with pytest.raises(lockhost.Released):
        lock.verify()


def test_an_exception_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lockhost.acquire(tmp_path):
        _ = 1 / 0
    assert leftovers(tmp_path) == []


def test_a_lock_without_a_variable_is_released(tmp_path: Path) -> None:
    lock = lockhost.acquire(tmp_path)
    del lock
    assert leftovers(tmp_path) == []


def test_a_lock_in_a_cycle_is_released_by_the_collector(tmp_path: Path) -> None:
    cycle: list[object] = [lockhost.acquire(tmp_path)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_lock_is_neither_copied_nor_pickled(how: Callable[[object], object], tmp_path: Path) -> None:
    counted = lockhost.DirectoryLock(tmp_path, name="counted.lock")
    with lockhost.acquire(tmp_path) as lock, counted:
        for each in (lock, counted):
            with pytest.raises(TypeError, match="cannot be copied or pickled"):
                how(each)
        assert lock.still_held()


def test_a_symbolic_link_leads_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    with lockhost.acquire(tmp_path / "link"), pytest.raises(lockhost.Refused) as refused:
        lockhost.acquire(tmp_path / "data")
    assert refused.value.holder is not None
    assert refused.value.holder.is_this_process


def test_a_mode_is_kept_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with lockhost.acquire(tmp_path, mode=0o640) as lock:
            assert stat.S_IMODE(lock.path.stat().st_mode) == 0o640
    finally:
        os.umask(before)
    with lockhost.acquire(tmp_path) as lock:
        assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600
    with pytest.raises(ValueError, match="owner must be able"):
        lockhost.acquire(tmp_path, mode=0o040)


def test_a_lock_file_that_is_removed_is_a_loss(tmp_path: Path) -> None:
    lock = lockhost.acquire(tmp_path)
    lock.path.unlink()
    assert not lock.still_held()
    with pytest.raises(lockhost.Lost):
        lock.verify()
    with pytest.raises(lockhost.Lost):
        lock.release()
    assert leftovers(tmp_path) == []


def test_a_loss_in_a_block_is_raised_at_its_end(tmp_path: Path) -> None:
    with pytest.raises(lockhost.Lost) as lost, lockhost.acquire(tmp_path) as lock:
        lock.path.unlink()
        raise KeyError
    assert isinstance(lost.value.__context__, KeyError)


def test_a_watch_reports_a_loss(tmp_path: Path) -> None:
    import select  # noqa: PLC0415

    with lockhost.acquire(tmp_path) as lock:
        watch = lock.watch()
        if watch is None:
            pytest.skip("this system does not report changes of files")
        watch.forget()
        lock.path.rename(tmp_path / "moved")
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        assert poll.poll()
        assert watch.forget()
        assert not lock.still_held()
        (tmp_path / "moved").rename(lock.path)


def test_a_dead_owner_is_replaced_and_reported(tmp_path: Path) -> None:
    (tmp_path / lockhost.DEFAULT_NAME).write_text("999999999\n")
    assert lockhost.inspect(tmp_path).state == "stale"
    with lockhost.acquire(tmp_path) as lock:
        assert lock.warnings == ()
        (dead,) = lock.replaced
        assert (dead.pid, dead.reason) == (999_999_999, "no-process")
        assert str(dead) == "stale lockfile (dead pid 999999999)"


def test_an_owner_that_cannot_be_judged_is_broken_by_name(tmp_path: Path) -> None:
    # As an older program leaves it in a container, where every owner is process 1.
    (tmp_path / lockhost.DEFAULT_NAME).write_text("1\n")
    with pytest.raises(lockhost.Timeout) as refused:
        lockhost.acquire(tmp_path)
    holder = refused.value.holder
    assert holder is not None
    assert holder.identity is not None
    assert refused.value.hint is not None
    assert "lockhost break --owner=" in refused.value.hint
    with pytest.raises(lockhost.NotTheOwner):
        lockhost.break_lock(tmp_path, holder.identity + "1")
    (removed,) = lockhost.break_lock(tmp_path, holder.identity)
    assert removed.reason == "assumed-dead"
    assert leftovers(tmp_path) == []


def test_an_owner_is_assumed_dead_by_request(tmp_path: Path) -> None:
    (tmp_path / lockhost.DEFAULT_NAME).write_text("1\n")
    owner = lockhost.inspect(tmp_path).holder
    assert owner is not None
    with lockhost.acquire(tmp_path, assume_dead=owner.identity) as lock:
        assert [it.reason for it in lock.replaced] == ["assumed-dead"]


def test_another_interpreter_is_refused_and_named(tmp_path: Path) -> None:
    with owner(tmp_path) as other:
        with pytest.raises(lockhost.Timeout) as refused:
            lockhost.acquire(tmp_path)
        holder = refused.value.holder
        assert holder is not None
        assert (holder.pid, holder.liveness, holder.is_this_process) == (other.pid, "alive", False)
        assert holder.since is not None
        assert holder.since.tzinfo is not None
        assert f"held by pid {other.pid} since" in str(refused.value)


def test_a_native_owner_is_refused_and_named(tmp_path: Path) -> None:
    with native_owner(tmp_path) as other:
        with pytest.raises(lockhost.Timeout) as refused:
            lockhost.acquire(tmp_path)
        holder = refused.value.holder
        assert holder is not None
        assert holder.pid == other.pid
        assert holder.identity is not None


def test_the_native_program_is_refused_and_judges_alike(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path) as lock:
        refused = start([program(), "acquire", tmp_path])
        _, errors = refused.communicate()
        assert refused.returncode == 75
        assert f"is held by pid {lock.pid}" in errors
        status = start([program(), "status", tmp_path])
        out, _ = status.communicate()
        assert str(lock.pid) in out
        assert lock.has_evidence == lockhost.inspect(tmp_path).would_have_evidence


def test_values_can_be_pickled(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path):
        status = lockhost.inspect(tmp_path)
    assert pickle.loads(pickle.dumps(status)) == status


def test_evidence_is_a_descriptor_of_the_lock_file(tmp_path: Path) -> None:
    with lockhost.acquire(tmp_path) as lock:
        descriptor = lock.evidence()
        if descriptor is None:
            pytest.skip("no kernel keeps evidence on this file system")
        try:
            assert os.fstat(descriptor).st_ino == lock.path.stat().st_ino
            assert not os.get_inheritable(descriptor)
        finally:
            os.close(descriptor)
