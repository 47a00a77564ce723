"""Tell in plain words what a facility is like now, and what that rests on."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from parking_fleet.forecast.busiest import WEEKDAYS
from parking_fleet.places.facilities import FacilitySection
from parking_fleet.places.views import BayView, CameraView, FacilityView, FloorView, Places

STATE_WORDS = {'FREE': 'free', 'OCCUPIED': 'occupied', 'UNKNOWN': 'unknown'}
_DAY_MINUTES = 1440


def plural(number: int, one: str, many: str = '') -> str:
    """Return a number with its noun: '1 bay', '2 bays'."""
    return f'{number} {one if number == 1 else many or one + "s"}'


def places_words(places: Places) -> str:
    """Return what is known of places: '12 free, up to 15; 40 occupied, up to 43; 3 unknown'."""
    if not places.capacity:
        return 'no places are known'
    parts = [
        _bounded(places.free, places.free_most, 'free'),
        _bounded(places.occupied, places.occupied_most, 'occupied'),
    ]
    if places.unknown:
        parts.append(f'{places.unknown} unknown')
    return f'{"; ".join(parts) if places.unknown else ", ".join(parts)}, of {places.capacity}'


def basis_words(view: FacilityView) -> str:
    """Return what the numbers of a facility rest on."""
    cameras = [camera for floor in view.floors for camera in floor.cameras]
    seen = sum(camera.is_known for camera in cameras)
    match view.basis:
        case 'places':
            said = f'Cameras look at each place: {seen} of {len(cameras)} can say now.'
        case 'gates':
            said = (
                'Reckoned from the cars that came in and went out through the gates; '
                'no camera looks at the places.'
            )
        case 'cars':
            said = (
                f'Reckoned from the capacity and the cars in pictures: {seen} of {len(cameras)} cameras see.'
            )
        case _ if view.places.capacity:
            return 'Nothing is counted here yet; how many places there are is from facilities.yaml.'
        case _:
            return (
                'How many places there are is not known yet: draw bays or zones for a camera, '
                'or give the capacity in facilities.yaml.'
            )
    if view.places.unknown:
        may = 'it may' if view.places.unknown == 1 else 'each may'
        said += f' {plural(view.places.unknown, "place")} cannot be seen: {may} be free or occupied.'
    return said


def devices_words(view: FacilityView) -> str:
    """Return how many devices are heard."""
    if not view.devices:
        return 'No device has reported from here yet.'
    if view.devices_up == view.devices:
        return 'Its device is heard.' if view.devices == 1 else f'All {view.devices} devices are heard.'
    silent = view.devices - view.devices_up
    which = 'Its device' if view.devices == 1 else f'{silent} of {view.devices} devices'
    return f'{which} cannot be heard: see to power and network there.'


def opening_words(section: FacilitySection | None, moment: dt.datetime) -> str:
    """Return whether it is open then, and until when.

    Args:
        section: of the facility in facilities.yaml.
        moment: where the car park is.
    """
    week = section.week if section else None
    if section is None or week is None:
        return 'Open at all hours'
    minute = moment.hour * 60 + moment.minute
    weekday = moment.weekday()
    changes: dict[int, bool] = {}
    for back in range(-1, 9):
        hours = week[(weekday + back) % 7]
        if hours is not None:
            begin, end = (back * _DAY_MINUTES + each for each in hours)
            if changes.get(begin) is False:
                # It goes on without a break.
                del changes[begin]
            else:
                changes[begin] = True
            changes[end] = False
    is_open = section.is_open(moment)
    then = min((at for at, opens in changes.items() if at > minute and opens is not is_open), default=None)
    if then is None:
        return 'Open at all hours' if is_open else 'Closed'
    if is_open and then - minute > 7 * _DAY_MINUTES:
        return 'Open at all hours'
    return f'Open until {_when(then, weekday)}' if is_open else f'Closed until {_when(then, weekday)}'


def camera_name(camera: CameraView) -> str:
    """Return how to call a camera."""
    return camera.state.camera or f'of device {camera.state.uuid}'


def doubts(floor: FloorView) -> list[tuple[str, str]]:
    """Return what does not hold on a floor, each with the uuid of the device to look at."""
    return [
        (f'Camera {camera_name(camera)}: {camera.why_unknown}.', camera.state.uuid)
        for camera in floor.cameras
        if not camera.is_known
    ]


def disputes(floor: FloorView, zone: ZoneInfo) -> list[str]:
    """Return each bay of which cameras say different things, with what each says."""
    told = []
    for bay in floor.bays:
        if bay.is_disputed:
            said = '; '.join(
                f'camera {each.camera} says {STATE_WORDS[each.state]} ({each.confidence:.0%} sure, '
                f'at {dt.datetime.fromtimestamp(each.observed_ms / 1000, zone):%H:%M:%S})'
                for each in bay.evidence
            )
            told.append(f'Bay {bay.name}: {said}. It is counted as {STATE_WORDS[bay.state]}.')
    return told


def bay_words(bay: BayView) -> str:
    """Return what is known of a bay."""
    if bay.is_disputed:
        return f'{STATE_WORDS[bay.state]}, but cameras disagree'
    if bay.state == 'UNKNOWN' and bay.last != 'UNKNOWN':
        return f'unknown, last {STATE_WORDS[bay.last]}'
    return STATE_WORDS[bay.state]


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts names as people count."""
    parts = re.findall(r'[0-9]+|[^0-9]+', name)
    return tuple((0, int(part), '') if part.isdecimal() else (1, 0, part.casefold()) for part in parts)


def _bounded(least: int, most: int, word: str) -> str:
    return f'{least} {word}' if least == most else f'{least} {word}, up to {most}'


def _when(minute: int, weekday: int) -> str:
    days, of_day = divmod(minute, _DAY_MINUTES)
    clock = f'{of_day // 60:02}:{of_day % 60:02}'
    if not of_day and days == 1:
        return 'midnight'
    match days:
        case 0:
            return clock
        case 1:
            return f'{clock} tomorrow'
        case _:
            return f'{WEEKDAYS[(weekday + days) % 7]} {clock}'
