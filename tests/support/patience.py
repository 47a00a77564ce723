"""How long a test waits for what must come, and what makes it give up at once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 180.0
"""Only a failure waits so long; a busy machine may need some of it, a quiet one needs none."""

_LOOK_S = 0.5
_checks: list[Callable[[], None]] = []


@contextmanager
def giving_up(check: Callable[[], None]) -> Iterator[None]:
    """Let everything that waits in this context look from time to time whether there is still hope.

    Args:
        check: raises an AssertionError when there is none.
    """
    _checks.append(check)
    try:
        yield
    finally:
        _checks.remove(check)


def patiently(wait: Callable[[float], bool], deadline_s: float = PATIENCE_S) -> bool:
    """Wait for an event or a condition, and return whether it came.

    Args:
        wait: waits so many seconds at most, and returns whether it came: the `wait` of an event.
        deadline_s: how long to go on.
    """
    end_s = time.monotonic() + deadline_s
    while not wait(min(_LOOK_S, max(0.0, end_s - time.monotonic()))):
        for check in _checks:
            check()
        if time.monotonic() >= end_s:
            return False
    return True
