"""Say how a device is in the words of its row in the table of all devices."""

from dataclasses import dataclass

from parking_fleet.dashboard.words import STANDINGS, length_text
from parking_fleet.health.devices import CLOCK_TOLERANCE_MS, DeviceHealth, Standing
from parking_fleet.places.facilities import Facilities
from parking_fleet.store.values import DeviceRecord

_ORDER: dict[Standing, int] = {'offline': 0, 'silent': 1, 'new': 2, 'up': 3}


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """Hold a row; `text` is what is searched."""

    uuid: str
    name: str
    other_name: str
    place: str
    standing: Standing
    standing_text: str
    standing_order: int
    last_ms: int
    model: str
    dropped: int
    clock: str
    problems: tuple[str, ...]
    problems_text: str
    text: str


def row_of(health: DeviceHealth, config: Facilities) -> DeviceRow:
    """Return the row of a device."""
    record = health.record
    name, place = name_of(record), place_of(health, config)
    other_name = record.uuid if name != record.uuid else ''
    problems = tuple(problem for problem in health.problems if health.standing == 'up')
    problems_text = '; '.join(problems)
    return DeviceRow(
        uuid=record.uuid,
        name=name,
        other_name=other_name,
        place=place,
        standing=health.standing,
        standing_text=STANDINGS[health.standing],
        standing_order=_ORDER[health.standing],
        last_ms=record.last_ms,
        model=record.model or '',
        dropped=record.dropped,
        clock=clock_text(record),
        problems=problems,
        problems_text=problems_text,
        text=' '.join(
            (name, record.uuid, place, STANDINGS[health.standing], record.model or '', problems_text)
        ).lower(),
    )


def name_of(record: DeviceRecord) -> str:
    """Return what people call a device: its name on the broker, where it has one."""
    return record.thing or record.uuid


def place_of(health: DeviceHealth, config: Facilities) -> str:
    """Return where the cameras of a device look: 'Riverside, P1 and P2'."""
    floors: dict[str, list[str]] = {}
    for camera in health.cameras:
        known = floors.setdefault(title_of(camera.facility, config), [])
        if camera.floor and camera.floor not in known:
            known.append(camera.floor)
    return '; '.join(', '.join(filter(None, (title, ' and '.join(names)))) for title, names in floors.items())


def title_of(facility: str, config: Facilities) -> str:
    """Return what people call a facility."""
    section = config.section(facility)
    return (section and section.title) or facility


def clock_text(record: DeviceRecord) -> str:
    """Return how a device's clock is."""
    offset_ms = record.clock_offset_ms
    if offset_ms is not None and abs(offset_ms) > CLOCK_TOLERANCE_MS:
        return f'{length_text(abs(offset_ms) / 1000)} {"behind" if offset_ms > 0 else "ahead"}'
    if record.clock_synced is None:
        return 'not told'
    return 'right' if record.clock_synced else 'not kept by a time server'
