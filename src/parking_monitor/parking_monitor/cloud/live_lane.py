"""Hold the fresh messages of an outbox in memory, by rising number."""

import itertools
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from parking_monitor.cloud.outbox_store import StoredMessage

MOST_EVENTS_UNSAVED = 100
"""How many events are kept in memory while the disk takes none."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Hold one message on its way to one topic; a late one comes from the disk."""

    seq: int
    topic: str
    payload: bytes
    is_late: bool = False


@dataclass(slots=True)
class _Fresh:
    message: StoredMessage
    is_saved: bool
    is_event: bool
    outstanding: list[str]
    on_the_way: set[str] = field(default_factory=set)
    failed_on: set[str] = field(default_factory=set)
    is_overtaken: bool = False

    @property
    def may_leave(self) -> bool:
        """Return whether it can be left to the disk."""
        return self.is_saved and not self.on_the_way


class LiveLane:
    """Hand fresh messages out to each of their topics by rising number.

    A message leaves when all its topics have acknowledged it, or when it is left to the disk.

    Args:
        event_topics: where each message tells of an event of its own, so that none stands for another.
    """

    def __init__(self, event_topics: Collection[str] = ()) -> None:
        self._event_topics = event_topics
        self._waiting: dict[int, _Fresh] = {}
        self._unsaved: dict[int, StoredMessage] = {}
        self._acknowledged_to: dict[str, int] = {}
        self._left_to = 0
        # Whether one may have failed and is still to be sent again: a rare case that costs a closer look.
        self._has_failed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def unsaved(self) -> int:
        """Return how many messages are not on the disk."""
        return len(self._unsaved)

    @property
    def saved(self) -> int:
        """Return how many messages are on the disk, too."""
        return len(self._waiting) - len(self._unsaved)

    @property
    def left_to(self) -> int:
        """Return the highest number that was left to the disk though it was not old."""
        return self._left_to

    @property
    def first_seq(self) -> int | None:
        """Return the lowest number; None when nothing waits."""
        return next(iter(self._waiting), None)

    def messages(self) -> list[StoredMessage]:
        """Return all that waits."""
        return [fresh.message for fresh in self._waiting.values()]

    def unsaved_messages(self) -> list[StoredMessage]:
        """Return what is not on the disk yet."""
        return list(self._unsaved.values())

    def all_saved(self) -> None:
        """Take note that all is on the disk now."""
        for seq in self._unsaved:
            self._waiting[seq].is_saved = True
        self._unsaved.clear()

    def none_saved(self) -> None:
        """Take note that the file is a new one, in which there is nothing."""
        for seq, fresh in self._waiting.items():
            fresh.is_saved = False
            self._unsaved[seq] = fresh.message

    def join(self, message: StoredMessage, *, is_saved: bool) -> None:
        """Take a message in, whose number is higher than all that wait."""
        is_event = message.topics[0] in self._event_topics
        self._waiting[message.seq] = _Fresh(message, is_saved, is_event, list(message.topics))
        if not is_saved:
            self._unsaved[message.seq] = message

    def take(
        self, limit: int, paused: Collection[str], *, with_unsaved: bool, with_events: bool
    ) -> list[Parcel]:
        """Return what to send next, and take it as on its way.

        Args:
            limit: how many at most.
            paused: topics that take nothing now.
            with_unsaved: whether messages are handed out that are not on the disk.
            with_events: whether events are handed out, or have to wait for earlier ones.
        """
        parcels: list[Parcel] = []
        blocked = self._highest_on_the_way() if self._has_failed else {}
        for seq, fresh in self._waiting.items():
            if len(parcels) >= limit or not (fresh.is_saved or with_unsaved):
                break
            has_to_wait = fresh.is_overtaken or (fresh.is_event and not with_events)
            for topic in () if has_to_wait else fresh.outstanding:
                is_free = topic not in fresh.on_the_way and topic not in paused
                if is_free and len(parcels) < limit and seq > blocked.get(topic, 0):
                    fresh.on_the_way.add(topic)
                    fresh.failed_on.discard(topic)
                    parcels.append(Parcel(seq, topic, fresh.message.payload))
        return parcels

    def acknowledge(self, parcel: Parcel) -> bool:
        """Take note that a topic has a message; return whether it is now to be deleted from the disk.

        Those that failed before it are left to the disk: they would come after it now.
        """
        seq, topic = parcel.seq, parcel.topic
        self._acknowledged_to[topic] = max(seq, self._acknowledged_to.get(topic, 0))
        if self._has_failed:
            self._overtake(seq, topic)
        fresh = self._waiting.get(seq)
        if fresh is None:
            return False
        fresh.on_the_way.discard(topic)
        fresh.outstanding.remove(topic)
        if not fresh.outstanding:
            del self._waiting[seq]
            self._unsaved.pop(seq, None)
            return fresh.is_saved
        if fresh.is_overtaken and fresh.may_leave:
            self.leave([seq])
        return False

    def release(self, parcel: Parcel) -> None:
        """Put a message that failed back in line; leave it to the disk when a later one has overtaken it."""
        fresh = self._waiting.get(parcel.seq)
        if fresh is None:
            return
        fresh.on_the_way.discard(parcel.topic)
        fresh.failed_on.add(parcel.topic)
        self._has_failed = True
        if parcel.seq < self._acknowledged_to.get(parcel.topic, 0):
            self._overtake(parcel.seq + 1, parcel.topic)

    def leave_older(self, put_before_s: float) -> None:
        """Leave to the disk what was put in before a running time."""
        old: list[int] = []
        for seq, fresh in self._waiting.items():
            if fresh.message.put_s >= put_before_s:
                break
            if fresh.may_leave:
                old.append(seq)
        for seq in old:
            del self._waiting[seq]

    def surplus(self, most: int) -> list[int]:
        """Return the oldest numbers beyond those that may wait here, which can leave once they are saved."""
        beyond = max(0, len(self._waiting) - most)
        oldest = itertools.islice(self._waiting.items(), beyond)
        return [seq for seq, fresh in oldest if not fresh.on_the_way]

    def leave(self, numbers: Iterable[int]) -> None:
        """Leave saved messages to the disk though they are not old."""
        for seq in numbers:
            del self._waiting[seq]
            self._left_to = max(self._left_to, seq)

    def leave_all_but_newest(self) -> None:
        """Leave to the disk all but the newest message of each key, and all events."""
        newest = {fresh.message.key: seq for seq, fresh in self._waiting.items() if not fresh.is_event}
        kept = set(newest.values())
        self.leave([seq for seq, fresh in self._waiting.items() if seq not in kept and fresh.may_leave])

    def keep_newest_unsaved(self) -> int:
        """Forget what is not on the disk but the newest message of each key; return how many they were.

        Of events, none of which stands for another, the newest 100 stay.
        """
        events = [seq for seq in self._unsaved if self._waiting[seq].is_event]
        newest = {
            message.key: seq for seq, message in self._unsaved.items() if not self._waiting[seq].is_event
        }
        kept = {*newest.values(), *events[-MOST_EVENTS_UNSAVED:]}
        older = [seq for seq in self._unsaved if seq not in kept and not self._waiting[seq].on_the_way]
        return self._forget(older)

    def forget_unsaved_below(self, seq: int) -> int:
        """Forget what is not on the disk up to a number; return how many they were."""
        return self._forget([each for each in self._unsaved if each <= seq])

    def _highest_on_the_way(self) -> dict[str, int]:
        """Return of each topic the highest number that has no answer yet."""
        self._has_failed = any(fresh.failed_on for fresh in self._waiting.values())
        return {topic: seq for seq, fresh in self._waiting.items() for topic in fresh.on_the_way}

    def _overtake(self, seq: int, topic: str) -> None:
        """Leave to the disk what failed on a topic before a number that it has."""
        below = itertools.takewhile(lambda item: item[0] < seq, self._waiting.items())
        overtaken = [
            (number, fresh) for number, fresh in below if topic in fresh.failed_on and fresh.is_saved
        ]
        for _, fresh in overtaken:
            fresh.is_overtaken = True
        self.leave([number for number, fresh in overtaken if fresh.may_leave])

    def _forget(self, numbers: Iterable[int]) -> int:
        forgotten = 0
        for seq in numbers:
            del self._waiting[seq], self._unsaved[seq]
            forgotten += 1
        return forgotten
