"""Draw what is known of a camera onto its pictures, for people to look at.

Bays are told apart without colour too: taken ones are filled, free ones are outlined, unknown
ones are dashed and bear a question mark. The colours are those of M. Okabe and K. Ito, Color
Universal Design (2008), which people with colour blindness can tell apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.count_text import details, headline
from parking_monitor.values import (
    BayCount,
    BayState,
    Count,
    CountState,
    Detection,
    GateCount,
    Image,
    ZoneCount,
)

Colour = tuple[int, int, int]
"""Blue, green, red: 0 to 255."""
_Points = NDArray[np.int32]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BOX = (80, 220, 60)
_ZONE = (233, 180, 86)  # sky blue
_GATE = (66, 228, 240)  # yellow
_TEXT = (255, 255, 255)
_BAYS: dict[BayState, Colour] = {
    BayState.FREE: (160, 200, 0),  # bluish green
    BayState.OCCUPIED: (0, 110, 240),  # vermilion
    BayState.UNKNOWN: (190, 190, 190),
}
_STATES: dict[CountState, Colour] = {
    CountState.OK: (60, 140, 40),
    CountState.UNKNOWN: (110, 110, 110),
    CountState.STALE: (40, 60, 200),
    CountState.FROZEN: (40, 60, 200),
    CountState.COVERED: (40, 60, 200),
    CountState.MOVED: (40, 60, 200),
}
_FILLED_SHARE = 0.35
_DASH_PX = 6.0
_GRID_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Outline:
    """Hold a zone or a bay to draw: its name and its polygon in fractions of the image, 0 to 1."""

    name: str
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class GateLine:
    """Hold a gate to draw: its name, its line, and a point inside, in fractions of the image, 0 to 1."""

    name: str
    line: tuple[tuple[float, float], tuple[float, float]]
    inside: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Places:
    """Hold where is counted in a picture."""

    zones: Sequence[Outline] = ()
    bays: Sequence[Outline] = ()
    gates: Sequence[GateLine] = ()


def annotate(
    image: Image, detections: Sequence[Detection], places: Places, count: Count | None, title: str
) -> Image:
    """Return a copy of a picture with what is known of it drawn on top.

    Args:
        image: (height, width, 3) uint8 BGR.
        detections: their boxes in pixels of the image.
        places: zones, bays and gates.
        count: the claim; None when there is none yet.
        title: the name of the camera.
    """
    scale = max(0.4, image.shape[1] / 1200)
    drawn = image.copy()
    zones = {zone.name: zone for zone in count.zones} if count else {}
    for outline in places.zones:
        _draw_zone(drawn, outline, zones.get(outline.name), scale)
    _draw_bays(drawn, places.bays, count, scale)
    for detection in detections:
        _draw_detection(drawn, detection, scale)
    gates = {gate.name: gate for gate in count.gates} if count else {}
    for gate in places.gates:
        _draw_gate(drawn, gate, gates.get(gate.name), scale)
    _draw_banner(drawn, count, title, scale * 1.5)
    return drawn


def lay_out(image: Image, places: Places, *, grid: bool = False) -> Image:
    """Return a copy of a picture with the outlines of places on it, as somebody who draws them wants to see.

    Args:
        image: (height, width, 3) uint8 BGR.
        places: zones, bays and gates.
        grid: draw a line every tenth of the width and the height too, with its number.
    """
    scale = max(0.4, image.shape[1] / 1200)
    drawn = image.copy()
    if grid:
        _draw_grid(drawn, scale)
    for zone in places.zones:
        _draw_zone(drawn, zone, None, scale)
    for bay in places.bays:
        _draw_bay(drawn, bay, BayCount(name=bay.name, state=BayState.FREE), scale)
    for gate in places.gates:
        _draw_gate(drawn, gate, None, scale)
    return drawn


def _draw_grid(image: Image, scale: float) -> None:
    height, width = image.shape[:2]
    lined = image.copy()
    for tenth in range(1, 10):
        x, y = round(tenth / 10 * width), round(tenth / 10 * height)
        for start, end in (((x, 0), (x, height)), ((0, y), (width, y))):
            cv2.line(lined, start, end, _TEXT, 1)
    cv2.addWeighted(lined, _GRID_SHARE, image, 1 - _GRID_SHARE, 0, dst=image)
    for tenth in range(1, 10):
        text = f'{tenth / 10:g}'
        _draw_text(image, text, (round(tenth / 10 * width) + 3, int(30 * scale)), scale, _TEXT)
        _draw_text(image, text, (3, round(tenth / 10 * height) - 3), scale, _TEXT)


def _draw_bays(image: Image, outlines: Sequence[Outline], count: Count | None, scale: float) -> None:
    known = {bay.name: bay for bay in count.bays} if count else {}
    bays = [(outline, known.get(outline.name, BayCount(name=outline.name))) for outline in outlines]
    # Neighbours share an edge, which is to show that one of them is taken.
    bays.sort(key=lambda item: item[1].state is BayState.OCCUPIED)
    filled = image.copy()
    for outline, bay in bays:
        if bay.state is BayState.OCCUPIED:
            cv2.fillPoly(filled, [_corners(outline.polygon, image)], _BAYS[bay.state])
    if bays:
        cv2.addWeighted(filled, _FILLED_SHARE, image, 1 - _FILLED_SHARE, 0, dst=image)
    for outline, bay in bays:
        _draw_bay(image, outline, bay, scale)


def _draw_bay(image: Image, outline: Outline, bay: BayCount, scale: float) -> None:
    corners = _corners(outline.polygon, image)
    colour = _BAYS[bay.state]
    if bay.state is BayState.UNKNOWN:
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            _draw_dashes(image, start, end, colour)
    else:
        cv2.polylines(image, [corners], isClosed=True, color=colour, thickness=2, lineType=cv2.LINE_AA)
    text = outline.name + ('?' if bay.state is BayState.UNKNOWN else '')
    (width, height), _ = cv2.getTextSize(text, _FONT, scale * 0.8, 1)
    if width <= np.ptp(corners[:, 0]) and height <= np.ptp(corners[:, 1]):
        x, y = corners.mean(axis=0)
        _draw_text(image, text, (int(x - width / 2), int(y + height / 2)), scale * 0.8, colour)


def _draw_dashes(image: Image, start: _Points, end: _Points, colour: Colour) -> None:
    dashes = max(1, round(float(np.linalg.norm(end - start)) / _DASH_PX / 2))
    points = np.rint(np.linspace(start, end, 2 * dashes)).astype(np.int32)
    cv2.polylines(image, list(points.reshape(dashes, 2, 2)), isClosed=False, color=colour, thickness=1)


def _draw_zone(image: Image, outline: Outline, zone: ZoneCount | None, scale: float) -> None:
    corners = _corners(outline.polygon, image)
    cv2.polylines(image, [corners], isClosed=True, color=_ZONE, thickness=2, lineType=cv2.LINE_AA)
    x, y = corners[np.argmin(corners.sum(axis=1))]
    text = outline.name
    if zone and zone.places.capacity:
        text += f' {zone.places.occupied}/{zone.places.capacity}'
    elif zone:
        text += f' {zone.cars}'
    _draw_text(image, text, (int(x) + 4, int(y) + int(22 * scale)), scale, _ZONE)


def _draw_gate(image: Image, gate: GateLine, totals: GateCount | None, scale: float) -> None:
    """Draw a gate's line, and an arrow at right angles to it that shows where inside is."""
    start, end = _corners(gate.line, image)
    inside = _corners([gate.inside], image)[0]
    cv2.line(image, _pixel(start), _pixel(end), _GATE, 2, cv2.LINE_AA)
    along = (end - start).astype(float)
    length = float(np.hypot(*along)) or 1.0
    across = np.array([-along[1], along[0]]) / length
    if across @ (inside - start) < 0:
        across = -across
    middle = (start + end) / 2
    tip = middle + across * min(max(0.2 * length, 12 * scale), 50 * scale)
    cv2.arrowedLine(image, _pixel(middle), _pixel(tip), _GATE, 2, cv2.LINE_AA, tipLength=0.4)
    text = gate.name + (f' {totals.entered} in, {totals.left} out' if totals else '')
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, 1)
    # Beside the line on the outer side, and within the picture.
    x, y = middle - across * (height + 6) - np.array([width / 2, -height / 2])
    edge_x, edge_y = image.shape[1] - width - 4, image.shape[0] - 4
    _draw_text(
        image, text, (int(np.clip(x, 4, max(4, edge_x))), int(np.clip(y, height, edge_y))), scale, _GATE
    )


