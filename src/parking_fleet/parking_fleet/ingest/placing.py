"""Decide at what time a message belongs, also when the device's clock is wrong."""

from parking_fleet.store.batch import Clock

FUTURE_MS = 300_000
"""A time that lies further ahead of ours is no time that a picture was taken."""

PAST_MS = 15 * 86_400_000
"""Devices keep messages for 14 days; a time before that is a clock that was never set."""

LIVE_MS = 60_000
"""A count on a live topic is 30 s old at most, and on its way for a little."""


def place(observed_ms: int, received_ms: int, *, clock_synced: bool, is_live: bool) -> tuple[int, Clock]:
    """Return the time at which a message counts, and what that rests on.

    The device's own time is taken unless it cannot be right: then it is the time of arrival.

    Args:
        observed_ms: what the device says, Unix milliseconds.
        received_ms: when it came in.
        clock_synced: whether the device's clock was kept by a time server.
        is_live: whether it was made within the last 30 s, by the topic it came on.
    """
    age_ms = received_ms - observed_ms
    if not -FUTURE_MS <= age_ms <= PAST_MS:
        return received_ms, Clock.ARRIVAL
    if clock_synced:
        return observed_ms, Clock.SYNCED
    if is_live and abs(age_ms) > LIVE_MS:
        return received_ms, Clock.ARRIVAL
    return observed_ms, Clock.UNSYNCED
