"""What is known about a lock, as plain values."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from ._dictionaries import HolderData, ReplacedData, StatusData, WarningData

# The type of an argument that names a directory.
StrPath = str | os.PathLike[str]


class Keeper(NamedTuple):
    """A process that keeps a lock file locked: the owner, or a process that inherited its descriptor."""

    pid: int
    command: str


class Holder(NamedTuple):
    """The owner that a lock file names."""

    file: str
    """The name of the file in the directory."""
    pid: int | None
    """The number in the file, as the process that wrote it knows itself."""
    identity: str | None
    """The text that means exactly this owner to ``break_lock`` and ``assume_dead``."""
    is_claimed: bool
    """Whether the identity contains more than a pid."""
    since: datetime | None
    """When the lock was acquired."""
    liveness: str
    """``alive``, ``dead`` or ``unknown``. An unknown owner counts as alive."""
    reason: str
    """How that is known, in the words of the program's ``--json``: ``evidence``, ``no-process``, ``other-boot`` …"""
    explanation: str
    """The same for a person: a clause without a full stop."""
    reader: int | None
    """The only user besides root who may read the file, if this process may not."""
    keepers: tuple[Keeper, ...]
    """The processes that keep the file locked, where that is the evidence."""
    is_this_process: bool
    """Whether it is this process: another lock in this program."""
    is_ancestor: bool
    """Whether it is an ancestor of this process."""
    is_forker: bool
    """Whether it forked this process while it held the lock."""

    @classmethod
    def _of(cls, data: HolderData) -> Holder:
        from datetime import datetime, timezone  # noqa: PLC0415  # Slow to import, and seldom needed.

        since = data["since"]
        values = {
            **data,
            "keepers": tuple(Keeper(*keeper) for keeper in data["keepers"]),
            "since": None if since is None else datetime.fromtimestamp(since, timezone.utc),
        }
        return cls(**values)  # type: ignore[arg-type]


class Replaced(NamedTuple):
    """A dead file that was removed to acquire a lock. Its text is the reason."""

    path: str
    pid: int | None
    reason: str
    message: str

    def __str__(self) -> str:
        return self.message

    @classmethod
    def _of(cls, data: ReplacedData) -> Replaced:
        return cls(**data)


class Warning(NamedTuple):  # noqa: A001
    """A problem that does not affect the lock."""

    message: str
    hint: str | None

    def __str__(self) -> str:
        return self.message

    @classmethod
    def _of(cls, data: WarningData) -> Warning:
        return cls(**data)


class Status(NamedTuple):
    """A lock, judged and not touched. Everything may have changed since."""

    path: str
    """The path of the lock file, which need not exist."""
    state: str
    """``free``, ``held``, ``unknown``, ``stale`` or ``malformed``."""
    holder: Holder | None
    """The owner that the lock file names."""
    reclaims: tuple[Holder, ...]
    """The owners of the reclaim locks; empty while no process replaces a dead lock."""
    obstacle: Holder | None
    """The owner that would refuse an attempt made now."""
    hint: str | None
    """What a person can do who knows more about the obstacle."""
    would_have_evidence: bool
    """Whether a lock of this process would have the kernel's evidence here."""

    @classmethod
    def _of(cls, data: StatusData) -> Status:
        return cls(
            path=data["path"],
            state=data["state"],
            holder=holder_of(data["holder"]),
            reclaims=tuple(Holder._of(it) for it in data["reclaims"]),
            obstacle=holder_of(data["obstacle"]),
            hint=data["hint"],
            would_have_evidence=data["would_have_evidence"],
        )


def holder_of(data: HolderData | None) -> Holder | None:
    """Returns the holder, if there is one."""
    return None if data is None else Holder._of(data)
