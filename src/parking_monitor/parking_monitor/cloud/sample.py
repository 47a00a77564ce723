"""Hold one picture that is collected to train a model with, and what is known of it."""

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parking_monitor.values import Detection


class Reason(enum.StrEnum):
    """Say why a picture was collected; the first are worth most to a model."""

    ASKED = 'asked for'
    DISAGREE = 'boxes and count differ'
    LOW_CONFIDENCE = 'low confidence'
    NEW_SCENE = 'new scene'
    PERIODIC = 'periodic'

    @property
    def rank(self) -> int:
        """Return its place among the reasons, 0 for what is worth most."""
        return list(Reason).index(self)

    @property
    def is_unsure(self) -> bool:
        """Return whether the model itself gave rise to it."""
        return self in {Reason.DISAGREE, Reason.LOW_CONFIDENCE, Reason.NEW_SCENE}


class Category(enum.StrEnum):
    """Name the sets of an Edge Impulse project, as its ingestion service and its uploader do."""

    TRAINING = 'training'
    TESTING = 'testing'


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """Hold a suggested label: whole pixels of the picture."""

    label: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Hold what is known of one collected picture.

    Attributes:
        name: of its file.
        boxes: suggested labels; None for none suggested, which is not the same as no cars.
        model: name and version of the model that saw it; empty when none did.
    """

    name: str
    camera: str
    stamp_ns: int
    reason: Reason
    category: Category
    boxes: tuple[LabelledBox, ...] | None = None
    model: str = ''

    @property
    def metadata(self) -> dict[str, str]:
        """Return what Studio shows beside the picture, and can filter by."""
        found = {
            'camera': self.camera,
            'reason': str(self.reason),
            'taken_at': _utc(self.stamp_ns).isoformat(timespec='seconds'),
        }
        if self.model:
            found['model'] = self.model
        if self.boxes is not None:
            found['labels'] = 'suggested by the model, to be reviewed'
        return found

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(
            {
                'camera': self.camera,
                'stamp_ns': self.stamp_ns,
                'reason': self.reason.name,
                'model': self.model,
                'boxes': None if self.boxes is None else [_as_json(box) for box in self.boxes],
            }
        )

    @classmethod
    def from_json(cls, text: str, name: str, category: Category) -> 'Sample':
        """Read what `to_json` wrote.

        Raises:
            ValueError: when it is not that.
        """
        try:
            content = json.loads(text)
            boxes = content['boxes']
            return cls(
                name=name,
                category=category,
                camera=str(content['camera']),
                stamp_ns=int(content['stamp_ns']),
                reason=Reason[content['reason']],
                model=str(content['model']),
                boxes=None if boxes is None else tuple(LabelledBox(**box) for box in boxes),
            )
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(f'is not a sample: {error!r}') from None


def content_hash(jpeg: bytes) -> str:
    """Return what tells one picture from all others."""
    return hashlib.sha256(jpeg).hexdigest()


def name_of(camera: str, stamp_ns: int, content: str) -> str:
    """Return the file name of a picture; the same picture always gets the same."""
    return f'{camera}-{_utc(stamp_ns):%Y%m%dT%H%M%SZ}-{content[:12]}.jpg'


def category_of(content: str, testing_share: float) -> Category:
    """Put a picture into one of the sets by its content alone, so that it never changes between them."""
    share = int(content[:13], 16) / 16**13
    return Category.TESTING if share < testing_share else Category.TRAINING


def suggested(cars: Iterable[Detection], size: tuple[int, int]) -> tuple[LabelledBox, ...]:
    """Return the boxes of a model as labels: whole pixels within the picture of a width and height."""
    width, height = size
    boxes = []
    for car in cars:
        left, top = max(0, round(car.box.x)), max(0, round(car.box.y))
        right, bottom = min(width, round(car.box.right)), min(height, round(car.box.bottom))
        if right > left and bottom > top:
            boxes.append(LabelledBox(car.label, left, top, right - left, bottom - top))
    return tuple(boxes)


def labels_document(boxes: Mapping[str, Sequence[LabelledBox]]) -> str:
    """Write `bounding_boxes.labels` of pictures by their file names, as Edge Impulse reads it."""
    return json.dumps(
        {
            'version': 1,
            'type': 'bounding-box-labels',
            'boundingBoxes': {name: [_as_json(box) for box in each] for name, each in boxes.items()},
        }
    )


def _as_json(box: LabelledBox) -> dict[str, str | int]:
    return {'label': box.label, 'x': box.x, 'y': box.y, 'width': box.width, 'height': box.height}


def _utc(stamp_ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(stamp_ns / 1e9, dt.UTC)
