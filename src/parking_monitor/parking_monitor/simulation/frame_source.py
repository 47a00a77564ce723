"""Let a simulated scene be a camera: `source: sim:day_lane`."""

from collections.abc import Callable

from parking_monitor.camera.errors import SourceError
from parking_monitor.camera.recording import RecordingSource
from parking_monitor.camera.source import SourceInfo, SourceSpec
from parking_monitor.simulation.errors import SimulationError
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.truth import FrameTruth
from parking_monitor.values import Detection, Detections, Frame

_NS_PER_S = 1_000_000_000

TruthListener = Callable[[Detections], None]


class SimulatedSource(RecordingSource):
    """Film a scene, and tell the truth of every frame.

    Args:
        scene: name of a scene that ships, or the path of one.
        spec: what is wanted.
        on_truth: takes the truth of each frame just before the frame is given.
    """

    def __init__(self, scene: str, spec: SourceSpec, on_truth: TruthListener) -> None:
        super().__init__(spec)
        self._name = scene
        self._on_truth = on_truth
        self._rate_hz = 0.0
        self._simulator: Simulator | None = None
        self._truth: FrameTruth | None = None

    def start(self) -> SourceInfo:
        """Load the scene."""
        width, height = self.spec.width or 640, self.spec.height or 480
        try:
            scene = load_scene(self._name)
            self._simulator = Simulator(scene, width=width, height=height)
        except SimulationError as error:
            raise SourceError(str(error)) from error
        self._rate_hz = self.spec.rate_hz or scene.rate_hz
        return SourceInfo(
            kind='sim',
            description=self._name,
            width=width,
            height=height,
            rate_hz=self._rate_hz,
            native_rate_hz=scene.rate_hz,
            pixel_format='BGR',
            jpeg_passthrough=False,
            can_end=not self.spec.loop,
            live=False,
        )

    def show(self, number: int) -> Frame | None:
        """Render a frame."""
        assert self._simulator is not None  # noqa: S101 - the base class starts first
        time_s = number / self._rate_hz
        duration_s = self._simulator.duration_s
        if duration_s is not None and time_s >= duration_s and not self.spec.loop:
            return None
        scene_time_s = time_s % duration_s if duration_s else time_s
        rendered = self._simulator.frame(scene_time_s)
        self._truth = rendered.truth
        height, width = rendered.image.shape[:2]
        return Frame(stamp_ns=round(time_s * _NS_PER_S), width=width, height=height, image=rendered.image)

    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame when it is due, after telling its truth."""
        frame = super().read(timeout_s)
        if frame is not None and self._truth is not None:
            self._on_truth(as_detections(self._truth, frame))
        return frame

    def finish(self) -> None:
        """Forget the scene."""
        self._simulator = None


def as_detections(truth: FrameTruth, frame: Frame) -> Detections:
    """Return the truth as a perfect model would say it; confidence is the visible share, 0 to 1."""
    return Detections(
        stamp_ns=frame.stamp_ns,
        image_width=frame.width,
        image_height=frame.height,
        items=tuple(Detection('car', car.visibility, car.box) for car in truth.cars),
        model_name='truth',
    )
