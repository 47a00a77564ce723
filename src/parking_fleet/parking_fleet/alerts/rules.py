"""Look at a picture of the fleet, one kind of rule a function; pure.

Each returns readings: one for each facility, device or camera that the rule is about. A reading has the
least and the most that its value may be, for places that nobody sees may be free or taken.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from parking_fleet.alerts.picture import Picture
from parking_fleet.alerts.settings import Kind
from parking_fleet.alerts.values import Said
from parking_fleet.health.devices import DeviceHealth, certificate_days, rotate_command
from parking_fleet.places.views import FacilityView
from parking_fleet.store.values import CameraState

# For rules that hold outside of opening hours too.
_ALWAYS: Mapping[str, bool] = MappingProxyType({})
_OUT_OF_SIGHT = {
    'MOVED': (
        'looks elsewhere: it was moved or turned',
        'turn it back, or draw its zones anew',
    ),
    'COVERED': ('sees nothing: it is covered or dark', 'look for what hangs or stands before it'),
    'FROZEN': (
        'shows the same picture again and again',
        'unplug the camera, and plug it in again',
    ),
    'STALE': ('delivers no fresh pictures', 'check its cable and power, then restart the device'),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Hold what a rule reads of one subject.

    Attributes:
        subject: tells it from the others, over restarts too.
        facility: as the devices call it; '' where it belongs to none.
        least, most: bounds of the value; both None: nothing can be said now.
        is_open: whether the facility is open.
        say: puts it into words.
    """

    subject: str
    facility: str = ''
    least: float | None
    most: float | None
    is_open: bool = True
    say: Callable[[], Said]


def readings(kind: Kind, picture: Picture) -> Iterator[Reading]:
    """Return what rules of that kind read from the picture."""
    return _READERS[kind](picture)


def _full(picture: Picture) -> Iterator[Reading]:
    for view in picture.facilities:
        if view.places.capacity:
            yield _of_facility(view, view.places.free, view.places.free_most, partial(_full_words, view))


def _nearly_full(picture: Picture) -> Iterator[Reading]:
    for view in picture.facilities:
        places = view.places
        if places.capacity:
            yield _of_facility(
                view,
                100 * places.occupied / places.capacity,
                100 * places.occupied_most / places.capacity,
                partial(_nearly_full_words, view),
            )


def _gates_differ(picture: Picture) -> Iterator[Reading]:
    for view in picture.facilities:
        if view.inside is None or view.basis != 'places':
            continue
        inside, places = view.inside, view.places
        least = max(places.occupied - inside, inside - places.occupied_most, 0)
        most = max(abs(inside - places.occupied), abs(inside - places.occupied_most))
        yield _of_facility(view, least, most, partial(_gates_words, view))


def _device_silent(picture: Picture) -> Iterator[Reading]:
    titles, is_open = _titles(picture), _open_hours(picture)
    for device in picture.devices:
        value = float(device.standing in ('silent', 'offline')) if picture.hears else None
        yield _of_device(device, value, partial(_silent_words, device, titles), is_open)


def _camera(picture: Picture) -> Iterator[Reading]:
    titles, is_open = _titles(picture), _open_hours(picture)
    for device in picture.devices:
        for camera in device.cameras:
            is_known = device.standing == 'up' and camera.state != 'UNKNOWN'
            value = float(camera.state != 'OK') if is_known else None
            yield Reading(
                subject=f'{camera.uuid}/{camera.camera}',
                facility=camera.facility,
                least=value,
                most=value,
                is_open=is_open.get(camera.facility, True),
                say=partial(_camera_words, camera, titles),
            )


def _outbox_drops(picture: Picture) -> Iterator[Reading]:
    titles = _titles(picture)
    for device in picture.devices:
        number = picture.dropped.get(device.record.uuid, 0)
        yield _of_device(device, number, partial(_drops_words, device, number, titles))


def _invalid_messages(picture: Picture) -> Iterator[Reading]:
    number = picture.invalid
    yield Reading(
        subject='messages',
        least=number,
        most=number,
        say=lambda: Said(
            place='This service',
            text=f'{_many(number, "message")} in the last hour could not be read. '
            f'The newest: {picture.invalid_reason[:160] or "no reason is known"}',
            advice='look at /api/v1/quarantine for who sent it, and update or stop that sender',
            link='/alerts',
        ),
    )


def _certificate_expires(picture: Picture) -> Iterator[Reading]:
    """Read the service's own certificate, and those of the devices that told of theirs."""
    own_days = picture.certificate_days
    if own_days is not None:
        yield Reading(
            subject='broker certificate',
            least=own_days,
            most=own_days,
            say=partial(_own_certificate_words, own_days),
        )
    titles, is_open = _titles(picture), _open_hours(picture)
    for device in picture.devices:
        days = certificate_days(device.record, picture.now_ms)
        if days is not None:
            yield _of_device(device, days, partial(_certificate_words, device, days, titles), is_open)


_READERS: dict[Kind, Callable[[Picture], Iterator[Reading]]] = {
    'full': _full,
    'nearly_full': _nearly_full,
    'gates_differ': _gates_differ,
    'device_silent': _device_silent,
    'camera': _camera,
    'outbox_drops': _outbox_drops,
    'invalid_messages': _invalid_messages,
    'certificate_expires': _certificate_expires,
}


