from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from lockhost import _lock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_lock_is_left() -> Iterator[None]:
    """Fails a test that leaves a lock to the next one."""
    yield
    gc.collect()
    assert _lock.held() == []
