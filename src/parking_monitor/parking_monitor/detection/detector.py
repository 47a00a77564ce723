"""Find objects in frames with one `.eim` model."""

import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import numpy as np

from parking_monitor import jpeg
from parking_monitor.detection import answers, geometry
from parking_monitor.detection.answers import Found
from parking_monitor.detection.errors import FrameError, ModelRefusedError
from parking_monitor.detection.features import FeaturePacker
from parking_monitor.detection.geometry import Fit
from parking_monitor.detection.model_info import ModelInfo
from parking_monitor.detection.runner import Deadlines, EimRunner
from parking_monitor.values import Detection, Detections, Frame, Image, ModelType

_log = logging.getLogger(__name__)


class Detector:
    """Run one model on one frame after another.

        with Detector('car.eim', labels=['car'], confidence=0.4) as detector:
            print(detector.detect(frame).items)

    Frames come from one thread at a time. `labels` and `confidence` may be set
    from any thread and hold from the next frame on; `close` may come from any
    thread.

    Args:
        model_path: the `.eim` file, or an `.onnx` to make one of.
        labels: the labels to answer; none for all that the model has.
        confidence: the least confidence to answer, 0 to 1.
        deadlines: how long the model may take.

    Raises:
        ValueError: when the confidence is not within 0 to 1.
    """

    def __init__(
        self,
        model_path: str | Path,
        labels: Iterable[str] = (),
        confidence: float = 0.5,
        *,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.model_path = Path(model_path)
        self.labels = labels
        self.confidence = confidence
        self._runner = EimRunner(model_path, deadlines)
        self._model_confidence: float | None = None

    @property
    def info(self) -> ModelInfo:
        """Return what the model says of itself.

        Raises:
            ModelStartError: before `start`.
        """
        return self._runner.info

    @property
    def pid(self) -> int | None:
        """Return the process id of the model, or None while it does not run."""
        return self._runner.pid

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels that are answered; none means all."""
        return self._labels

    @labels.setter
    def labels(self, labels: Iterable[str]) -> None:
        self._labels = (labels,) if isinstance(labels, str) else tuple(labels)

    @property
    def unknown_labels(self) -> tuple[str, ...]:
        """Return the wanted labels that this model never answers."""
        return tuple(label for label in self._labels if label not in self.info.labels)

    @property
    def confidence(self) -> float:
        """Return the least confidence that is answered, 0 to 1."""
        return self._confidence

    @confidence.setter
    def confidence(self, confidence: float) -> None:
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f'confidence is {confidence}; 0 to 1 is allowed')
        self._confidence = float(confidence)

    def start(self) -> Self:
        """Start the model.

        Raises:
            ModelError: when it cannot be started; nothing of it is left then.
        """
        self._runner.init()
        info = self.info
        self._packer = FeaturePacker(info.width, info.height, info.channels, info.resize_mode)
        if info.score_threshold is not None:
            self._model_confidence = info.score_threshold.min_score
        return self

    def close(self) -> None:
        """End the model, and with it a `start` or `detect` that is under way in another thread."""
        self._runner.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> None:
        """Classify an even grey picture, to see that the model answers.

        Raises:
            ModelError: when it does not.
        """
        info = self.info
        grey = np.full((info.height, info.width, 3), 128, np.uint8)
        self.detect(Frame(stamp_ns=0, width=info.width, height=info.height, image=grey))

    def detect(self, frame: Frame) -> Detections:
        """Find the objects in a frame.

        Raises:
            FrameError: when the frame cannot be decoded; the model is well.
            ModelError: when the model fails; `close` is what is left then.
        """
        image, reduction = self._decode(frame)
        self._set_model_confidence()
        fit = self._packer.pack(image, self._runner.features).enlarged(reduction, frame.width, frame.height)
        asked_at = time.perf_counter()
        answer = self._runner.classify(self._runner.features)
        inference_ms = (time.perf_counter() - asked_at) * 1000
        found = answers.found_objects(answer)
        return Detections(
            stamp_ns=frame.stamp_ns,
            image_width=frame.width,
            image_height=frame.height,
            items=tuple(self._wanted(found, fit)),
            model_type=self.info.model_type,
            model_name=self.info.name,
            model_version=self.info.version,
            cell_size=self._cell_size(found, fit),
            inference_ms=inference_ms,
            label_scores=answers.label_scores(answer),
        )

    def _decode(self, frame: Frame) -> tuple[Image, int]:
        """Return the pixels of a frame and by which factor they are fewer than the frame's."""
        size = (frame.width, frame.height)
        image = frame.image
        if image is None:
            info = self.info
            cover = geometry.covering_size(size, (info.width, info.height), info.resize_mode)
            try:
                image = jpeg.decode(frame.jpeg or b'', cover)
            except jpeg.JpegError as error:
                raise FrameError(f'frame {frame.stamp_ns}: {error}') from error
        factor = geometry.reduction(size, (image.shape[1], image.shape[0]))
        if factor is None:
            raise FrameError(
                f'frame {frame.stamp_ns} says {size[0]}x{size[1]} and holds {image.shape[1]}x{image.shape[0]}'
            )
        return image, factor

    def _set_model_confidence(self) -> None:
        """Let the model answer down to the wanted confidence, where it has a threshold that can be set."""
        threshold, wanted = self.info.score_threshold, self._confidence
        if threshold is None or self._model_confidence == wanted:
            return
        self._model_confidence = wanted
        try:
            self._runner.set_threshold({'id': threshold.id, 'min_score': wanted})
        except ModelRefusedError as error:
            _log.warning(
                'below %s the model keeps its objects to itself: %s', threshold.min_score, str(error)
            )

    def _wanted(self, found: Iterable[Found], fit: Fit) -> Iterator[Detection]:
        labels, confidence = self._labels, self._confidence
        for entry in found:
            if entry.score < confidence or (labels and entry.label not in labels):
                continue
            box = fit.to_source(entry.box)
            if box.area > 0:  # not only on the bars
                yield Detection(entry.label, entry.score, box)

    def _cell_size(self, found: tuple[Found, ...], fit: Fit) -> tuple[float, float]:
        if self.info.model_type is not ModelType.FOMO:
            return 0.0, 0.0
        cell = answers.fomo_cell(found)
        across, down = fit.scale
        return cell * across, cell * down