def _draw_detection(image: Image, detection: Detection, scale: float) -> None:
    box = detection.box
    top_left = (round(box.x), round(box.y))
    cv2.rectangle(image, top_left, (round(box.right), round(box.bottom)), _BOX, 2, cv2.LINE_AA)
    # As much as has room above the box, so that cars side by side leave one another's readable.
    for text in (f'{detection.label} {detection.confidence:.2f}', f'{detection.confidence:.2f}'):
        (width, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
        if width <= box.width + 8:
            origin = (top_left[0], max(top_left[1] - 4, int(14 * scale)))
            _draw_text(image, text, origin, scale, _BOX)
            return


def _draw_banner(image: Image, count: Count | None, title: str, scale: float) -> None:
    state = count.state if count else CountState.UNKNOWN
    top = 0
    for text, size in ((headline(count, title), scale), (details(count), scale * 0.7)):
        if not text:
            continue
        (width, _), _ = cv2.getTextSize(text, _FONT, size, 2)
        fitting = size * min(1.0, (image.shape[1] - 16) / width)
        (width, height), baseline = cv2.getTextSize(text, _FONT, fitting, 2)
        bottom = top + height + baseline + 12
        cv2.rectangle(image, (0, top), (width + 16, bottom), _STATES[state], cv2.FILLED)
        cv2.putText(image, text, (8, top + height + 8), _FONT, fitting, _TEXT, 2, cv2.LINE_AA)
        top = bottom


def _corners(points: Sequence[tuple[float, float]], image: Image) -> _Points:
    height, width = image.shape[:2]
    corners: _Points = np.rint(np.array(points) * (width, height)).astype(np.int32)
    return corners


def _pixel(point: NDArray[np.int32] | NDArray[np.float64]) -> tuple[int, int]:
    return math.floor(point[0]), math.floor(point[1])


def _draw_text(image: Image, text: str, origin: tuple[int, int], scale: float, colour: Colour) -> None:
    # A dark edge keeps it readable on any ground.
    cv2.putText(image, text, origin, _FONT, scale, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, text, origin, _FONT, scale, colour, 1, cv2.LINE_AA)
