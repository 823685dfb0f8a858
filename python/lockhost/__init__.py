"""A single-instance lock on a data directory.

One process at a time holds the directory. A second process is refused, and the exception names the owner. The lock of
an owner that died is taken over at once.

    import lockhost

    with lockhost.acquire("data", timeout=30) as lock:
        print(lock.path, "is ours")

``acquire_async`` is the same for asyncio. ``DirectoryLock`` is a lock that a thread can acquire several times.
"""

from typing import TYPE_CHECKING, Any

from ._acquire import acquire, break_lock, inspect
from ._cancellation import Cancellation
from ._data import Holder, Keeper, Replaced, Status, Warning  # noqa: A004
from ._errors import (
    Ancestor,
    Cancelled,
    Deadlock,
    DirectoryNotFound,
    Error,
    FileSystemError,
    Inherited,
    Internal,
    InvalidName,
    Lost,
    NotALock,
    NotTheOwner,
    PermissionDenied,
    Refused,
    Released,
    Timeout,
)
from ._lock import Lock
from ._native import DEFAULT_NAME, VERSION, Watch
from ._reentrant import DirectoryLock

if TYPE_CHECKING:
    from ._async import Acquisition, AsyncLock, acquire_async

__version__ = VERSION

__all__ = [
    "DEFAULT_NAME",
    "Acquisition",
    "Ancestor",
    "AsyncLock",
    "Cancellation",
    "Cancelled",
    "Deadlock",
    "DirectoryLock",
    "DirectoryNotFound",
    "Error",
    "FileSystemError",
    "Holder",
    "Inherited",
    "Internal",
    "InvalidName",
    "Keeper",
    "Lock",
    "Lost",
    "NotALock",
    "NotTheOwner",
    "PermissionDenied",
    "Refused",
    "Released",
    "Replaced",
    "Status",
    "Timeout",
    "Warning",
    "Watch",
    "acquire",
    "acquire_async",
    "break_lock",
    "inspect",
]

# To import asyncio takes longer than all the rest, so its part is loaded when it is first used.
_ASYNCHRONOUS = frozenset({"Acquisition", "AsyncLock", "acquire_async"})


def __getattr__(name: str) -> Any:
    if name not in _ASYNCHRONOUS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _async  # noqa: PLC0415

    return getattr(_async, name)
