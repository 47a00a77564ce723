"""Make sources of the real footage: the lane clip, and the lot as a slow sequence."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_parts.source import (
    FrameFacts,
    Interval,
    Layout,
    Line,
    Source,
    TrueCrossing,
    stamp_ns,
)
from benchmarks.accuracy_parts.watching import DEFAULT, MODELS, ROOT, watch_lane, watch_lot
from benchmarks.model_sets import LotFrame, lot_frames
from parking_monitor.values import Box, Detection, Detections, Direction, ModelType

SHARED = ROOT.parent / 'shared'
LANE, LOT = SHARED / 'footage' / 'lane', SHARED / 'footage' / 'lot'
NANODET = SHARED / 'models' / 'nanodet_m_416.onnx'
NANODET_THRESHOLD, OWN_THRESHOLD = 0.29, 0.5
LANE_VARIANTS = ('NanoDet', 'FOMO', 'default model')
FOMO_INPUT, FOMO_CELL = 96, 8.0
CAR_SIZE, CAR_SIZE_IN_CROP = (0.25, 0.65), (0.4, 0.65)
"""A car in the middle of the clip, read off a frame as an operator would; the crop is narrower."""
FOMO_MISSES_BY_RIGHT = 'teal'
"""The car at the edge of the FOMO model's crop: seeing it or not is both right."""
PICTURE_FRAMES = 20
"""Each picture of the lot is seen for so long, a frame a second."""


def lane_source(variant: str) -> Source:
    """Return the lane clip as a model sees it: one of LANE_VARIANTS; up is in.

    The count is asked for in the frames that show a car.
    """
    truth = json.loads((LANE / 'truth.json').read_text())
    size = (truth['width'], truth['height'])
    if variant == 'FOMO':
        found = _recorded('fomo-detections.jsonl')
        return _lane(variant, truth, found, (FOMO_INPUT, FOMO_INPUT), is_fomo=True)
    if variant == 'NanoDet':
        found = _recorded('nanodet-detections.jsonl')
        return _lane(variant, truth, found, size, threshold=NANODET_THRESHOLD)
    own = [_from(frame, OWN_THRESHOLD) for frame in watch_lane(LANE, DEFAULT)]
    return _lane(variant, truth, own, size)


def lot_detectors() -> tuple[str, ...]:
    """Return the names of the detectors that are here to look at the lot."""
    return ('NanoDet', 'default model') if NANODET.is_file() else ('default model',)


def lot_source(sequence: str, detector: str) -> Source:
    """Return a sequence of the lot as NanoDet sees it, or the default model that never saw it."""
    frames = lot_frames(LOT, sequence)
    if detector == 'NanoDet':
        return _lot(sequence, detector, frames, NANODET, NANODET_THRESHOLD)
    left_out = MODELS / 'leave_one_out' / f'without_{sequence}.onnx'
    return _lot(sequence, detector, frames, left_out, OWN_THRESHOLD)


def _recorded(file: str) -> list[list[Detection]]:
    lines = (LANE / file).read_text().splitlines()
    return [
        [
            Detection(b['label'], b['value'], Box(b['x'], b['y'], b['width'], b['height']))
            for b in json.loads(line)['boxes']
        ]
        for line in lines
    ]


def _lane(
    name: str,
    truth: dict[str, Any],
    found: Sequence[Sequence[Detection]],
    size: tuple[int, int],
    *,
    threshold: float = OWN_THRESHOLD,
    is_fomo: bool = False,
) -> Source:
    rate_hz = truth['fps']
    detections = tuple(
        Detections(
            stamp_ns=stamp_ns(number / rate_hz),
            image_width=size[0],
            image_height=size[1],
            items=tuple(items),
            model_type=ModelType.FOMO if is_fomo else ModelType.BOXES,
            cell_size=(FOMO_CELL, FOMO_CELL) if is_fomo else (0.0, 0.0),
        )
        for number, items in enumerate(found)
    )
    return Source(
        part='lane',
        name=f'lane, {name}',
        detections=detections,
        facts=tuple(
            FrameFacts(number / rate_hz, _lane_cars(truth, number, is_fomo=is_fomo))
            for number in range(len(detections))
        ),
        rate_hz=rate_hz,
        threshold=threshold,
        layout=Layout(
            gates={'half height': Line((0.0, 0.5), (1.0, 0.5), (0.5, 0.0))},
            car_size=CAR_SIZE_IN_CROP if is_fomo else CAR_SIZE,
        ),
        crossings=tuple(
            TrueCrossing(
                time_s=(car['first_frame'] + car['last_frame']) / 2 / rate_hz,
                gate='half height',
                direction=Direction.IN if car['direction'] == 'up' else Direction.OUT,
                is_certain=not (is_fomo and car['name'] == FOMO_MISSES_BY_RIGHT),
            )
            for car in truth['cars']
        ),
        only_with_car=True,
    )


def _lane_cars(truth: dict[str, Any], number: int, *, is_fomo: bool) -> Interval:
    shown = [car['name'] for car in truth['cars'] if car['first_frame'] <= number <= car['last_frame']]
    must = [name for name in shown if not (is_fomo and name == FOMO_MISSES_BY_RIGHT)]
    return Interval(len(must), len(shown))


def _lot(sequence: str, name: str, frames: Sequence[LotFrame], model: Path, threshold: float) -> Source:
    """Return a sequence of the lot.

    The stamps are those of the pictures, half an hour and more apart; for the grace, a change is
    where one picture follows another.
    """
    first = frames[0].image
    height, width = first.shape[:2]
    found = watch_lot(LOT, sequence, model)
    detections: list[Detections] = []
    facts: list[FrameFacts] = []
    for frame, items in zip(frames, found, strict=True):
        taken = dt.datetime.strptime(frame.name, '%Y-%m-%d_%H_%M_%S').replace(tzinfo=dt.UTC)
        bays = {str(number + 1): bool(occupied) for number, occupied in enumerate(frame.occupied)}
        for second in range(PICTURE_FRAMES):
            detections.append(
                Detections(
                    stamp_ns=int(taken.timestamp() + second) * 1_000_000_000,
                    image_width=width,
                    image_height=height,
                    items=tuple(_from(items, threshold)),
                )
            )
            facts.append(FrameFacts(float(len(facts)), Interval(0, 0), bays))
    polygons = {
        str(number + 1): tuple((float(x) / width, float(y) / height) for x, y in space)
        for number, space in enumerate(frames[0].spaces)
    }
    return Source(
        part='lot',
        name=f'lot {sequence}, {name}',
        detections=tuple(detections),
        facts=tuple(facts),
        rate_hz=1.0,
        threshold=threshold,
        layout=Layout(bays=polygons),
        asks_count=False,
    )


def _from(items: Sequence[Detection], threshold: float) -> list[Detection]:
    return [item for item in items if item.confidence >= threshold]