def _of_facility(view: FacilityView, least: float, most: float, say: Callable[[], Said]) -> Reading:
    return Reading(
        subject=view.name, facility=view.name, least=least, most=most, is_open=view.is_open, say=say
    )


def _of_device(
    device: DeviceHealth, value: float | None, say: Callable[[], Said], is_open: Mapping[str, bool] = _ALWAYS
) -> Reading:
    """Read one value of a device, which belongs to the facility of its first camera."""
    facility = device.cameras[0].facility if device.cameras else ''
    return Reading(
        subject=device.record.uuid,
        facility=facility,
        least=value,
        most=value,
        is_open=is_open.get(facility, True),
        say=say,
    )


def _open_hours(picture: Picture) -> dict[str, bool]:
    """Return by name whether a facility is open."""
    return {view.name: view.is_open for view in picture.facilities}


def _full_words(view: FacilityView) -> Said:
    return _said_of(view, f'is full: {_free(view)}', 'send cars elsewhere, and show "full" at the entrance')


def _nearly_full_words(view: FacilityView) -> Said:
    return _said_of(view, f'is nearly full: {_free(view)}', 'open the overflow floor, or send cars elsewhere')


def _gates_words(view: FacilityView) -> Said:
    places = view.places
    taken = _range(places.occupied, places.occupied_most)
    return _said_of(
        view,
        f'counts differ: {_many(view.inside or 0, "car")} inside by its gates, {taken} places taken by its '
        'cameras',
        'look how many cars are there, and set the number inside on the device; check the gate lines',
    )


def _said_of(view: FacilityView, what: str, advice: str) -> Said:
    title = view.title or 'Unnamed place'
    return Said(place=title, text=f'{title} {what}', advice=advice, link=f'/facility/{view.id}')


def _silent_words(device: DeviceHealth, titles: dict[str, str]) -> Said:
    place = _place_of(device.cameras, titles)
    name = device.record.thing or device.record.uuid
    if device.standing == 'offline':
        what = 'is offline: the broker lost it, or it was switched off'
    else:
        what = f'is silent: nothing came for {_long(device.silent_s or 0)}'
    return Said(
        place=place,
        text=f'Device {name} ({place}) {what}',
        advice='check its power and network; the places it watches count as unknown until it is back',
        link=f'/device/{device.record.uuid}',
    )


def _camera_words(camera: CameraState, titles: dict[str, str]) -> Said:
    place = _place_of((camera,), titles)
    what, advice = _OUT_OF_SIGHT.get(camera.state, ('sees again', 'nothing needs to be done'))
    return Said(
        place=place,
        text=f'Camera {camera.camera or "without a name"} ({place}) {what}',
        advice=f'{advice}; its places count as unknown until then' if camera.state != 'OK' else advice,
        link=f'/device/{camera.uuid}',
    )


def _drops_words(device: DeviceHealth, number: int, titles: dict[str, str]) -> Said:
    place = _place_of(device.cameras, titles)
    return Said(
        place=place,
        text=f'Device {device.record.thing or device.record.uuid} ({place}) gave up '
        f'{_many(number, "message")} in the last hour: its outbox was full',
        advice='check its network; what it gave up is missing from the history for good',
        link=f'/device/{device.record.uuid}',
    )


def _own_certificate_words(days: float) -> Said:
    return Said(
        place='This service',
        text=f'The certificate with which this service connects to the broker {_expires(days)}',
        advice='put a new one in place (broker: certificate and private_key), and restart the service',
        link='/alerts',
    )


def _certificate_words(device: DeviceHealth, days: float, titles: dict[str, str]) -> Said:
    place = _place_of(device.cameras, titles)
    return Said(
        place=place,
        text=f'The certificate of device {device.record.thing or device.record.uuid} ({place}) '
        f'{_expires(days)}',
        advice=f'rotate it with `{rotate_command(device.record)}`; without one the broker refuses the device',
        link=f'/device/{device.record.uuid}',
    )


def _expires(days: float) -> str:
    return f'expires in {_many(int(days), "day")}' if days >= 0 else 'has expired'


def _titles(picture: Picture) -> dict[str, str]:
    return {view.name: view.title for view in picture.facilities}


def _place_of(cameras: tuple[CameraState, ...], titles: dict[str, str]) -> str:
    if not cameras or not cameras[0].facility:
        return 'place unknown'
    first = cameras[0]
    floors = sorted({camera.floor for camera in cameras if camera.floor})
    return ', '.join([titles.get(first.facility, first.facility), *floors[:3]])


def _free(view: FacilityView) -> str:
    places = view.places
    up_to = f', up to {places.free_most}' if places.unknown else ''
    return f'{places.free}{up_to} of {places.capacity} free'


def _range(least: int, most: int) -> str:
    return f'{least}' if least == most else f'{least} to {most}'


def _many(number: int, one: str) -> str:
    return f'{number:,} {one}{"" if number == 1 else "s"}'


def _long(seconds: float) -> str:
    if seconds < 120:
        return f'{seconds:.0f} s'
    if seconds < 7_200:
        return f'{seconds / 60:.0f} min'
    return f'{seconds / 3600:.0f} h' if seconds < 172_800 else f'{seconds / 86_400:.0f} days'
