"""Hold what a picture's measures mean for the cars in it."""

from dataclasses import dataclass, replace

from parking_monitor.counting.car_size import CarSize
from parking_monitor.values import Box, Detections, ModelType

EDGE_SIZES = 0.6
"""A car that comes in at the edge of the picture is seen within so many of its sizes of it."""
_AT_EDGE = 0.015
_CELLS_OF_A_CAR = 2
# A cell lies anywhere in its car: the car's middle is so much of its size away.
_CELL_NOISE = 0.15


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold the measures of a picture in pixels.

    Attributes:
        width, height: of the picture.
        cell_size: of one FOMO cell in it; (0, 0) for boxes.
        usual: how large a usual car is, which FOMO's cells do not tell; None where nobody knows.
    """

    width: int
    height: int
    cell_size: tuple[float, float] = (0.0, 0.0)
    usual: CarSize | None = None

    @classmethod
    def of(cls, detections: Detections, usual: CarSize | None = None) -> 'Picture':
        """Return the picture in which something was detected, of which only the measures are taken."""
        is_fomo = detections.model_type is ModelType.FOMO
        cell_size = detections.cell_size if is_fomo else (0.0, 0.0)
        return cls(detections.image_width, detections.image_height, cell_size, usual)

    def is_like(self, detections: Detections) -> bool:
        """Tell whether something was detected in a picture of these measures."""
        return replace(self, usual=None) == Picture.of(detections)

    @property
    def has_cells(self) -> bool:
        """Tell whether detections are FOMO's cells, whose sizes say little."""
        return self.cell_size[0] > 0

    def car_size(self, y: float) -> tuple[float, float]:
        """Return width and height of a usual car whose middle is at a height, all in pixels.

        For FOMO it is at least two cells wide and high, and just that where nothing is known.
        """
        width, height = self.usual.at(y / self.height) if self.usual else (0.0, 0.0)
        return (
            max(width * self.width, _CELLS_OF_A_CAR * self.cell_size[0]),
            max(height * self.height, _CELLS_OF_A_CAR * self.cell_size[1]),
        )

    def noise(self, y: float) -> tuple[float, float]:
        """Return the least standard deviation along each axis of a middle measured at a height, pixels."""
        if not self.has_cells:
            return 0.0, 0.0
        width, height = self.car_size(y)
        return _CELL_NOISE * width, _CELL_NOISE * height

    def car_box(self, box: Box) -> Box:
        """Return a detection's box; of FOMO's cells, the box of a usual car around their middle."""
        if not self.has_cells:
            return box
        x, y = box.centre
        width, height = self.car_size(y)
        return Box(x - width / 2, y - height / 2, width, height)

    def cut(self, box: Box) -> tuple[int, int]:
        """Tell along each axis whether the picture's edge cuts a box: -1 its low side, 1 its high one, 0 no.

        A box that spans the picture counts as whole.
        """
        return (
            _cut(box.x, box.right, self.width),
            _cut(box.y, box.bottom, self.height),
        )

    def is_cut(self, box: Box) -> bool:
        """Tell whether the picture's edge cuts a box along any axis, see `cut`."""
        margin_x, margin_y = _AT_EDGE * self.width, _AT_EDGE * self.height
        x, y = box.x, box.y
        return (x <= margin_x) is not (x + box.width >= self.width - margin_x) or (y <= margin_y) is not (
            y + box.height >= self.height - margin_y
        )

    def visible(self, box: Box) -> Box:
        """Return the part of a box in the picture; a box outside of it as it is."""
        x, y = max(box.x, 0.0), max(box.y, 0.0)
        right, bottom = min(box.right, self.width), min(box.bottom, self.height)
        return Box(x, y, right - x, bottom - y) if right > x and bottom > y else box

    def inwards(self, place: tuple[float, float]) -> tuple[int, int]:
        """Return the direction away from the edge that is nearest to a place."""
        x, y = place
        directions = {(1, 0): x, (-1, 0): self.width - x, (0, 1): y, (0, -1): self.height - y}
        return min(directions, key=lambda direction: directions[direction])

    def share_inside(self, box: Box) -> float:
        """Return the share of a box that lies in the picture, 0 to 1."""
        return box.intersection(Box(0, 0, self.width, self.height)) / box.area if box.area > 0 else 0.0

    def distance_to_edge(self, box: Box) -> float:
        """Return how far a box is from the nearest edge, in its own width or height; 0 where it touches."""
        across = min(box.x, self.width - box.right) / max(box.width, 1e-9)
        down = min(box.y, self.height - box.bottom) / max(box.height, 1e-9)
        return max(0.0, min(across, down))


def _cut(low: float, high: float, length: float) -> int:
    margin = _AT_EDGE * length
    is_low, is_high = low <= margin, high >= length - margin
    return int(is_high) - int(is_low)
