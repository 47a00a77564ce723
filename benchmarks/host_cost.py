"""Compare what a frame costs the host: our detector against the SDK's own loop, side by side."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import edge_impulse_linux.image as sdk
import numpy as np
from edge_impulse_linux.image import ImageImpulseRunner

from parking_monitor import jpeg
from parking_monitor.detection.detector import Detector
from parking_monitor.values import Frame, Image, ModelType
from tests.support.models import Script, write_fake_eim

ROUNDS = 5
FRAMES_A_ROUND = 60


@dataclass(frozen=True, slots=True)
class Input:
    """Hold the input of a model: pixels a side and channels."""

    side: int
    channels: int

    def __str__(self) -> str:
        return f'{self.side}x{self.side} ' + ('grey' if self.channels == 1 else 'RGB')


INPUTS = (Input(96, 1), Input(160, 3), Input(320, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCost:
    """Hold CPU milliseconds of the host process a frame, medians over the rounds.

    `ours` and `sdk` go from the decoded 640x480 frame to the detections; the
    model is a process of its own and not in them. The decoding of the JPEG is
    beside them: ours at the smallest scale that covers the input, the SDK's whole.
    """

    input: str
    ours_ms: float
    sdk_ms: float
    ours_decoding_ms: float
    sdk_decoding_ms: float

    @property
    def ratio(self) -> float:
        """Return how many times less ours costs."""
        return self.sdk_ms / self.ours_ms


def measure(frames: list[Image]) -> list[HostCost]:
    """Measure each input on the same frames with the same .eim, in turns so that drift hits both."""
    with TemporaryDirectory() as folder:
        return [_measure_one(size, frames, Path(folder)) for size in INPUTS]


def as_dicts(costs: list[HostCost]) -> list[dict[str, object]]:
    """Return what goes into the JSON."""
    return [{**asdict(cost), 'ratio': cost.ratio} for cost in costs]


def _measure_one(size: Input, frames: list[Image], folder: Path) -> HostCost:
    eim = write_fake_eim(
        folder / f'{size.side}-{size.channels}.eim',
        width=size.side,
        height=size.side,
        channels=size.channels,
        model_type=ModelType.BOXES,
        script=Script(answers=[[('car', 0.9, 10, 10, 20, 12), ('car', 0.8, 50, 40, 20, 12)]]),
    )
    pictures = [jpeg.encode(frame) for frame in frames]
    cover = (size.side, size.side)
    rounds: dict[str, list[float]] = {name: [] for name in ('ours', 'sdk', 'ours_decoding', 'sdk_decoding')}
    with Detector(eim, labels=['car'], confidence=0.5) as detector, _sdk_loop(eim, frames) as classify_next:

        def ours(number: int) -> None:
            image = frames[number % len(frames)]
            detector.detect(Frame(stamp_ns=number, width=image.shape[1], height=image.shape[0], image=image))

        steps: dict[str, Callable[[int], object]] = {
            'ours': ours,
            'sdk': lambda _number: classify_next(),
            'ours_decoding': lambda number: jpeg.decode(pictures[number % len(pictures)], cover),
            'sdk_decoding': lambda number: jpeg.decode(pictures[number % len(pictures)]),
        }
        for step in steps.values():
            _cpu_ms(step)  # once, so that nothing is measured cold
        for _ in range(ROUNDS):
            for name, step in steps.items():
                rounds[name].append(_cpu_ms(step))
    middle = {name: float(np.median(values)) for name, values in rounds.items()}
    return HostCost(
        input=str(size),
        ours_ms=middle['ours'],
        sdk_ms=middle['sdk'],
        ours_decoding_ms=middle['ours_decoding'],
        sdk_decoding_ms=middle['sdk_decoding'],
    )


def _cpu_ms(step: Callable[[int], object]) -> float:
    started_s = time.process_time()
    for number in range(FRAMES_A_ROUND):
        step(number)
    return (time.process_time() - started_s) * 1000 / FRAMES_A_ROUND


class _DecodedFrames:
    """Stand where the SDK's loop has its camera, and give frames that are decoded already."""

    def __init__(self, frames: list[Image]) -> None:
        self._frames = frames
        self._next = 0

    def __call__(self, *_device: int) -> '_DecodedFrames':
        return self

    def read(self) -> tuple[bool, Image]:
        self._next += 1
        return True, self._frames[self._next % len(self._frames)]

    def release(self) -> None:
        """Hold nothing."""


@contextmanager
def _sdk_loop(eim: Path, frames: list[Image]) -> Iterator[Callable[[], object]]:
    """Run the SDK's `classifier()` loop; gives a function that takes it one frame further."""
    runner = ImageImpulseRunner(str(eim))
    with mock.patch.object(sdk.cv2, 'VideoCapture', _DecodedFrames(frames)):
        runner.init()
        try:
            with runner:
                results = runner.classifier(0)
                yield lambda: next(results)
        finally:
            runner.stop()
