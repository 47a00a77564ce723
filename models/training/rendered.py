"""Keep simulated frames and their truth in one file, as JPEGs to draw from."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.sample import Boxes, Sample, as_boxes

ASKED_FROM = 0.4
"""Visibility from which a car has to be found; below it, the car is ignored."""
QUALITY = 93


@dataclass(frozen=True, slots=True)
class RenderedFrame:
    """Hold where a frame's JPEG lies, and its cars: boxes of what is seen and their visibility."""

    scene: str
    start: int
    size: int
    boxes: Boxes
    visibility: NDArray[np.float32]


class RenderedSet:
    """Read a set that `write_set` wrote."""

    def __init__(self, frames: list[RenderedFrame], data: NDArray[np.uint8]) -> None:
        self.frames = frames
        self._data = data

    @classmethod
    def load(cls, path: Path) -> 'RenderedSet':
        """Read the set of a path without its suffix; its pictures are read as they are asked for.

        Raises:
            FileNotFoundError: when it was not rendered yet.
        """
        if not path.with_suffix('.jsonl').exists():
            raise FileNotFoundError(
                f'{path}.jsonl is not there; run `python -m models.training render` first'
            )
        frames = []
        with path.with_suffix('.jsonl').open(encoding='utf-8') as file:
            for line in file:
                row = json.loads(line)
                frames.append(
                    RenderedFrame(
                        row['scene'],
                        row['start'],
                        row['size'],
                        as_boxes(row['boxes']),
                        np.array(row['visibility'], np.float32),
                    )
                )
        return cls(frames, np.memmap(path.with_suffix('.jpegs'), np.uint8, 'r'))

    def __len__(self) -> int:
        return len(self.frames)

    def sample(self, number: int) -> Sample:
        """Return a frame as a training sample; cars that are hardly seen are ignored."""
        frame = self.frames[number]
        image = cv2.imdecode(self._data[frame.start : frame.start + frame.size], cv2.IMREAD_COLOR)
        asked = frame.visibility >= ASKED_FROM
        return Sample(np.asarray(image, np.uint8), frame.boxes[asked], frame.boxes[~asked])


def write_set(path: Path, rendered: Iterable[tuple[str, Sample, NDArray[np.float32]]]) -> int:
    """Write frames (scene, picture with all its cars, their visibility); return how many.

    The pictures go to `<path>.jpegs`, one after another, the rest to `<path>.jsonl`.
    """
    count = start = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix('.jpegs').open('wb') as pictures, path.with_suffix('.jsonl').open('w') as lines:
        for scene, sample, visibility in rendered:
            jpeg = cv2.imencode('.jpg', sample.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
            pictures.write(jpeg)
            row = {
                'scene': scene,
                'start': start,
                'size': len(jpeg),
                'boxes': np.round(sample.cars, 1).tolist(),
                'visibility': np.round(visibility, 3).tolist(),
            }
            lines.write(json.dumps(row) + '\n')
            start += len(jpeg)
            count += 1
    return count
