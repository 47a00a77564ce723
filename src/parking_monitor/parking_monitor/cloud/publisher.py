"""Decide which counts are sent when, and make their messages."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from parking_monitor.cloud.clock_sync import clock_is_synchronised
from parking_monitor.cloud.delivery import Delivery, DeliverySettings, DeliveryStatistics, Source
from parking_monitor.cloud.messages import Origin, count_message, encode
from parking_monitor.cloud.outbox import Draft, Outbox
from parking_monitor.cloud.publish_policy import DEFAULT_INTERVAL_S, DEFAULT_MIN_SPACING_S, PublishPolicy
from parking_monitor.cloud.session import Session
from parking_monitor.cloud.topics import check_topic
from parking_monitor.values import Count, CountState


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    """Hold what is published where, and how often.

    Attributes:
        topics: every fresh count goes to each of these; see `topics.live_topics`.
        reference_topics: those of them whose receivers may read `uuid` and `cars` alone. A count
            that is UNKNOWN is kept from them: they would take its 0 for an empty car park.
        interval_s: longest time between two messages of a camera.
        min_spacing_s: shortest time between two messages of a camera.
        stale_after_s: a count that was OK is sent as STALE when its counter has said nothing for
            longer than this, so that a dead counter does not leave a claim standing.
        delivery: how messages are sent.
    """

    topics: tuple[str, ...]
    reference_topics: frozenset[str] = frozenset()
    interval_s: float = DEFAULT_INTERVAL_S
    min_spacing_s: float = DEFAULT_MIN_SPACING_S
    stale_after_s: float = 30.0
    delivery: DeliverySettings = field(default_factory=DeliverySettings)

    def __post_init__(self) -> None:
        if not self.topics:
            raise ValueError('topics is empty; give at least one topic for the counts')
        for topic in self.topics:
            check_topic(topic)


@dataclass(slots=True)
class _Camera:
    origin: Origin
    policy: PublishPolicy
    observed_s: float = 0.0

    def stale_s(self, stale_after_s: float) -> float:
        """Return when the newest count can no longer be called OK."""
        newest = self.policy.newest
        if newest is None or newest.state is not CountState.OK:
            return float('inf')
        return self.observed_s + stale_after_s


class CountPublisher:
    """Send the counts of a device's cameras when they are due, until they are acknowledged.

    Args:
        session: the connection; the publisher starts and stops it.
        origins: where the counts of each camera come from, by the key given to `observe`.
        settings: what is published where, and how often.
        outbox: where messages wait.
        others: what else goes the same way; its messages follow those of the counts. Call `wake` when
            there are any.
        wall_ns: the clock on the wall, Unix nanoseconds.
        is_clock_synced: tells whether that clock is kept by a time server.
    """

    def __init__(
        self,
        session: Session,
        origins: Mapping[str, Origin],
        settings: PublisherSettings,
        outbox: Outbox,
        *,
        others: Sequence[Source] = (),
        wall_ns: Callable[[], int] = time.time_ns,
        is_clock_synced: Callable[[], bool] = clock_is_synchronised,
    ) -> None:
        self._settings = settings
        self._others = others
        self._wall_ns = wall_ns
        self._is_clock_synced = is_clock_synced
        self._cameras = {
            key: _Camera(origin, PublishPolicy(settings.interval_s, settings.min_spacing_s))
            for key, origin in origins.items()
        }
        # Guards the cameras.
        self._lock = threading.Lock()
        self._delivery = Delivery(session, outbox, self, settings.delivery)

    @property
    def statistics(self) -> DeliveryStatistics:
        """Return what became of the counts so far."""
        return self._delivery.statistics

    def start(self) -> None:
        """Start the delivery, which connects the session and goes on trying."""
        self._delivery.start()

    def observe(self, camera: str, count: Count) -> None:
        """Take note of a camera's count; returns at once.

        Raises:
            ValueError: when the camera is not among the origins.
        """
        if camera not in self._cameras:
            raise ValueError(
                f"camera '{camera}' is not known to the publisher; known: {sorted(self._cameras)}"
            )
        now_s = time.monotonic()
        with self._lock:
            self._cameras[camera].policy.see(count, now_s)
            self._cameras[camera].observed_s = now_s
        self._delivery.wake()

    def wake(self) -> None:
        """Say that another source has something to send."""
        self._delivery.wake()

    def set_interval(self, interval_s: float) -> None:
        """Change the longest time between two messages of every camera.

        Raises:
            ValueError: when it is not positive, or shorter than the spacing.
        """
        with self._lock:
            for camera in self._cameras.values():
                camera.policy.set_interval(interval_s)
        self._delivery.wake()

    def stop(self, timeout_s: float = 1.5) -> bool:
        """Send what is fresh, say goodbye, and end, `timeout_s` at most in all; the rest stays in the outbox.

        Returns:
            Whether the connection was closed cleanly within the time.
        """
        return self._delivery.stop(timeout_s)

    def due(self, now_s: float, *, is_last: bool) -> list[Draft]:
        """Return the messages of the counts that are due, then the others'; called by the delivery."""
        with self._lock:
            counts = [
                (key, self._due_count(camera, now_s, is_last=is_last))
                for key, camera in self._cameras.items()
            ]
        drafts = [self._draft(key, count) for key, count in counts if count is not None]
        drafts += itertools.chain.from_iterable(source.due(now_s, is_last=is_last) for source in self._others)
        return [draft for draft in drafts if draft.topics]

    def next_due_s(self) -> float:
        """Return when the next message will be due; called by the delivery."""
        with self._lock:
            times = [camera.stale_s(self._settings.stale_after_s) for camera in self._cameras.values()]
            dues = [camera.policy.due_s for camera in self._cameras.values()]
        times += [due_s for due_s in dues if due_s is not None]
        times += [source.next_due_s() for source in self._others]
        return min(times, default=float('inf'))

    def _due_count(self, camera: _Camera, now_s: float, *, is_last: bool) -> Count | None:
        newest = camera.policy.newest
        if newest is not None and now_s >= camera.stale_s(self._settings.stale_after_s):
            camera.policy.see(newest.lost(CountState.STALE), now_s)
        count = camera.policy.take(now_s)
        return camera.policy.take_change(now_s) if count is None and is_last else count

    def _draft(self, key: str, count: Count) -> Draft:
        is_unknown = count.state is CountState.UNKNOWN
        topics = tuple(
            topic
            for topic in self._settings.topics
            if not (is_unknown and topic in self._settings.reference_topics)
        )

        def encoded(seq: int, dropped: int) -> bytes:
            message = count_message(
                count,
                self._cameras[key].origin,
                seq=seq,
                now_ns=self._wall_ns(),
                dropped=dropped,
                clock_synced=self._is_clock_synced(),
            )
            return encode(message)

        return Draft(key, topics, encoded)
