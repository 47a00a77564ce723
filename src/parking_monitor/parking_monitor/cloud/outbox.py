"""Hold messages until they are acknowledged, and say which go next.

A message waits in the live lane, in memory and on the disk, while it is fresh. When it has
waited longer than that it is late: it leaves the memory, and is read from the disk again when
the turn of the history comes. The live lane goes first, so that receivers see the present at once.

An event, such as a crossing, is not made out of date by the next one: late ones keep their topic, and
fresh ones wait until all that is late has gone, so that the topic has all of them in their order.
"""

import itertools
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from parking_monitor.cloud.errors import StoreDamagedError, StoreError, StoreFullError
from parking_monitor.cloud.live_lane import LiveLane, Parcel
from parking_monitor.cloud.outbox_store import OutboxStore, StoredMessage
from parking_monitor.cloud.running_time import RunningTime

PAGE_ROWS = 200
"""How many late messages are read from the disk at a time."""
MOST_UNDELETED = 1_000
"""How many acknowledged messages may be in the file before they are deleted."""
AGE_CHECK_S = 60.0

_BEYOND_ALL = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSettings:
    """Hold where late messages go, and how much is kept.

    Attributes:
        history_topic: where a message goes that waited longer than `fresh_s`.
        event_topics: those of events; a message of theirs has no other topic, and keeps it when it is late.
        fresh_s: how long a message may wait for the live topics.
        max_rows: messages kept on the disk; beyond them the oldest is given up.
        max_age_s: running time after which a message is given up.
        max_live: fresh messages kept in memory, beyond them the oldest is late.
        retry_s: time between tries to use a disk that failed.
        delete_every_s: how long acknowledged messages may stay in the file, so that they are
            deleted together; what is in it at kill -9 is sent twice.
    """

    history_topic: str
    event_topics: frozenset[str] = frozenset()
    fresh_s: float = 30.0
    max_rows: int = 100_000
    max_age_s: float = 14 * 86_400.0
    max_live: int = 1_000
    retry_s: float = 5.0
    delete_every_s: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.max_live <= self.max_rows:
            raise ValueError(
                f'max_live {self.max_live} is not allowed with max_rows {self.max_rows}; give 1 to max_rows'
            )


@dataclass(frozen=True, slots=True)
class Draft:
    """Hold a message that has no number yet.

    Attributes:
        key: what it speaks of, here the camera; while the disk fails the newest of each key is kept.
        topics: the live topics that it is for, at least one.
        encode: returns the payload, given the message's number and how many messages the device
            has given up so far.
    """

    key: str
    topics: tuple[str, ...]
    encode: Callable[[int, int], bytes]


