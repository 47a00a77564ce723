"""Hold what a picture's measures mean for the cars in it."""

from dataclasses import dataclass

from parking_monitor.values import Box, Detections, ModelType

EDGE_SIZES = 0.6
"""A car that comes in at the edge of the picture is seen within so many of its sizes of it."""
_AT_EDGE = 0.015
_CELLS_OF_A_CAR = 2
# A cell lies anywhere in its car: the car's middle is so much of its size away.
_CELL_NOISE = 0.2


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold the measures of a picture in pixels.

    Attributes:
        width, height: of the picture.
        cell_size: of one FOMO cell in it; (0, 0) for boxes.
        car_size: of a usual car, for FOMO, whose cells do not tell; (0, 0) for boxes.
    """

    width: int
    height: int
    cell_size: tuple[float, float] = (0.0, 0.0)
    car_size: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, detections: Detections, car_share: tuple[float, float] | None = None) -> 'Picture':
        """Return the picture in which something was detected.

        Args:
            detections: of which only the measures are taken.
            car_share: width and height of a usual car in fractions of the picture's; without
                it, a FOMO model's car is taken to be two cells wide and high.
        """
        width, height = detections.image_width, detections.image_height
        if detections.model_type is not ModelType.FOMO:
            return cls(width, height)
        cell_x, cell_y = detections.cell_size
        car_x, car_y = (car_share[0] * width, car_share[1] * height) if car_share else (0.0, 0.0)
        least = _CELLS_OF_A_CAR
        return cls(width, height, (cell_x, cell_y), (max(car_x, least * cell_x), max(car_y, least * cell_y)))

    @property
    def has_cells(self) -> bool:
        """Tell whether detections are FOMO's cells, whose sizes say little."""
        return self.cell_size[0] > 0

    @property
    def noise(self) -> tuple[float, float]:
        """Return the least standard deviation of a detection's middle along each axis, pixels."""
        return _CELL_NOISE * self.car_size[0], _CELL_NOISE * self.car_size[1]

    def car_box(self, box: Box) -> Box:
        """Return a detection's box; of FOMO's cells, the box of a usual car around their middle."""
        if not self.has_cells:
            return box
        (x, y), (width, height) = box.centre, self.car_size
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
