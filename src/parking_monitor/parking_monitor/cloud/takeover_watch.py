"""Notice that two devices share one identity: each connection of one ends that of the other."""

import time
from collections.abc import Callable

# AWS IoT and mosquitto end the older connection at once when the client id connects again, and some
# brokers without a word. One such end may be a restart of the broker; a row of them is a duel.
SHORT_LIFE_S = 60.0
ENDS_IN_A_ROW = 3


class TakeoverWatch:
    """Follow how the connections of one client end.

    Args:
        now_s: gives monotonic seconds.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._connected_s = now_s()
        self._is_connected = False
        self._in_a_row = 0

    @property
    def is_suspected(self) -> bool:
        """Return whether another client seems to use this identity; forgotten once a connection lasts."""
        if self._is_connected and self._lasts:
            return False
        return self._in_a_row >= ENDS_IN_A_ROW

    def connected(self) -> None:
        """Take note of a connection."""
        self._connected_s = self._now_s()
        self._is_connected = True

    def ended(self, *, hung_up: bool, taken_over: bool) -> None:
        """Take note of the end of a connection.

        Args:
            hung_up: whether the broker closed it without a word.
            taken_over: whether it said that the same client id connected again.
        """
        if taken_over:
            self._in_a_row = ENDS_IN_A_ROW
        elif hung_up and not self._lasts:
            self._in_a_row += 1
        else:
            self._in_a_row = 0
        self._is_connected = False

    @property
    def _lasts(self) -> bool:
        return self._now_s() - self._connected_s >= SHORT_LIFE_S
