"""Draw bars, maps and tables as HTML; every name in them is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from parking_fleet.dashboard import theme
from parking_fleet.dashboard.facility.words import (
    STATE_WORDS,
    bay_words,
    natural_key,
    places_words,
    plural,
)
from parking_fleet.forecast.busiest import HOURS, WEEKDAYS, BusyHours, Cell
from parking_fleet.places.views import BayView, FloorView, Places, ZoneView
from parking_fleet.zones.layout import Layout, Polygon

SYMBOLS = {'FREE': '○', 'OCCUPIED': '●', 'UNKNOWN': '?', 'DISPUTED': '≠'}
"""What goes with each colour; of signs that every font has."""

_MAP_UNITS = 1000

HATCH = (
    '<svg class="fac-sr" aria-hidden="true"><defs>'
    '<pattern id="fac-hatch" width="14" height="14" patternUnits="userSpaceOnUse" '
    f'patternTransform="rotate(45)"><rect width="14" height="14" fill="{theme.UNKNOWN}"/>'
    '<rect width="5" height="14" fill="#666666"/></pattern></defs></svg>'
)
"""The pattern of what is unknown; on a page once, for all of its maps."""


def bar(places: Places) -> str:
    """Return a bar of free, unknown and occupied places; the words stand beside it."""
    if not places.capacity:
        return ''
    parts = ''.join(
        f'<span class="fac-{kind}" style="width:{100 * number / places.capacity:.2f}%"></span>'
        for kind, number in (
            ('occupied', places.occupied),
            ('unknown', places.unknown),
            ('free', places.free),
        )
        if number
    )
    return f'<div class="fac-bar" aria-hidden="true">{parts}</div>'


def tile(kind: str, word: str, number: int, most: int) -> str:
    """Return a number in large type with its word, and its upper bound."""
    bound = f'<div class="fac-bound">up to {most}</div>' if most != number else ''
    return (
        f'<div class="fac-tile fac-edge-{kind}"><div class="fac-number">{number}</div>'
        f'<div><span class="fac-sign" aria-hidden="true">{SYMBOLS[kind.upper()]}</span>{word}</div>'
        f'{bound}</div>'
    )


def floor_bar(floor: FloorView) -> str:
    """Return the bar and the words of a whole floor."""
    words = places_words(floor.places)
    if not floor.places.capacity:
        words = f'{plural(floor.cars, "car")} in the pictures; {words}'
    return f'{bar(floor.places)}<p class="fac-words">{escape(words)}</p>'


def zones_list(zones: Sequence[ZoneView]) -> str:
    """Return each zone with its bar and words."""
    if not zones:
        return ''
    names = [zone.name for zone in zones]
    items = []
    for zone in sorted(zones, key=lambda each: (natural_key(each.name), each.camera)):
        name = zone.name if names.count(zone.name) == 1 else f'{zone.name} (camera {zone.camera})'
        words = places_words(zone.places) if zone.places.capacity else _cars(zone)
        items.append(
            f'<li><span class="fac-name">Zone {escape(name)}</span>'
            f'{bar(zone.places)}<span class="fac-words">{escape(words)}</span></li>'
        )
    return f'<ul class="fac-zones">{"".join(items)}</ul>'


def notes(lines: Iterable[str], sign: str) -> str:
    """Return what a person should look at, a line each."""
    items = ''.join(f'<li><span aria-hidden="true">{sign}</span> {escape(line)}</li>' for line in lines)
    return f'<ul class="fac-notes">{items}</ul>' if items else ''


def bays_grid(bays: Iterable[BayView]) -> str:
    """Return bays as tiles, in the order in which people count."""
    ordered = sorted(bays, key=lambda bay: natural_key(bay.name))
    items = ''.join(f'<li class="fac-bay fac-{kind_of(bay)}">{_bay_label(bay)}</li>' for bay in ordered)
    return f'<ul class="fac-grid">{items}</ul>' if items else ''


def bays_map(layout: Layout, bays: Mapping[str, BayView], picture: str = '') -> str:
    """Return the bays of a camera where they are on its picture.

    Args:
        layout: where they are.
        bays: what is known of each, by name.
        picture: address of the picture; '' for none.
    """
    drawn = [(outline, bays.get(outline.name)) for outline in layout.bays]
    zones = ''.join(f'<polygon class="fac-zone" points="{_points(zone.polygon)}"/>' for zone in layout.zones)
    polygons = ''.join(
        f'<polygon class="fac-shape fac-shape-{kind_of(bay)}" points="{_points(outline.polygon)}"/>'
        for outline, bay in drawn
    )
    labels = ''.join(
        f'<li class="fac-label{_small(outline.polygon)}" style="{_place(outline.polygon)}">'
        f'{_bay_label(bay) if bay else _unseen_label(outline.name)}</li>'
        for outline, bay in drawn
    )
    image = f'<img src="{escape(picture)}" alt="">' if picture else ''
    return (
        f'<div class="fac-map{" fac-on-picture" if picture else ""}" '
        f'style="aspect-ratio:{min(max(layout.aspect, 0.2), 5):.4f}">{image}'
        f'<svg viewBox="0 0 {_MAP_UNITS} {_MAP_UNITS}" preserveAspectRatio="none" aria-hidden="true">'
        f'{zones}{polygons}</svg><ul>{labels}</ul></div>'
    )


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; the first of each row is its heading."""
    head = ''.join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = ''.join(
        f'<tr><th scope="row">{escape(str(row[0]))}</th>'
        f'{"".join(f"<td>{escape(str(each))}</td>" for each in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="fac-scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="fac-table"><caption>{escape(caption)}</caption>'
        f'<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def heat_tables(busy: BusyHours, caption: str) -> str:
    """Return a week by the hour, with a number in each cell: wide for a desk, high for a phone."""
    hours = [f'{hour:02}' for hour in range(HOURS)]
    wide = [[(name, busy.cells[day][hour]) for hour in range(HOURS)] for day, name in enumerate(WEEKDAYS)]
    high = [[(hours[hour], busy.cells[day][hour]) for day in range(len(WEEKDAYS))] for hour in range(HOURS)]
    short = [name[:3] for name in WEEKDAYS]
    return _heat('fac-wide', caption, hours, short, wide) + _heat('fac-high', caption, short, hours, high)


def kind_of(bay: BayView | None) -> str:
    """Return how a bay is coloured."""
    if bay is None:
        return 'unknown'
    return 'disputed' if bay.is_disputed else STATE_WORDS[bay.state]


def _heat(
    size: str,
    caption: str,
    heads: Sequence[str],
    names: Sequence[str],
    rows: Sequence[Sequence[tuple[str, Cell]]],
) -> str:
    head = ''.join(f'<th scope="col">{each}</th>' for each in heads)
    body = ''.join(
        f'<tr><th scope="row">{name}</th>{"".join(_heat_cell(cell) for _, cell in row)}</tr>'
        for name, row in zip(names, rows, strict=True)
    )
    return (
        f'<table class="fac-heat {size}"><caption>{escape(caption)}</caption>'
        f'<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _heat_cell(cell: Cell) -> str:
    if cell.share is None:
        return '<td class="fac-nothing"><span class="fac-sr">nothing known</span></td>'
    share = round(cell.share * 100)
    dark = ' fac-dark' if share >= 55 else ''
    return (
        f'<td class="fac-heat-cell{dark}" style="--share:{share}%" '
        f'title="{plural(cell.days, "day")} seen">{share}</td>'
    )


def _bay_label(bay: BayView) -> str:
    return _label(kind_of(bay), bay.name, bay_words(bay))


def _unseen_label(name: str) -> str:
    return _label('unknown', name, 'unknown')


def _label(kind: str, name: str, words: str) -> str:
    return (
        f'<span class="fac-sign" aria-hidden="true">{SYMBOLS[kind.upper()]}</span>'
        f'<span class="fac-bay-name">{escape(name)}</span><span class="fac-sr">: {escape(words)}</span>'
    )


def _points(polygon: Polygon) -> str:
    return ' '.join(f'{across * _MAP_UNITS:.0f},{down * _MAP_UNITS:.0f}' for across, down in polygon)


def _place(polygon: Polygon) -> str:
    across = sum(corner[0] for corner in polygon) / len(polygon)
    down = sum(corner[1] for corner in polygon) / len(polygon)
    return f'left:{across:.2%};top:{down:.2%}'


def _small(polygon: Polygon) -> str:
    """Return the class of what has no room for a name on a phone."""
    across = [corner[0] for corner in polygon]
    return ' fac-small' if max(across) - min(across) < 0.2 else ''


def _cars(zone: ZoneView) -> str:
    return plural(zone.cars, 'car') if zone.is_known else 'not known now'
