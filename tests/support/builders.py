"""Build the values that tests speak of."""

from collections.abc import Iterable

from parking_monitor.values import Box, Detection, Detections, ModelType


def car(x: float, y: float, width: float = 40, height: float = 20, confidence: float = 0.9) -> Detection:
    """Build a car whose top left corner is at x, y."""
    return Detection('car', confidence, Box(x, y, width, height))


def seen(*items: Detection, stamp_ns: int = 1, label_scores: dict[str, float] | None = None) -> Detections:
    """Build what a box model saw in a 640x480 picture, or a classification model when scores are given."""
    return Detections(
        stamp_ns=stamp_ns,
        image_width=640,
        image_height=480,
        items=items,
        model_type=ModelType.BOXES if label_scores is None else ModelType.CLASSIFICATION,
        label_scores=label_scores or {},
    )


def cells(positions: Iterable[tuple[int, int]], size: float = 40.0, label: str = 'car') -> Detections:
    """Build what a FOMO model saw: cells by column and row."""
    return Detections(
        stamp_ns=1,
        image_width=640,
        image_height=480,
        items=tuple(
            Detection(label, 0.8, Box(column * size, row * size, size, size)) for column, row in positions
        ),
        model_type=ModelType.FOMO,
        cell_size=(size, size),
    )
