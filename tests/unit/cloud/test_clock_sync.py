import ctypes

import pytest

from parking_monitor.cloud import clock_sync


class Kernel:
    """Answer adjtimex(2) as a kernel in a given state."""

    def __init__(self, state: int) -> None:
        self._state = state
        self.asked = b''

    def adjtimex(self, timex: ctypes.Array[ctypes.c_char]) -> int:
        self.asked = timex.raw
        return self._state


@pytest.mark.parametrize(('state', 'is_kept'), [(0, True), (1, True), (5, False), (-1, False)])
def test_only_a_clock_that_the_kernel_calls_kept_counts(
    monkeypatch: pytest.MonkeyPatch, state: int, is_kept: bool
) -> None:
    kernel = Kernel(state)
    monkeypatch.setattr(clock_sync, '_LIBC', kernel)

    assert clock_sync.clock_is_synchronised() is is_kept
    assert set(kernel.asked) == {0}  # nothing was to be adjusted


def test_the_kernel_of_this_machine_answers() -> None:
    assert clock_sync.clock_is_synchronised() in {True, False}
