"""Draw boxes, zones and the count onto a picture, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from parking_monitor.values import Count, CountState, Detection, Image

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BOX = (80, 220, 60)
_ZONE = (230, 160, 40)
_TEXT = (255, 255, 255)
_STATES = {CountState.OK: (60, 140, 40), CountState.UNKNOWN: (110, 110, 110), CountState.STALE: (40, 60, 200)}


@dataclass(frozen=True, slots=True)
class Outline:
    """Hold a zone to draw: its name and its polygon in fractions of the image, 0 to 1."""

    name: str
    polygon: tuple[tuple[float, float], ...]


def annotate(
    image: Image,
    detections: Sequence[Detection],
    outlines: Sequence[Outline],
    count: Count | None,
    title: str,
) -> Image:
    """Return a copy of a picture with what is known of it drawn on top.

    Args:
        image: (height, width, 3) uint8 BGR.
        detections: their boxes in pixels of the image.
        outlines: the zones.
        count: the claim; None when there is none yet.
        title: the name of the camera.
    """
    drawn = image.copy()
    scale = max(0.4, image.shape[1] / 1200)
    cars_in_zone = {zone.name: zone for zone in count.zones} if count else {}
    for outline in outlines:
        zone = cars_in_zone.get(outline.name)
        suffix = f' {zone.cars}' + (f'/{zone.capacity}' if zone.capacity else '') if zone else ''
        _draw_outline(drawn, outline, outline.name + suffix, scale)
    for detection in detections:
        _draw_detection(drawn, detection, scale)
    _draw_banner(drawn, count, title, scale * 1.5)
    return drawn


def _draw_outline(image: Image, outline: Outline, text: str, scale: float) -> None:
    height, width = image.shape[:2]
    corners = np.rint(np.array(outline.polygon) * (width, height)).astype(np.int32)
    cv2.polylines(image, [corners], isClosed=True, color=_ZONE, thickness=2, lineType=cv2.LINE_AA)
    x, y = corners[np.argmin(corners.sum(axis=1))]
    _draw_text(image, text, (int(x) + 4, int(y) + int(22 * scale)), scale, _ZONE)


def _draw_detection(image: Image, detection: Detection, scale: float) -> None:
    box = detection.box
    top_left = (round(box.x), round(box.y))
    cv2.rectangle(image, top_left, (round(box.right), round(box.bottom)), _BOX, 2, cv2.LINE_AA)
    text = f'{detection.label} {detection.confidence:.2f}'
    _draw_text(image, text, (top_left[0], max(top_left[1] - 4, int(14 * scale))), scale, _BOX)


def _draw_banner(image: Image, count: Count | None, title: str, scale: float) -> None:
    state = count.state if count else CountState.UNKNOWN
    cars = f'{count.cars} car' + ('' if count.cars == 1 else 's') if count else 'no count yet'
    text = f'{title}: {cars}' + ('' if state is CountState.OK else f' ({state.name})')
    (width, height), baseline = cv2.getTextSize(text, _FONT, scale, 2)
    cv2.rectangle(image, (0, 0), (width + 16, height + baseline + 12), _STATES[state], cv2.FILLED)
    cv2.putText(image, text, (8, height + 8), _FONT, scale, _TEXT, 2, cv2.LINE_AA)


def _draw_text(
    image: Image, text: str, origin: tuple[int, int], scale: float, colour: tuple[int, int, int]
) -> None:
    # A dark edge keeps it readable on any ground.
    cv2.putText(image, text, origin, _FONT, scale, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, text, origin, _FONT, scale, colour, 1, cv2.LINE_AA)
