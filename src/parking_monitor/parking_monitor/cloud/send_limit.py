"""Keep the rate of a connection below what the broker takes."""

import math
import threading
import time

AWS_MESSAGES_PER_S = 100
"""AWS IoT Core discards what a connection publishes beyond this."""

# Sent evenly, not a hundred at once: a network that delays some would push two such bursts together.
_SHARE_AT_ONCE = 0.05


class SendLimit:
    """Allow messages at an even rate, a few at once; may be used from several threads.

    A token bucket: what it holds and what flows in within a second make the limit together.

    Args:
        messages_per_s: how many may be sent in any second; 0 for no limit.
    """

    def __init__(self, messages_per_s: int) -> None:
        self._is_limited = messages_per_s > 0
        self._most = max(1.0, messages_per_s * _SHARE_AT_ONCE)
        self._rate_per_s = max(1.0, messages_per_s - self._most)
        self._tokens = self._most
        self._counted_s = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Take note of a message sent now, allowed or not."""
        with self._lock:
            self._refill()
            self._tokens -= 1

    def room(self) -> tuple[int, float]:
        """Return how many messages may be sent now, and in how many seconds there is room for one more."""
        if not self._is_limited:
            return 2**31, 0.0
        with self._lock:
            self._refill()
            room = max(0, math.floor(self._tokens))
            return room, max(0.0, (room + 1 - self._tokens) / self._rate_per_s)

    def _refill(self) -> None:
        now_s = time.monotonic()
        self._tokens = min(self._most, self._tokens + (now_s - self._counted_s) * self._rate_per_s)
        self._counted_s = now_s
