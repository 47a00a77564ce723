"""Say again what may be lost: a topic that keeps nothing loses what comes before its reader is known."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY_S = 0.1


@contextmanager
def repeated(act: Callable[[], object]) -> Iterator[None]:
    """Do something now, and again and again while this context lasts."""
    ended = threading.Event()

    def run() -> None:
        act()
        while not ended.wait(_EVERY_S):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
