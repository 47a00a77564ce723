"""Draw contact sheets of pictures with detections, to look at."""

from pathlib import Path

import cv2
import numpy as np

from benchmarks.model_scoring import Found
from parking_monitor.values import Image

TILE = (400, 300)
COLUMNS = 5


class Sheet:
    """Collect small pictures with their boxes and write them as one."""

    def __init__(self) -> None:
        self._tiles: list[Image] = []

    def add(self, title: str, image: Image, found: Found) -> None:
        """Add a picture, its detections (boxes in its pixels) and a title."""
        height, width = image.shape[:2]
        scale = min(TILE[0] / width, TILE[1] / height)
        small = cv2.resize(image, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_AREA)
        for box, score in zip(found.boxes * scale, found.scores, strict=True):
            left, top, right, bottom = (int(edge) for edge in box)
            cv2.rectangle(small, (left, top), (right, bottom), (0, 255, 0), 1)
            cv2.putText(
                small,
                f'{score:.2f}',
                (left, max(8, top - 2)),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.3,
                (0, 255, 255),
                1,
            )
        tile = np.zeros((TILE[1], TILE[0], 3), np.uint8)
        tile[: small.shape[0], : small.shape[1]] = small
        cv2.putText(tile, title, (4, TILE[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
        self._tiles.append(tile)

    def write(self, path: Path) -> None:
        """Write the sheet, if anything was added."""
        if not self._tiles:
            return
        blank = np.zeros_like(self._tiles[0])
        tiles = self._tiles + [blank] * (-len(self._tiles) % COLUMNS)
        rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
        cv2.imwrite(str(path), np.vstack(rows))
