"""The exceptions."""

from __future__ import annotations

import errno
import os
import pickle
import sys
import tempfile
import traceback
from pathlib import Path

import pytest
from processes import leftovers

import lockhost


def refusal(directory: Path) -> lockhost.Timeout:
    with lockhost.acquire(directory), pytest.raises(lockhost.Timeout) as refused:
        lockhost.acquire(directory)
    return refused.value


@pytest.mark.parametrize(
    ("of", "bases"),
    [
        (lockhost.Timeout, [lockhost.Refused, TimeoutError]),
        (lockhost.Ancestor, [lockhost.Refused]),
        (lockhost.Deadlock, [lockhost.Refused]),
        (lockhost.Cancelled, [lockhost.Refused]),
        (lockhost.InvalidName, [ValueError]),
        (lockhost.FileSystemError, [OSError]),
        (lockhost.DirectoryNotFound, [lockhost.FileSystemError, FileNotFoundError]),
        (lockhost.PermissionDenied, [lockhost.FileSystemError, PermissionError]),
    ],
)
def test_an_exception_is_what_python_calls_it(of: type[lockhost.Error], bases: list[type[Exception]]) -> None:
    assert issubclass(of, lockhost.Error)
    assert all(issubclass(of, base) for base in bases)


def test_a_refusal_names_file_owner_and_way_out(tmp_path: Path) -> None:
    refused = refusal(tmp_path)
    assert refused.kind == "held"
    assert refused.path == str(tmp_path / lockhost.DEFAULT_NAME)
    assert refused.holder is not None
    assert refused.holder.is_this_process
    assert str(refused).startswith(refused.path)
    assert "\n" not in str(refused)


def test_an_exception_survives_pickle(tmp_path: Path) -> None:
    before = refusal(tmp_path)
    after = pickle.loads(pickle.dumps(before))
    assert type(after) is lockhost.Timeout
    assert str(after) == str(before)
    values = ("path", "kind", "hint", "holder")
    assert [getattr(after, it) for it in values] == [getattr(before, it) for it in values]


def test_a_missing_directory_is_a_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        lockhost.acquire(tmp_path / "nowhere")
    error = missing.value
    assert type(error) is lockhost.DirectoryNotFound
    assert error.errno == errno.ENOENT
    assert error.filename == str(tmp_path / "nowhere")
    assert pickle.loads(pickle.dumps(error)).errno == errno.ENOENT


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(lockhost.FileSystemError) as failed:
        lockhost.acquire(file)
    assert failed.value.errno == errno.ENOTDIR


def test_a_directory_that_may_not_be_written_is_a_permission_error() -> None:
    # Not in tmp_path, above which other users may not search.
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o555)
        child = os.fork()
        if child == 0:
            # As a user without the rights of root.
            if os.geteuid() == 0:
                os.setuid(65534)
            code = 1
            try:
                lockhost.acquire(directory)
            except lockhost.PermissionDenied as error:
                code = 0 if error.errno == errno.EACCES else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert leftovers(Path(directory)) == []


@pytest.mark.parametrize("name", ["other", "", "a/b.lock", "\0.lock", "x" * 300 + ".lock"])
def test_an_invalid_name_is_a_value_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="invalid lock name"):
        lockhost.acquire(tmp_path, name=name)
    with pytest.raises(lockhost.InvalidName):
        lockhost.inspect(tmp_path, name=name)


def test_what_is_no_lock_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / lockhost.DEFAULT_NAME).mkdir()
    with pytest.raises(lockhost.NotALock):
        lockhost.acquire(tmp_path)
    link = tmp_path / "link.lock"
    link.symlink_to("elsewhere")
    with pytest.raises(lockhost.NotALock):
        lockhost.acquire(tmp_path, name=link.name)
    assert link.is_symlink()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes are of Python 3.11")
def test_a_traceback_shows_the_hint(tmp_path: Path) -> None:
    refused = refusal(tmp_path)
    assert f"hint: {refused.hint}" in "".join(traceback.format_exception(refused))


def test_an_unknown_attribute_is_an_error() -> None:
    with pytest.raises(AttributeError):
        lockhost.nothing  # noqa: B018
