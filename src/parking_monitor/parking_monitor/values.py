"""Hold the values which the subjects exchange: frames, detections and counts.

Plain frozen dataclasses without ROS. Positions are pixels of the source image,
x to the right and y down from its top left corner; times are nanoseconds since
the Unix epoch.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: (height, width, 3) uint8, BGR."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """Hold one picture of a camera, as JPEG, as pixels, or both.

    Raises:
        ValueError: when there is neither a JPEG nor pixels, or the size is not positive.
    """

    stamp_ns: int
    width: int
    height: int
    jpeg: bytes | None = None
    image: Image | None = None

    def __post_init__(self) -> None:
        if self.jpeg is None and self.image is None:
            raise ValueError('a frame needs a JPEG or an image')
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f'frame size {self.width}x{self.height} is not positive')


@dataclass(frozen=True, slots=True)
class Box:
    """Hold an upright rectangle in pixels: top left corner, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return the y of the bottom edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle of the box as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """Return the area in square pixels."""
        return self.width * self.height

    def intersection(self, other: Self) -> float:
        """Return the area shared with another box, in square pixels."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return width * height if width > 0 and height > 0 else 0.0

    def overlap(self, other: Self) -> float:
        """Return intersection over union with another box, 0 to 1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


class ModelType(enum.StrEnum):
    """Name what a model answers with, in the words of the .eim protocol."""

    FOMO = 'constrained_object_detection'
    BOXES = 'object_detection'
    CLASSIFICATION = 'classification'


@dataclass(frozen=True, slots=True)
class Detection:
    """Hold one found object; confidence is 0 to 1."""

    label: str
    confidence: float
    box: Box


class View(enum.IntEnum):
    """Say whether a picture shows what the camera was set up to watch.

    CLEAR: it does, as far as can be told. FROZEN: the same picture comes again and
    again. COVERED: nothing can be seen, as of a covered lens. MOVED: the background is
    not where it was when zones and bays were drawn.
    """

    CLEAR = 0
    FROZEN = 1
    COVERED = 2
    MOVED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Hold what a model saw in one frame.

    Attributes:
        stamp_ns: time of the frame, nanoseconds since the Unix epoch.
        cell_size: width and height of one FOMO cell in pixels of the source
            image; (0, 0) for models that answer with boxes.
        inference_ms: time from features to answer, as the host saw it.
        label_scores: for classification models, the score of each label, 0 to 1.
        view: what the picture shows; detections of a view that is not CLEAR say nothing.
    """

    stamp_ns: int
    image_width: int
    image_height: int
    items: tuple[Detection, ...]
    model_type: ModelType = ModelType.BOXES
    model_name: str = ''
    model_version: str = ''
    cell_size: tuple[float, float] = (0.0, 0.0)
    inference_ms: float = 0.0
    label_scores: Mapping[str, float] = field(default_factory=dict)
    view: View = View.CLEAR


class CountState(enum.IntEnum):
    """Say how far a count can be trusted.

    UNKNOWN: nothing seen yet, no model, no camera. OK: fresh. In all others the numbers
    are the last known ones. STALE: no fresh detections for longer than the limit.
    FROZEN, COVERED, MOVED: detections come, but of a picture that shows nothing of use,
    see `View`.
    """

    UNKNOWN = 0
    OK = 1
    STALE = 2
    FROZEN = 3
    COVERED = 4
    MOVED = 5


class BayState(enum.IntEnum):
    """Say what is known of a bay."""

    UNKNOWN = 0
    FREE = 1
    OCCUPIED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BayCount:
    """Hold what is claimed of one bay.

    Attributes:
        name: as in the configuration; two cameras that see one bay give it one name.
        zone: the zone in which its middle lies; empty for none.
        state: UNKNOWN while the bay cannot be seen, or not long enough yet.
        last: FREE or OCCUPIED, what it was when last known; UNKNOWN if never.
        confidence: in `last`, 0 to 1; falls while the bay cannot be seen.
        since_ns: since when `last` holds, nanoseconds since the Unix epoch; 0 if never known.
    """

    name: str
    zone: str = ''
    state: BayState = BayState.UNKNOWN
    last: BayState = BayState.UNKNOWN
    confidence: float = 0.0
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Hold places: capacity is always occupied + free + unknown; 0 when none was given."""

    occupied: int = 0
    free: int = 0
    unknown: int = 0

    @property
    def capacity(self) -> int:
        """Return the number of all places."""
        return self.occupied + self.free + self.unknown

    @property
    def lost(self) -> Self:
        """Return the same places when nothing is known of them."""
        return type(self)(unknown=self.capacity)

    def __add__(self, other: Self) -> Self:
        """Return the places of two areas together."""
        return type(self)(
            self.occupied + other.occupied, self.free + other.free, self.unknown + other.unknown
        )


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """Hold the cars in one zone, and its places.

    Attributes:
        name: as in the configuration.
        cars: in the zone now, also those that only pass.
        places: of its bays where it has any, else of its capacity; none when none was given.
    """

    name: str
    cars: int
    places: Occupancy = Occupancy()


class Direction(enum.IntEnum):
    """Say which way a car went through a gate."""

    IN = 1
    OUT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Hold that one car went through a gate; the stamp is of the frame in which that was certain."""

    stamp_ns: int
    gate: str
    direction: Direction
    track_id: int


@dataclass(frozen=True, slots=True)
class GateCount:
    """Hold the cars that came in and went out through one gate since the totals began."""

    name: str
    entered: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Hold what is claimed of one camera at one time.

    Attributes:
        stamp_ns: time of the frame that the claim rests on; 0 while UNKNOWN.
        cars: cars in the picture now, hidden ones too.
        zones, bays, gates: in the order of the configuration.
        places: of all bays and all zones without bays.
        entered: cars that came in through the gates since the totals began.
        left: cars that went out through the gates since the totals began.
        entered_today, left_today: the same since midnight in the camera's time zone.
        inside_at_start: cars that were inside when the totals began, as set by hand.
        set_by_hand: whether a person has set a total since the count before this one.
        crossings: those that became certain in this count's frame.
    """

    stamp_ns: int
    state: CountState
    cars: int
    zones: tuple[ZoneCount, ...] = ()
    bays: tuple[BayCount, ...] = ()
    gates: tuple[GateCount, ...] = ()
    places: Occupancy = Occupancy()
    entered: int = 0
    left: int = 0
    entered_today: int = 0
    left_today: int = 0
    inside_at_start: int = 0
    set_by_hand: bool = False
    crossings: tuple[Crossing, ...] = ()

    @property
    def net(self) -> int:
        """Return the cars that the totals say are inside: at the start, plus entered, less left."""
        return self.inside_at_start + self.entered - self.left

    def lost(self, state: CountState) -> Self:
        """Return this count in a state in which nothing can be seen: of no place is anything known now."""
        return replace(
            self,
            state=state,
            zones=tuple(replace(zone, places=zone.places.lost) for zone in self.zones),
            bays=tuple(replace(bay, state=BayState.UNKNOWN) for bay in self.bays),
            places=self.places.lost,
        )