class Outbox:
    """Order what waits: each topic gets its messages by rising number, the live topics first.

    A message is handed out when it is on the disk. While the disk takes no writes, the newest
    message of each key is kept in memory and handed out from there, and `fault` says so.
    For one thread. Times given by the caller are monotonic seconds.

    Args:
        folder: where the file lies.
        settings: where late messages go, and how much is kept.
        wall_ns: the clock that numbers begin at, Unix nanoseconds.
        running_time: tells how long messages wait.
    """

    def __init__(
        self,
        folder: Path,
        settings: OutboxSettings,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        running_time: RunningTime | None = None,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._wall_ns = wall_ns
        self._time = running_time or RunningTime()
        self._store: OutboxStore | None = None
        self._next_seq = 0
        self._lane = LiveLane(settings.event_topics)
        # Late messages in memory by rising number, those on their way, and how far reading has come.
        self._page: dict[int, StoredMessage] = {}
        self._page_on_the_way: set[int] = set()
        self._page_end = 0
        # Acknowledged, but still in the file.
        self._done: set[int] = set()
        self._delete_at_s = float('inf')
        self._age_check_s = 0.0
        self._given_up = 0
        self._fault = ''
        self._damage = ''
        self._retry_at_s = 0.0

    @property
    def waiting(self) -> int:
        """Return how many messages are not acknowledged yet on every topic of theirs."""
        store = self._store
        stored = store.rows - len(self._done) if store else self._lane.saved
        return stored + self._lane.unsaved

    @property
    def waiting_live(self) -> int:
        """Return how many of them are in the live lane."""
        return len(self._lane)

    @property
    def dropped(self) -> int:
        """Return how many messages were given up since the file began."""
        store = self._store
        return (store.dropped if store else 0) + self._given_up

    @property
    def fault(self) -> str:
        """Return why messages are not kept on the disk now; empty while they are."""
        return self._fault

    @property
    def damage(self) -> str:
        """Return what was wrong with a file that was set aside; empty when there was none."""
        return self._damage

    def open(self, now_s: float) -> None:
        """Open the file and take up what an earlier process left; called before anything else.

        When that fails, `fault` tells why, and `save` tries again.
        """
        try:
            store = self._opened()
            fresh_since_s = self._time.now_s() - self._settings.fresh_s
            for message in store.read_newest(fresh_since_s, self._settings.max_live):
                self._lane.join(message, is_saved=True)
        except StoreError as error:
            self._next_seq = max(1, self._next_seq, self._wall_ns() // 1_000_000)
            self._fail(error, now_s)

    def put(self, draft: Draft) -> None:
        """Take a message in and give it its number; `save` makes it durable.

        Raises:
            MessageTooLargeError: when the broker would not take it.
        """
        payload = draft.encode(self._next_seq, self.dropped)
        message = StoredMessage(self._next_seq, self._time.now_s(), draft.key, draft.topics, payload)
        self._next_seq += 1
        self._lane.join(message, is_saved=False)

    def save(self, now_s: float) -> None:
        """Write what is new and delete what is acknowledged, in one commit, and keep to the bounds.

        What the disk refuses stays in memory, and `fault` tells why.
        """
        if now_s >= self._retry_at_s and (self._fault or self._is_due(now_s)):
            self._try_to_save(now_s)
        if self._fault:
            self._given_up += self._lane.keep_newest_unsaved()

    def save_due_s(self) -> float:
        """Return when `save` will have something to do though nothing new comes."""
        return self._retry_at_s if self._fault else self._delete_at_s

    def connection_made(self, now_s: float) -> None:
        """Prefer the present after an outage that made messages late.

        Of those that are still fresh the newest of each key stays live; the older ones join the history.
        """
        self._leave_old()
        if self._has_late:
            self._lane.leave_all_but_newest()
        self.save(now_s)

    def connection_lost(self) -> None:
        """Forget what was read ahead: it may wait long, and be given up meanwhile."""
        if not self._page_on_the_way:
            self._page.clear()
            self._page_end = 0

    def take(self, limit: int, now_s: float, paused: Collection[str] = ()) -> list[Parcel]:
        """Return what to send next, and take it as on its way.

        Args:
            limit: how many at most.
            now_s: monotonic seconds.
            paused: topics that take nothing now.
        """
        self._leave_old()
        parcels = self._lane.take(
            limit, paused, with_unsaved=bool(self._fault), with_events=not self._has_late
        )
        if len(parcels) < limit and not self._fault:
            parcels += self._take_late(limit - len(parcels), now_s, paused)
        return parcels

    def acknowledge(self, parcel: Parcel, now_s: float) -> None:
        """Let go of a message that the broker took."""
        if parcel.is_late:
            self._page_on_the_way.discard(parcel.seq)
            is_done = self._page.pop(parcel.seq, None) is not None
        else:
            is_done = self._lane.acknowledge(parcel)
        if is_done:
            self._done.add(parcel.seq)
            self._delete_at_s = min(self._delete_at_s, now_s + self._settings.delete_every_s)

    def release(self, parcel: Parcel) -> None:
        """Put a message that failed back in line.

        One that would now follow a later one on its topic goes to the history instead.
        """
        if parcel.is_late:
            self._page_on_the_way.discard(parcel.seq)
        else:
            self._lane.release(parcel)

    def close(self, now_s: float) -> None:
        """Write what is left, and close the file."""
        self._retry_at_s = now_s
        self._delete_at_s = now_s
        self.save(now_s)
        if self._store is not None:
            self._store.close()
            self._store = None

    @property
    def _has_late(self) -> bool:
        return self.waiting > len(self._lane)

    def _leave_old(self) -> None:
        self._lane.leave_older(self._time.now_s() - self._settings.fresh_s)

    def _opened(self) -> OutboxStore:
        if self._store is None:
            self._store = OutboxStore(self._folder, self._time, self._wall_ns)
            if self._store.damage:
                self._damage = self._store.damage
                self._lane.none_saved()
            # Given out before the file could be read, when the clock was behind it.
            self._given_up += self._lane.forget_unsaved_below(self._store.last_seq)
            self._next_seq = max(self._next_seq, self._store.first_seq)
        return self._store

    def _is_due(self, now_s: float) -> bool:
        has_left = self._store is not None and self._lane.left_to > self._store.late_to
        is_much = len(self._done) >= MOST_UNDELETED
        return has_left or is_much or self._lane.unsaved > 0 or now_s >= self._delete_at_s

    def _try_to_save(self, now_s: float) -> None:
        try:
            self._write(now_s)
        except StoreDamagedError as damage:
            self._begin_anew(damage, now_s)
        except StoreError as error:
            self._fail(error, now_s)
        else:
            self._fault = ''

    def _write(self, now_s: float) -> None:
        store = self._opened()
        surplus = self._lane.surplus(self._settings.max_live)
        # After a restart nothing may follow on a live topic that was left to the history.
        late_to = max([self._lane.left_to, *surplus])
        store.write(self._lane.unsaved_messages(), self._done, given_up=self._given_up, late_to=late_to)
        self._lane.all_saved()
        self._lane.leave(surplus)
        self._done.clear()
        self._delete_at_s = float('inf')
        self._given_up = 0
        self._keep_to_the_bounds(store, now_s)

    def _keep_to_the_bounds(self, store: OutboxStore, now_s: float) -> None:
        self._leave_old()
        # What is in memory is about to be sent, or fresh.
        between = {'above': self._page_end, 'below': self._lane.first_seq or _BEYOND_ALL}
        if store.rows > self._settings.max_rows:
            store.drop_oldest(store.rows - self._settings.max_rows, **between)
        if now_s >= self._age_check_s:
            self._age_check_s = now_s + AGE_CHECK_S
            store.drop_older(self._time.now_s() - self._settings.max_age_s, **between)

    def _fail(self, error: StoreError, now_s: float) -> None:
        self._fault = f'{error}; until then only the newest count of each camera is kept, in memory'
        self._retry_at_s = now_s + self._settings.retry_s
        # A full disk is used again as it is: its journal has room for deleting.
        if self._store is not None and not isinstance(error, StoreFullError):
            self._store.close()
            self._store = None

    def _begin_anew(self, damage: StoreDamagedError, now_s: float) -> None:
        """Begin a new file with all that is in memory."""
        if self._store is None:
            self._fail(damage, now_s)
            return
        held = [*self._page.values(), *self._lane.messages()]
        try:
            self._store.replace(damage)
            self._store.write(held, (), late_to=self._lane.left_to)
        except StoreError as error:
            self._fail(error, now_s)
        else:
            self._damage = self._store.damage
            self._lane.all_saved()
            self._done.clear()
            self._fault = ''

    def _take_late(self, limit: int, now_s: float, paused: Collection[str]) -> list[Parcel]:
        ready = self._ready(limit, paused)
        if len(self._page_on_the_way) == len(self._page):
            try:
                self._read_page()
            except StoreDamagedError as damage:
                self._begin_anew(damage, now_s)
            except StoreError as error:
                self._fail(error, now_s)
            ready = self._ready(limit, paused)
        self._page_on_the_way.update(message.seq for message in ready)
        return [
            Parcel(message.seq, self._late_topic(message), message.payload, is_late=True) for message in ready
        ]

    def _ready(self, limit: int, paused: Collection[str]) -> list[StoredMessage]:
        ready = (
            message
            for seq, message in self._page.items()
            if seq not in self._page_on_the_way and self._late_topic(message) not in paused
        )
        return list(itertools.islice(ready, limit))

    def _late_topic(self, message: StoredMessage) -> str:
        is_event = message.topics[0] in self._settings.event_topics
        return message.topics[0] if is_event else self._settings.history_topic

    def _read_page(self) -> None:
        """Read the next late messages; none that is later than a live one, or the order would be lost."""
        store = self._store
        if store is None or self.waiting <= len(self._lane) + len(self._page):
            return
        below = self._lane.first_seq or _BEYOND_ALL
        found = store.read(above=self._page_end, below=below, limit=PAGE_ROWS)
        if found:
            self._page_end = found[-1].seq
            self._page |= {message.seq: message for message in found if message.seq not in self._done}
