"""Show what a facility is like now, live; only what changed is sent to the browser."""

import datetime as dt
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from nicegui import ui

from parking_fleet.dashboard.facility import drawing, words
from parking_fleet.dashboard.facility.parts import details, html, part
from parking_fleet.places.facilities import Facilities
from parking_fleet.places.views import FacilityView, FloorView
from parking_fleet.zones.layout import Layout

PICTURE_ADDRESS = '/api/v1/facility-picture'
PICTURE_EVERY_S = 60

_NO_BAYS = 'No bays are drawn for this floor.'

LEGEND = (
    ('free', 'free'), ('occupied', 'occupied'), ('unknown', 'unknown'),
    ('disputed', 'cameras disagree'),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """Hold where the bays of a camera are, and whether there is a picture of it."""

    layout: Layout
    has_picture: bool


Layouts = dict[tuple[str, str], Seen]
"""What is known of cameras, by uuid and name."""


class NowPart:
    """Draw what is now.

    Args:
        view: the facility.
        config: facilities.yaml.
    """

    def __init__(self, view: FacilityView, config: Facilities) -> None:
        self._config = config
        self._zone = ZoneInfo(view.time_zone)
        self._layouts: Layouts = {}
        with part('now', 'Now'):
            self._said = html(tag='p').classes('fac-sr').props('role=status aria-live=polite')
            self._tiles = html().classes('fac-tiles')
            self._bar = html()
            self._sentences = html().classes('fac-state')
        with part('floors', 'Floors and zones'):
            self._floors = ui.element('div')
        with part('map', 'Bays'):
            html(drawing.HATCH + _legend())
            self._map = ui.element('div')
        self._names: list[str] = []
        self._of_floor: dict[str, _Floor] = {}
        self._bays_of: dict[str, _Bays] = {}
        self.draw(view)

    def use(self, layouts: Layouts) -> None:
        """Draw bays where they are, from the next time on."""
        self._layouts = layouts

    def draw(self, view: FacilityView) -> None:
        """Show what is now."""
        self._tiles.content = _tiles(view)
        self._bar.content = drawing.bar(view.places)
        self._said.content = escape(f'{view.title}: {words.places_words(view.places)}.')
        self._sentences.content = self._told(view)
        names = [floor.name for floor in view.floors]
        if names != self._names:
            self._begin(view)
        for floor in view.floors:
            self._of_floor[floor.name].draw(floor, self._zone)
            self._bays_of[floor.name].draw(floor, self._layouts)

    def _told(self, view: FacilityView) -> str:
        moment = dt.datetime.now(self._zone)
        lines = [
            words.opening_words(self._config.section(view.name), moment),
            words.basis_words(view),
            words.devices_words(view),
        ]
        if view.disputed:
            lines.append(
                f'Cameras disagree about {words.plural(view.disputed, "bay")}: see the floors below.'
            )
        if view.newest_ms:
            newest = dt.datetime.fromtimestamp(view.newest_ms / 1000, self._zone)
            day = '' if newest.date() == moment.date() else f'{newest.day} {newest:%b}, '
            lines.append(f'Newest count at {day}{newest:%H:%M:%S} ({view.time_zone}).')
        return ''.join(f'<p>{escape(line)}{"" if line.endswith(".") else "."}</p>' for line in lines)

    def _begin(self, view: FacilityView) -> None:
        """Make room for other floors than before."""
        self._names = [floor.name for floor in view.floors]
        self._floors.clear()
        self._map.clear()
        with self._floors:
            if not view.floors:
                html('No camera has reported from here yet.', 'p')
            self._of_floor = {floor.name: _Floor(floor) for floor in view.floors}
        with self._map:
            self._bays_of = {floor.name: _Bays(floor) for floor in view.floors}


class _Floor:
    """Draw the bars of one floor, and what a person should look at there."""

    def __init__(self, floor: FloorView) -> None:
        html(escape(floor_title(floor)), 'h3')
        self._bar = html()
        self._zones = html()
        self._disputes = html()
        self._doubts = html()

    def draw(self, floor: FloorView, zone: ZoneInfo) -> None:
        self._bar.content = drawing.floor_bar(floor)
        self._zones.content = drawing.zones_list(floor.zones)
        self._disputes.content = drawing.notes(words.disputes(floor, zone), drawing.SYMBOLS['DISPUTED'])
        self._doubts.content = _doubts(floor)


class _Bays:
    """Draw the bays of one floor: on pictures where it is known where they are, else in a grid."""

    def __init__(self, floor: FloorView) -> None:
        html(escape(floor_title(floor)), 'h3')
        self._maps = html()
        self._rest = html()
        with details('All bays of this floor by name') as self._all:
            self._grid = html()

    def draw(self, floor: FloorView, layouts: Layouts) -> None:
        by_name = {bay.name: bay for bay in floor.bays}
        maps, placed = [], set[str]()
        for camera in floor.cameras:
            seen = layouts.get(camera.state.key)
            if seen is None:
                continue
            placed |= {outline.name for outline in seen.layout.bays}
            picture = _picture_address(*camera.state.key) if seen.has_picture else ''
            name = escape(words.camera_name(camera))
            maps.append(f'<h4>Camera {name}</h4>{drawing.bays_map(seen.layout, by_name, picture)}')
        rest = drawing.bays_grid(bay for bay in floor.bays if bay.name not in placed)
        if maps and rest:
            rest = f'<h4>Bays that no camera above shows</h4>{rest}'
        self._maps.content = ''.join(maps)
        self._rest.content = rest or ('' if maps else f'<p class="fac-words">{_NO_BAYS}</p>')
        # On a phone a map has no room for names.
        self._grid.content = drawing.bays_grid(floor.bays) if maps else ''
        self._all.set_visibility(bool(maps))


def floor_title(floor: FloorView) -> str:
    """Return what to call a floor."""
    return floor.title or 'Floor without a name'


def _tiles(view: FacilityView) -> str:
    places = view.places
    tiles = []
    if places.capacity:
        tiles = [
            drawing.tile('free', 'free', places.free, places.free_most),
            drawing.tile('occupied', 'occupied', places.occupied, places.occupied_most),
        ]
        if places.unknown:
            tiles.append(drawing.tile('unknown', 'unknown', places.unknown, places.unknown))
    else:
        tiles.append(_plain_tile(view.cars, 'cars in the pictures'))
    if view.inside is not None:
        tiles += [
            _plain_tile(view.entered_today, '▲ in today'),
            _plain_tile(view.left_today, '▼ out today'),
            _plain_tile(view.inside, 'inside, by the gates'),
        ]
    return ''.join(tiles)


def _plain_tile(number: int, word: str) -> str:
    return (
        f'<div class="fac-tile fac-edge-plain"><div class="fac-number">{number}</div><div>{word}</div></div>'
    )


def _doubts(floor: FloorView) -> str:
    items = ''.join(
        f'<li>{escape(line)} <a href="/device/{quote(uuid, safe="")}">Look at the device</a></li>'
        for line, uuid in words.doubts(floor)
    )
    return f'<ul class="fac-notes">{items}</ul>' if items else ''


def _legend() -> str:
    items = ''.join(
        f'<li><span class="fac-bay fac-{kind}" aria-hidden="true"><span class="fac-sign">'
        f'{drawing.SYMBOLS[kind.upper()]}</span></span>{word}</li>'
        for kind, word in LEGEND
    )
    return f'<ul class="fac-legend" aria-label="What the signs mean">{items}</ul>'


def _picture_address(uuid: str, camera: str) -> str:
    # A new address a minute, or the browser would keep the first picture.
    minute = int(dt.datetime.now(dt.UTC).timestamp()) // PICTURE_EVERY_S
    return f'{PICTURE_ADDRESS}?{urlencode({"uuid": uuid, "camera": camera, "at": minute})}'
