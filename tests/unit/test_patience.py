"""Tests wait long for what may come, and no longer once it cannot come any more."""

import threading
import time

import pytest

from tests.support.patience import giving_up, patiently


def test_what_comes_ends_the_wait_and_what_does_not_come_is_told() -> None:
    event = threading.Event()
    assert not patiently(event.wait, 0.01)
    threading.Timer(0.05, event.set).start()
    assert patiently(event.wait)


def test_a_wait_without_hope_fails_at_once() -> None:
    def check() -> None:
        raise AssertionError('the node has died')

    began_s = time.monotonic()
    with giving_up(check), pytest.raises(AssertionError, match='the node has died'):
        patiently(threading.Event().wait)
    assert time.monotonic() - began_s < 60.0
    assert not patiently(threading.Event().wait, 0.01)
