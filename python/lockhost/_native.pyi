import os
from typing import Final, TypedDict, final

DEFAULT_NAME: Final[str]
VERSION: Final[str]

class HolderData(TypedDict):
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
    awaited: str
    retry_after: float
    holder: HolderData | None

class ReplacedData(TypedDict):
    path: str
    pid: int | None
    reason: str
    message: str

class WarningData(TypedDict):
    message: str
    hint: str | None

class StatusData(TypedDict):
    path: str
    state: str
    holder: HolderData | None
    reclaims: list[HolderData]
    obstacle: HolderData | None
    hint: str | None
    would_have_evidence: bool

@final
class Failure:
    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def hint(self) -> str | None: ...
    @property
    def errno(self) -> int | None: ...
    @property
    def holder(self) -> HolderData | None: ...

@final
class Options:
    def __new__(
        cls,
        *,
        name: str,
        patience: float | None,
        mode: int,
        assume_dead: str | None,
        wait_for_ancestor: bool,
    ) -> Options: ...
    def attempt(self, directory: str | os.PathLike[str]) -> Attempt | Failure: ...
    def acquire_at_once(self, directory: str | os.PathLike[str]) -> Lock | Failure: ...
    def break_lock(self, directory: str | os.PathLike[str], owner: str) -> list[ReplacedData] | Failure: ...

@final
class Attempt:
    def proceed(self) -> Lock | WaitingData | Failure: ...
    def descriptors(self) -> list[int]: ...
    def give_up(self) -> None: ...

@final
class Lock:
    @property
    def path(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def identity(self) -> str: ...
    @property
    def has_evidence(self) -> bool: ...
    @property
    def is_claimed(self) -> bool: ...
    def replaced(self) -> list[ReplacedData] | Failure: ...
    def warnings(self) -> list[WarningData] | Failure: ...
    def still_held(self) -> bool | Failure: ...
    def verify(self) -> bool | Failure: ...
    def evidence(self) -> int | Failure | None: ...
    def watch(self) -> Watch | Failure | None: ...
    def release(self) -> bool | Failure: ...
    def abandon(self) -> None: ...

@final
class Watch:
    """A descriptor that becomes readable when the lock may be lost."""

    def fileno(self) -> int:
        """Returns the descriptor, for select(2), poll(2) or an event loop."""
    def forget(self) -> bool:
        """Makes the descriptor unreadable until something happens again. Returns whether something had happened."""

def inspect(directory: str | os.PathLike[str], name: str) -> StatusData | Failure: ...
