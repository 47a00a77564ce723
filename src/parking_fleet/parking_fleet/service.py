"""Put the parts together: store, ingest and live state, started and stopped as one."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from awscrt.exceptions import AwsCrtError

from parking_fleet.alerts.book import AlertBook
from parking_fleet.alerts.engine import AlertEngine
from parking_fleet.alerts.errors import ChannelError
from parking_fleet.ingest.sorting import Sorter
from parking_fleet.ingest.source import MqttSource, refusal_code
from parking_fleet.ingest.worker import Worker
from parking_fleet.live.fleet import Fleet, now_ms
from parking_fleet.pictures.pictures import Pictures
from parking_fleet.places.facilities import load_facilities
from parking_fleet.places.shares import bay_shares
from parking_fleet.settings import Settings
from parking_fleet.shadow.answers import ShadowAnswers
from parking_fleet.shadow.link import LinkError
from parking_fleet.shadow.shadows import Shadows
from parking_fleet.shadow.wishes import layout_of, told_cameras
from parking_fleet.store.database import STORE_TROUBLES, Database
from parking_fleet.store.reader import Reader
from parking_fleet.store.retention import remove_old
from parking_fleet.store.shadows import ShadowStore
from parking_fleet.store.shares import write_shares
from parking_fleet.store.summaries import local_day_s
from parking_fleet.store.writer import Writer

LOG = logging.getLogger(__name__)

REFRESH_S = 0.5
"""How often the store is asked for what other workers have written."""

FACTS_S = 1.0
"""How often what shadows tell of devices is written down."""

SHARES_S = 5.0
"""How often it is looked which cameras see the same bays, where that may have changed."""

CLEAN_UP_S = 600.0
"""How often old rows are removed."""


class Service:
    """Own everything but the web server.

    Args:
        settings: what to do.
        takes_in: whether to receive messages, where a broker is named.
        shows: whether to keep the live state.

    Raises:
        FleetError: when settings, store or identity are unfit.
    """

    def __init__(self, settings: Settings, *, takes_in: bool = True, shows: bool = True) -> None:
        self.settings = settings
        self.config = load_facilities(
            settings.facilities, time_zone=settings.time_zone, interval_s=settings.interval_s
        )
        self.database = Database(settings.store.url.get_secret_value())
        self.reader = Reader(self.database, hold_s=2.5 * settings.interval_s)
        writer = Writer(
            self.database,
            lambda facility, time_ms: local_day_s(self.config.zone(facility), time_ms),
            settings.store.quarantine_rows,
        )
        self.fleet = Fleet(self.reader, self.config, own_writer=writer.number)
        self._shows = shows
        self.worker = Worker(
            Sorter(settings.broker.topics, self.config), writer, self.fleet.apply if shows else _ignore
        )
        self.source = self._make_source(takes_in=takes_in)
        self.shadows = Shadows(self.fleet.feed, self.fleet.uuid_of, self.source, _why_no_link(settings))
        self.pictures = Pictures(self.fleet.feed, self.fleet.thing_of, self.source, _why_no_link(settings))
        self._shadow_store = ShadowStore(
            self.database, settings.broker.client_id if settings.broker.group else ''
        )
        self._answers: ShadowAnswers | None = None
        if self.source is not None and takes_in and settings.broker.answers_shadow:
            self._answers = ShadowAnswers(self._shadow_store, self.source)
            self.source.hearers.append(self._answers)
        if self.source is not None and shows:
            self.source.hearers += [self.shadows, self.pictures]
        has_ingest = self.source is not None and takes_in
        self.alerts = AlertEngine(
            settings,
            self.fleet,
            AlertBook(self.database),
            self.publish,
            ingest_state=(lambda: self.worker.state) if has_ingest else None,
        )
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Bring the store up to date, load what is newest, and begin to take messages in.

        Raises:
            FleetError: when the store or the identity cannot be used.
        """
        self.database.migrate()
        if self._shows:
            self.fleet.refresh()
            self._repeat('refresh', self.fleet.refresh, REFRESH_S)
            self._repeat('shadows', self._note_facts, FACTS_S)
            self._repeat('shares', self._note_shares, SHARES_S)
            # One process alerts: the one that shows. Workers have no live state to look at.
            self.alerts.start()
        self._repeat('clean-up', self._clean_up, CLEAN_UP_S)
        self.worker.start()
        if self._answers is not None:
            self._answers.start()
        if self.source is not None:
            self.source.start()

    def stop(self) -> None:
        """End everything; what was taken in is stored, as far as the store can be written."""
        self._stopping.set()
        self.alerts.stop()
        # The connection stays until what was taken in is acknowledged.
        self.worker.stop()
        if self._answers is not None:
            self._answers.stop()
        if self.source is not None:
            self.source.stop()
        for thread in self._threads:
            thread.join(5.0)
        self.database.close()

    def layouts(self, uuid: str, camera: str, *, wished: bool = False) -> dict[str, Any] | None:
        """Return where a camera counts, as fleet.yaml says it: `zones`, `bays` and `gates`.

        None while that is not known; the device is asked then, and `ShadowChanged` or `PictureArrived`
        of it says when to look again.

        Args:
            uuid: the device.
            camera: its name there.
            wished: whether to return what is wished for where the device has not taken it.
        """
        shadow = self.shadows.document(self.fleet.thing_of(uuid))
        if shadow is None:
            return None
        found = layout_of(shadow, camera, wished=wished, heard=self.pictures.layout(uuid, camera))
        if found is None and camera in told_cameras(shadow):
            self.pictures.ask(uuid, camera)
        return found

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def publish(self, topic: str, payload: bytes, is_retained: bool, timeout_s: float) -> None:
        """Publish to the broker that messages come from.

        Raises:
            ChannelError: when it is not taken.
        """
        if self.source is None:
            raise ChannelError(
                'this process is not connected to a broker: it runs with --no-ingest, or none is named'
            )
        try:
            done = self.source.publish(topic, payload, is_retained=is_retained).result(timeout_s)
        except LinkError as error:
            raise ChannelError(str(error)) from None
        except TimeoutError:
            raise ChannelError('the broker does not answer') from None
        except (AwsCrtError, RuntimeError) as error:
            raise ChannelError(f'the broker does not take it: {type(error).__name__}') from None
        if refusal := refusal_code(done):
            raise ChannelError(
                f"the broker refuses '{topic}' with reason code {refusal}; allow this client to publish there"
            )

    def _repeat(self, name: str, act: Callable[[], None], every_s: float) -> None:
        def run() -> None:
            while not self._stopping.wait(every_s):
                try:
                    act()
                except STORE_TROUBLES as error:
                    LOG.warning(
                        '%s: the store does not answer (%s); trying again', name, type(error).__name__
                    )

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _make_source(self, *, takes_in: bool) -> MqttSource | None:
        broker = self.settings.broker
        if not broker.host or not (takes_in or broker.pages_client_id):
            return None
        if not takes_in:
            broker = broker.model_copy(update={'client_id': broker.pages_client_id, 'group': ''})
        return MqttSource(broker, self.worker, takes_in=takes_in)

    def _note_facts(self) -> None:
        if facts := self.shadows.take_facts():
            self._shadow_store.tell_devices(facts)
            self.fleet.tell(facts)

    def _note_shares(self) -> None:
        for floor in self.fleet.take_new_bays():
            shares = bay_shares(floor)
            write_shares(self.database, [(camera, shares[camera.key]) for camera in floor])

    def _clean_up(self) -> None:
        removed = remove_old(self.database, self.settings.store, now_ms(), self._stopping)
        kept = self.settings.alerts
        removed += self.alerts.book.remove_old(now_ms(), kept.keep_days, kept.keep_rows)
        if removed:
            LOG.info('removed %d rows that were kept long enough', removed)


def _why_no_link(settings: Settings) -> str:
    if not settings.broker.host:
        return 'no broker is named; set broker.host'
    return (
        'this process has no connection to the broker; give it a name of its own there with '
        'broker.pages_client_id, or serve without --no-ingest'
    )


def _ignore(_: object) -> None:
    pass
