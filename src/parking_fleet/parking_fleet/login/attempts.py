"""Let nobody guess passwords for long."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_KEYS = 10_000


class Attempts:
    """Allow so many attempts in a time, for each key; what is remembered is bounded.

    Args:
        most: attempts.
        window_s: of the time in which they count.
        clock: gives monotonic seconds.
    """

    def __init__(self, most: int, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Count an attempt; return 0 when it is allowed, else for how many seconds none is."""
        now_s = self._clock()
        times = self._times.setdefault(key, deque(maxlen=self._most))
        self._times.move_to_end(key)
        if len(self._times) > MOST_KEYS:
            self._times.popitem(last=False)
        if len(times) == self._most and (wait_s := times[0] + self._window_s - now_s) > 0:
            return wait_s
        times.append(now_s)
        return 0.0

    def give_back(self, key: str) -> None:
        """Count the newest attempt no more: it was a good one."""
        times = self._times.get(key)
        if times:
            times.pop()
            if not times:
                del self._times[key]


def address_key(address: str) -> str:
    """Return what is counted of an address; of IPv6 the /64, which one house has to itself."""
    if ':' not in address:
        return address
    head, _, tail = address.partition('::')
    groups = head.split(':') if head else []
    if '::' in address:
        rest = tail.split(':') if tail else []
        groups += ['0'] * (8 - len(groups) - len(rest)) + rest
    return ':'.join(groups[:4])
