"""Say what is known of a device and of each of its cameras."""

from zoneinfo import ZoneInfo

from parking_fleet.dashboard.rows import clock_text, place_of
from parking_fleet.dashboard.words import (
    STANDINGS,
    age_text,
    bounds_text,
    how_many,
    length_text,
    moment_text,
    number_text,
)
from parking_fleet.health.devices import DeviceHealth, certificate_days, date_text
from parking_fleet.places.facilities import Facilities
from parking_fleet.places.views import Places
from parking_fleet.store.values import CameraState, DeviceRecord


def camera_text(camera: CameraState, *, is_known: bool) -> str:
    """Return what a camera counts, in words; what it said last, where that does not hold now."""
    told = [how_many(camera.cars, 'car', 'cars')]
    if camera.capacity:
        told += _places(Places(camera.free, camera.occupied, camera.unknown))
    if camera.gates:
        told.append(f'today {number_text(camera.entered_today)} in, {number_text(camera.left_today)} out')
    text = '; '.join(told)
    return text if is_known else f'Last told: {text}'


def facts_of(health: DeviceHealth, config: Facilities, zone: ZoneInfo, now_ms: int) -> list[tuple[str, str]]:
    """Return what is known of a device, each with its name."""
    record = health.record
    last = 'never'
    if record.last_ms:
        age = age_text((now_ms - record.last_ms) / 1000)
        last = f'{age}, at {moment_text(record.last_ms, zone, now_ms)}'
    facts = [
        ('Standing', STANDINGS[health.standing]),
        ('Last message', last),
        ('Reports at least', f'every {length_text(health.interval_s)}'),
        ('Place', place_of(health, config) or 'not told'),
        ('Clock', clock_text(record)),
        ('Given up', how_many(record.dropped, 'message', 'messages')),
        ('Waiting to be sent', waiting_text(record)),
        ('Model', record.model or 'not told'),
        ('Certificate', certificate_text(record, now_ms)),
        ('Temperature', temperature_text(record)),
        ('Known since', moment_text(record.first_ms, zone, now_ms)),
        ('Name on the broker', record.thing or 'not told'),
        ('UUID', record.uuid),
        ('Times are of', zone.key),
    ]
    if record.presence:
        since = moment_text(record.presence_ms, zone, now_ms)
        facts.insert(1, ('Connection', f'{record.presence} since {since}'))
    return facts


def certificate_text(record: DeviceRecord, now_ms: int) -> str:
    """Return until when a device's certificate holds."""
    days = certificate_days(record, now_ms)
    if days is None or record.certificate_until_ms is None:
        return 'not told'
    date = date_text(record.certificate_until_ms)
    return f'ended on {date}' if days < 0 else f'until {date}, {how_many(int(days), "day", "days")} more'


def temperature_text(record: DeviceRecord) -> str:
    """Return how hot a device said that it is; it tells steps of 5 °C."""
    return 'not told' if record.temperature_c is None else f'about {record.temperature_c} °C'


def waiting_text(record: DeviceRecord) -> str:
    """Return how many messages a device said that it has in its outbox; it tells the first digit."""
    if record.waiting is None:
        return 'not told'
    return f'about {number_text(record.waiting)} messages' if record.waiting else 'fewer than 10 messages'


def _places(places: Places) -> list[str]:
    all_of_them = how_many(places.capacity, 'place', 'places')
    if not places.free and not places.occupied:
        return [f'of its {all_of_them} nothing is known']
    bounds = bounds_text(places).lower()
    return [f'{number_text(places.free)} of {all_of_them} free', *([bounds] if bounds else [])]
