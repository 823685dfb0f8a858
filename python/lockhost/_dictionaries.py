"""The dictionaries that the native module returns. They are only for type checkers."""

from __future__ import annotations

from typing import TypedDict


class HolderData(TypedDict):
    """The values of a ``Holder``; ``since`` in seconds since 1970."""

    file: str
    pid: int | None
    identity: str | None
    is_claimed: bool
    since: float | None
    liveness: str
    reason: str
    explanation: str
    reader: int | None
    keepers: list[tuple[int, str]]
    is_this_process: bool
    is_ancestor: bool
    is_forker: bool


class WaitingData(TypedDict):
    """A wait of an attempt; ``retry_after`` in seconds."""

    awaited: str
    retry_after: float
    holder: HolderData | None


class ReplacedData(TypedDict):
    """The values of a ``Replaced``."""

    path: str
    pid: int | None
    reason: str
    message: str


class WarningData(TypedDict):
    """The values of a ``Warning``."""

    message: str
    hint: str | None


class StatusData(TypedDict):
    """The values of a ``Status``."""

    path: str
    state: str
    holder: HolderData | None
    reclaims: list[HolderData]
    obstacle: HolderData | None
    hint: str | None
    would_have_evidence: bool
