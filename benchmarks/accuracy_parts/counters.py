"""Count with ours, and as the reference does: the boxes of each frame."""

from typing import Protocol

from benchmarks.accuracy_parts.source import Answer, Layout, Source
from parking_monitor.counting.bays import Bay
from parking_monitor.counting.counter import Counter
from parking_monitor.counting.gates import Gate
from parking_monitor.counting.geometry import contains
from parking_monitor.counting.merging import merge
from parking_monitor.values import BayState, Box, Count, Detection, Detections, ModelType


class Contender(Protocol):
    """Answer the frames of sources, one source after another."""

    name: str

    def answers(self, source: Source) -> list[Answer]:
        """Return an answer for each frame of a source."""
        ...


class Ours:
    """Count with the project's own counter."""

    name = 'ours'

    def answers(self, source: Source) -> list[Answer]:
        """Return an answer for each frame of a source."""
        counter = counter_for(source.layout)
        return [_answer(counter.update(frame), source.layout) for frame in source.detections]


class BoxesPerFrame:
    """Count the boxes of each frame; a bay is occupied by a box whose middle lies in it.

    Cells of FOMO are merged where they touch, as the SDK does for the reference.
    """

    name = 'boxes per frame'

    def answers(self, source: Source) -> list[Answer]:
        """Return an answer for each frame of a source."""
        return [_boxes_answer(frame, source.layout) for frame in source.detections]


def counter_for(layout: Layout) -> Counter:
    """Return our counter, set up for a camera."""
    return Counter(
        bays=[Bay(name, polygon) for name, polygon in layout.bays.items()],
        gates=[Gate(name, (line.start, line.end), line.inside) for name, line in layout.gates.items()],
        labels=('car', 'bus', 'truck'),
        car_share=layout.car_size,
    )


def _answer(count: Count, layout: Layout) -> Answer:
    bays = {bay.name: bay.state is BayState.OCCUPIED for bay in count.bays if bay.state}
    gates = {gate.name: (gate.entered, gate.left) for gate in count.gates}
    return Answer(count.cars, bays if layout.bays else None, gates if layout.gates else None)


def boxes_of(frame: Detections) -> tuple[Detection, ...]:
    """Return the detections of a frame, the cells of FOMO merged where they touch."""
    return merge(frame) if frame.model_type is ModelType.FOMO else frame.items


def _boxes_answer(frame: Detections, layout: Layout) -> Answer:
    boxes = [item.box for item in boxes_of(frame)]
    if not layout.bays:
        return Answer(len(boxes))
    places = [_middle(box, frame) for box in boxes]
    return Answer(
        len(boxes),
        {name: any(contains(polygon, *place) for place in places) for name, polygon in layout.bays.items()},
    )


def _middle(box: Box, frame: Detections) -> tuple[float, float]:
    x, y = box.centre
    return x / frame.image_width, y / frame.image_height
