"""Hold what is true of a simulated frame, and write it as JSON lines."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from parking_monitor.values import Box


class EventKind(StrEnum):
    """Name what happened to a car.

    arrived and departed: it began and ceased to exist in the scene. parked and left_bay:
    it came to rest in a bay, and began to move out of it. entered and left: its middle
    crossed a gate.
    """

    ARRIVED = 'arrived'
    DEPARTED = 'departed'
    PARKED = 'parked'
    LEFT_BAY = 'left_bay'
    ENTERED = 'entered'
    LEFT = 'left'


@dataclass(frozen=True, slots=True)
class Event:
    """Hold what happened to a car, when, and at which gate or bay."""

    time_s: float
    kind: EventKind
    car_id: int
    gate: str | None = None
    bay: str | None = None


@dataclass(frozen=True, slots=True)
class CarTruth:
    """Hold what is true of one car in one frame.

    Attributes:
        car_id: the same in all frames.
        box: what can be seen of it, in pixels, clipped to the picture; of no size where
            nothing of it can be seen.
        full_box: its whole outline, as if nothing hid it and the picture went on.
        visibility: the share of its outline that can be seen, 0 to 1; what other things
            hide, what lies outside of the picture, and what fog swallows is not.
        bay, zone: where its middle stands.
        moving: whether it drives; speed in metres a second.
        body: its shape, as scenes name it.
    """

    car_id: int
    box: Box
    full_box: Box
    visibility: float
    bay: str | None
    zone: str | None
    moving: bool
    speed: float
    body: str = ''


@dataclass(frozen=True, slots=True)
class OtherTruth:
    """Hold what is true of a thing that is no car: its kind and its outline clipped to the picture."""

    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """Hold what is true of one frame: the cars in the picture, and the other things in it."""

    time_s: float
    width: int
    height: int
    cars: tuple[CarTruth, ...]
    others: tuple[OtherTruth, ...]


def frame_line(frame: FrameTruth) -> str:
    """Return a frame as one line of JSON, `{"frame": ...}`."""
    return json.dumps({'frame': asdict(frame)}) + '\n'


def event_line(event: Event) -> str:
    """Return an event as one line of JSON, `{"event": ...}`."""
    return json.dumps({'event': asdict(event)}) + '\n'


def write_lines(path: Path, frames: Iterable[FrameTruth], events: Iterable[Event] = ()) -> None:
    """Write frames, then events, as one JSON object a line."""
    with path.open('w', encoding='utf-8') as file:
        file.writelines(frame_line(frame) for frame in frames)
        file.writelines(event_line(event) for event in events)
