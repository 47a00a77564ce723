"""Keep the newest state of the whole fleet in memory, for pages and answers without a query.

It is fed at once by the ingest of this process, and twice a second from the store by what other
workers have written.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from parking_fleet.health.devices import DeviceHealth, Standing, device_health, standing_of, why_unknown
from parking_fleet.live.events import CameraChanged, CrossingSeen, DeviceChanged, Event, LiveFeed
from parking_fleet.places.facilities import Facilities, place_id
from parking_fleet.places.tree import facility_view
from parking_fleet.places.views import FacilityView
from parking_fleet.store.batch import CountEntry, CrossingEntry, PresenceEntry, Written
from parking_fleet.store.reader import Part, Reader
from parking_fleet.store.values import CameraState, CrossingRecord, DeviceRecord

OVERLAP_MS = 3_000
"""A transaction of another worker may become visible so much later than its messages came in."""

LONG_EVERY_MS = 5_000
"""So often it is looked who was heard and who fell silent."""

PARTS = 12
"""Each time, one of so many parts of everything is looked through, for what became visible later still."""

NEVER_MS = 2**62

_REPORTED = (
    'uuid', 'camera', 'facility', 'floor', 'seq', 'state', 'cars', 'entered', 'left', 'net',
    'capacity', 'occupied', 'free', 'unknown', 'entered_today', 'left_today',
)  # fmt: skip


def now_ms() -> int:
    """Return the present time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Fleet:
    """Hold the newest state; may be used from any thread.

    Args:
        reader: the store.
        config: facilities.yaml.
        feed: takes the events of what changes.
        clock_ms: gives the present time in Unix milliseconds.
        own_writer: number of the writer whose work `apply` is told of, and need not be read again.
    """

    def __init__(
        self,
        reader: Reader,
        config: Facilities,
        feed: LiveFeed | None = None,
        clock_ms: Callable[[], int] = now_ms,
        own_writer: int | None = None,
    ) -> None:
        self.reader = reader
        self.config = config
        self.feed = feed or LiveFeed()
        self._clock_ms = clock_ms
        self._own_writer = own_writer
        self._lock = threading.RLock()
        self._cameras: dict[tuple[str, str], CameraState] = {}
        # The same by where they are, and by whose they are: nobody looks through ten thousand for one.
        self._in_facility: dict[str, dict[tuple[str, str], CameraState]] = defaultdict(dict)
        self._of_device: dict[str, dict[tuple[str, str], CameraState]] = defaultdict(dict)
        self._devices: dict[str, DeviceRecord] = {}
        self._uuids: dict[str, str] = {}
        self._standings: dict[str, Standing] = {}
        # As they were last made, for the parts that are still the same.
        self._seen: dict[str, FacilityView] = {}
        self._new_bays: set[tuple[str, str]] = set()
        self._looked_ms = self._looked_long_ms = 0
        self._next_part = 0

    def facilities(self) -> list[FacilityView]:
        """Return every facility as it is now, in the order of their titles."""
        views = self._views(sorted(self.facility_names()))
        return sorted(views, key=lambda view: view.title.casefold())

    def facilities_named(self, names: Iterable[str]) -> list[FacilityView]:
        """Return the facilities that the devices call so, as they are now."""
        return self._views(sorted(names))

    def facility(self, facility_id: str) -> FacilityView | None:
        """Return the facility of that id as it is now."""
        name = self.facility_name(facility_id)
        return None if name is None else self._views([name])[0]

    def facility_names(self) -> set[str]:
        """Return how the devices and facilities.yaml call the facilities."""
        told = {each.name for each in self.config.facilities}
        with self._lock:
            return told | {name for name, cameras in self._in_facility.items() if cameras}

    def facility_name(self, facility_id: str) -> str | None:
        """Return how the devices call the facility of that id."""
        return next((name for name in self.facility_names() if place_id(name) == facility_id), None)

    def devices(self) -> list[DeviceHealth]:
        """Return how every device is now, in the order of their uuids."""
        return self.devices_named(self.uuids())

    def uuids(self) -> list[str]:
        """Return the uuids of all devices, in order."""
        with self._lock:
            return sorted(self._devices)

    def devices_named(self, uuids: Iterable[str]) -> list[DeviceHealth]:
        """Return how the devices of these uuids are now; unknown ones are left out."""
        with self._lock:
            found = [
                (self._devices[uuid], list(self._of_device[uuid].values()))
                for uuid in uuids
                if uuid in self._devices
            ]
        moment_ms = self._clock_ms()
        return [self._health(record, cameras, moment_ms) for record, cameras in found]

    def device(self, uuid: str) -> DeviceHealth | None:
        """Return how a device is now."""
        return next(iter(self.devices_named([uuid])), None)

    def thing_of(self, uuid: str) -> str:
        """Return a device's name on the broker; '' when it is not known."""
        with self._lock:
            record = self._devices.get(uuid)
            return record.thing if record is not None else ''

    def uuid_of(self, thing: str) -> str:
        """Return the uuid of a device by its name on the broker; '' when it is not known."""
        with self._lock:
            return self._uuids.get(thing, '')

    def facilities_of(self, uuids: Iterable[str]) -> set[str]:
        """Return the names of the facilities that the cameras of these devices are in."""
        with self._lock:
            return {camera.facility for uuid in uuids for camera in self._of_device.get(uuid, {}).values()}

    def take_new_bays(self) -> list[list[CameraState]]:
        """Return the cameras of each floor where other bays are seen than at the last call."""
        with self._lock:
            floors, self._new_bays = self._new_bays, set()
            return [
                [camera for camera in self._in_facility[facility].values() if camera.floor == floor]
                for facility, floor in sorted(floors)
            ]

    def tell(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in what shadows say of devices, by thing, as `facts.facts_of` names it."""
        events: list[Event] = []
        with self._lock:
            for thing, values in facts.items():
                known = self._devices.get(self._uuids.get(thing, ''))
                if known is not None and (record := replace(known, **values)) != known:
                    self._keep(record)
                    events.append(DeviceChanged(record))
        self.feed.publish(events)

    def apply(self, written: Written) -> None:
        """Take in what the ingest of this process has stored, and tell the listeners."""
        events: list[Event] = []
        with self._lock:
            events += [DeviceChanged(self._devices[uuid]) for uuid in sorted(self._hear(written))]
            events += [CameraChanged(camera) for camera in self._take(_newest(written.counts))]
        events += [CrossingSeen(_crossing(entry)) for entry in written.crossings]
        self.feed.publish(events)

    def refresh(self) -> None:
        """Take in what other workers have stored, and who fell silent; tell the listeners.

        Raises:
            sqlalchemy.exc.DBAPIError: when the store cannot be read now.
        """
        moment_ms = self._clock_ms()
        is_first = self._looked_ms == 0
        is_long = is_first or moment_ms - self._looked_long_ms >= LONG_EVERY_MS
        since_ms = 0 if is_first else self._looked_ms - OVERLAP_MS
        heard_since_ms = 0 if is_first else self._looked_long_ms - OVERLAP_MS if is_long else NEVER_MS
        # What became visible late is read from whomever it is.
        but_by = None if is_first else self._own_writer
        part = Part(self._next_part, PARTS) if is_long and not is_first else None
        cameras = self.reader.newer_cameras(self._cameras, since_ms, but_by=but_by, part=part)
        devices = self.reader.devices(
            heard_since_ms=heard_since_ms, came_since_ms=since_ms, but_by=but_by, part=part
        )
        with self._lock:
            self._looked_ms = moment_ms
            changed = self._replace(devices)
            if is_long:
                self._looked_long_ms = moment_ms
                self._next_part = (self._next_part + 1) % PARTS
                changed |= self._changed_standings(moment_ms)
            events: list[Event] = [DeviceChanged(self._devices[uuid]) for uuid in sorted(changed)]
            events += [CameraChanged(camera) for camera in self._take(cameras)]
        self.feed.publish(events)

    def _views(self, names: Iterable[str]) -> list[FacilityView]:
        moment_ms = self._clock_ms()
        return [self._view(name, moment_ms) for name in names]

    def _view(self, name: str, moment_ms: int) -> FacilityView:
        with self._lock:
            cameras = list(self._in_facility.get(name, {}).values())
            heard = {uuid: self._standing(uuid, moment_ms) for uuid in {each.uuid for each in cameras}}
            before = self._seen.get(name)

        def doubt(camera: CameraState) -> str:
            standing, interval_s = heard[camera.uuid]
            return why_unknown(camera, standing, interval_s, moment_ms)

        silent = frozenset(uuid for uuid, (standing, _) in heard.items() if standing in ('silent', 'offline'))
        view = facility_view(
            name, cameras, self.config, doubt, silent=silent, now_ms=moment_ms, before=before
        )
        with self._lock:
            self._seen[name] = view
        return view

    def _standing(self, uuid: str, moment_ms: int) -> tuple[Standing, float]:
        """Return how a device is heard, and its interval in seconds."""
        record = self._devices.get(uuid)
        if record is None:
            return 'new', self.config.interval_s
        interval_s = self._interval_s(record, self._of_device[uuid].values())
        return standing_of(record, interval_s, moment_ms), interval_s

    def _health(self, record: DeviceRecord, cameras: list[CameraState], moment_ms: int) -> DeviceHealth:
        cameras.sort(key=lambda each: each.camera)
        return device_health(record, cameras, self._interval_s(record, cameras), moment_ms)

    def _interval_s(self, record: DeviceRecord, cameras: Iterable[CameraState]) -> float:
        if record.interval_s:
            return record.interval_s
        if not self.config.facilities:
            return self.config.interval_s
        return max(
            (self.config.interval_of(camera.facility) for camera in cameras), default=self.config.interval_s
        )

    def _take(self, cameras: Iterable[CameraState]) -> list[CameraState]:
        """Keep what is newer than what we have, and return it."""
        newer = []
        for camera in cameras:
            known = self._cameras.get(camera.key)
            if known is None or camera.seq > known.seq:
                if known is not None and known.facility != camera.facility:
                    self._in_facility[known.facility].pop(known.key)
                if _bay_names(known) != _bay_names(camera):
                    self._new_bays |= {(each.facility, each.floor) for each in (known, camera) if each}
                self._cameras[camera.key] = camera
                self._in_facility[camera.facility][camera.key] = camera
                self._of_device[camera.uuid][camera.key] = camera
                newer.append(camera)
        return newer

    def _hear(self, written: Written) -> set[str]:
        """Note when devices were heard; return those that are new or came or went."""
        changed = set()
        entries = chain[CountEntry | CrossingEntry | PresenceEntry](
            written.counts, written.crossings, written.presences
        )
        for entry in entries:
            uuid = entry.report.uuid
            record = self._devices.get(uuid)
            if record is None:
                record = _new_record(entry)
                changed.add(uuid)
            if isinstance(entry, PresenceEntry):
                if record.presence != entry.report.status:
                    changed.add(uuid)
                record = replace(
                    record,
                    thing=entry.thing or record.thing,
                    presence=entry.report.status,
                    presence_ms=entry.received_ms,
                )
            else:
                report = entry.report
                record = replace(
                    record,
                    thing=entry.thing or record.thing,
                    clock_offset_ms=(
                        entry.received_ms - report.observed_ms
                        if isinstance(entry, CountEntry) and entry.is_live
                        else record.clock_offset_ms
                    ),
                    last_ms=max(record.last_ms, entry.received_ms),
                    clock_synced=report.clock_synced,
                    dropped=max(record.dropped, report.dropped),
                )
                if self._standings.get(uuid) in ('silent', 'offline'):
                    changed.add(uuid)
            self._keep(record)
            self._standings[uuid] = standing_of(record, self.config.interval_s, entry.received_ms)
        return changed

    def _replace(self, devices: Iterable[DeviceRecord]) -> set[str]:
        changed = set()
        for record in devices:
            known = self._devices.get(record.uuid)
            if known is None or _told(known) != _told(record):
                changed.add(record.uuid)
            self._keep(record)
        return changed

    def _keep(self, record: DeviceRecord) -> None:
        known = self._devices.get(record.uuid)
        if known is not None and known.thing != record.thing and self._uuids.get(known.thing) == record.uuid:
            del self._uuids[known.thing]
        if record.thing:
            self._uuids.setdefault(record.thing, record.uuid)
        self._devices[record.uuid] = record

    def _changed_standings(self, moment_ms: int) -> set[str]:
        standings = {uuid: self._standing(uuid, moment_ms)[0] for uuid in self._devices}
        changed = {
            uuid for uuid, standing in standings.items() if self._standings.get(uuid, standing) != standing
        }
        self._standings = standings
        return changed


def _told(record: DeviceRecord) -> tuple[object, ...]:
    """Return what of a device is told to the listeners when it changes, beside that it was heard."""
    return (
        record.presence,
        record.model,
        record.certificate_until_ms,
        record.temperature_c,
        record.waiting,
    )


def _bay_names(camera: CameraState | None) -> tuple[str, ...]:
    return tuple(bay.name for bay in camera.bays) if camera is not None else ()


def _newest(counts: Iterable[CountEntry]) -> list[CameraState]:
    newest: dict[tuple[str, str], CountEntry] = {}
    for entry in counts:
        key = entry.report.uuid, entry.report.camera
        if key not in newest or entry.report.seq > newest[key].report.seq:
            newest[key] = entry
    return [_camera(entry) for entry in newest.values()]


def _camera(entry: CountEntry) -> CameraState:
    report = entry.report
    numbers = {name: getattr(report, name) for name in _REPORTED}
    return CameraState.make(
        {**numbers, 'observed_ms': entry.placed_ms, 'received_ms': entry.received_ms},
        zones=report.zones,
        bays=report.bays,
        gates=report.gates,
    )


def _crossing(entry: CrossingEntry) -> CrossingRecord:
    report = entry.report
    return CrossingRecord(
        uuid=report.uuid,
        seq=report.seq,
        camera=report.camera,
        facility=report.facility,
        floor=report.floor,
        observed_ms=entry.placed_ms,
        received_ms=entry.received_ms,
        gate=report.gate,
        direction=report.direction,
        track=report.track,
    )


def _new_record(entry: CountEntry | CrossingEntry | PresenceEntry) -> DeviceRecord:
    return DeviceRecord(
        uuid=entry.report.uuid,
        thing=entry.thing,
        first_ms=entry.received_ms,
        last_ms=0,
        presence='',
        presence_ms=0,
        clock_synced=None,
        clock_offset_ms=None,
        dropped=0,
        interval_s=None,
        model=None,
    )
