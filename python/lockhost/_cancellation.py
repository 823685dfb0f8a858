"""Ending a wait from another thread."""

from __future__ import annotations

import os


class Cancellation:
    """Ends the waits that it is given to, from any thread. They raise ``Cancelled``.

    It ends only waits: an attempt that need not wait is not disturbed. A cancellation is for good.
    """

    def __init__(self) -> None:
        self._maker = os.getpid()
        self._cancelled = False
        self._readable, self._writable = os.pipe()

    def cancel(self) -> None:
        """Ends the waits. It does nothing in a child made by fork(2), whose parent's waits these are."""
        if self._cancelled or self._maker != os.getpid():
            return
        # First, so that a wait that wakes finds it.
        self._cancelled = True
        # Never read, so the other end stays readable for each wait.
        os.write(self._writable, b"\0")

    def is_cancelled(self) -> bool:
        """Returns whether the waits were ended."""
        return self._cancelled

    def fileno(self) -> int:
        """Returns the descriptor that becomes readable with the cancellation."""
        return self._readable

    def __del__(self) -> None:
        # Without them if there were no descriptors left.
        for descriptor in (getattr(self, "_readable", None), getattr(self, "_writable", None)):
            if descriptor is not None:
                os.close(descriptor)
