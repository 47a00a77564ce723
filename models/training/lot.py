"""Read the real car park: its frames, its cars and its empty backgrounds.

The frames are PKLot's camera UFPR05 (Almeida et al. 2015, CC BY 4.0). `lot_cars.json`
holds a box for every car, also for those outside the marked spaces.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.training.sample import Boxes, Sample, as_boxes
from parking_monitor.values import Image

SEQUENCES = ('sequence0', 'sequence1', 'sequence2')
LABELS = Path(__file__).with_name('lot_cars.json')
LABEL_WIDTH = 1280


@dataclass(frozen=True, slots=True, eq=False)
class LotFrame:
    """Hold one frame of the car park; boxes are in pixels of its image."""

    sequence: str
    name: str
    image: Image
    cars: Boxes
    car_names: tuple[str, ...]
    ignored: Boxes

    @property
    def day(self) -> str:
        """Return the date on which the frame was taken, as in its file's name."""
        return self.name[:10]

    def sample(self) -> Sample:
        """Return the frame as a training sample."""
        return Sample(self.image, self.cars, self.ignored)


def read_frames(lot: Path, sequence: str) -> list[LotFrame]:
    """Read one folder of the footage: a sequence or 'backgrounds'.

    Raises:
        FileNotFoundError: when the folder holds no frames.
    """
    labels = json.loads(LABELS.read_text())
    paths = sorted((lot / sequence).glob('*.jpg'))
    if not paths:
        raise FileNotFoundError(
            f'no frames in {lot / sequence}; pass --footage with the folder that holds lot/'
        )
    return [_read_frame(path, sequence, labels) for path in paths]


def _read_frame(path: Path, sequence: str, labels: dict[str, Any]) -> LotFrame:
    image = np.asarray(cv2.imread(str(path)), np.uint8)
    scale = image.shape[1] / LABEL_WIDTH
    cars = [car for car in labels['cars'] if car['sequence'] == sequence and path.stem in car['frames']]
    return LotFrame(
        sequence=sequence,
        name=path.stem,
        image=image,
        cars=as_boxes([car['box'] for car in cars]) * scale,
        car_names=tuple(car['car'] for car in cars),
        ignored=as_boxes(labels['ignored']) * scale,
    )


def read_without(lot: Path, held_out: str | None) -> list[LotFrame]:
    """Read all frames and backgrounds but a held-out sequence and the backgrounds of its days."""
    kept = [frame for sequence in SEQUENCES if sequence != held_out for frame in read_frames(lot, sequence)]
    days = {frame.day for frame in read_frames(lot, held_out)} if held_out else set()
    return kept + [frame for frame in read_frames(lot, 'backgrounds') if frame.day not in days]


def read_neutral_backgrounds(lot: Path) -> list[LotFrame]:
    """Read the backgrounds of days on which no sequence was taken: safe for every held-out run."""
    days = {frame.day for sequence in SEQUENCES for frame in read_frames(lot, sequence)}
    return [frame for frame in read_frames(lot, 'backgrounds') if frame.day not in days]
