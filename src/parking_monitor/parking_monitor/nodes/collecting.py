"""Collect from the cameras of a device.

Apart from the node, since a device that only counts has no use for it: what this needs (OpenCV, an HTTP
client) takes 58 MB, which are not loaded before something is collected.
"""

import datetime as dt
import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from pydantic import SecretStr
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage

from parking_monitor.cloud.collect_memory import FILE_NAME, CollectMemory
from parking_monitor.cloud.collect_rules import CollectRules, CollectSettings
from parking_monitor.cloud.collector import Collector, Picture, Privacy
from parking_monitor.cloud.errors import StoreError
from parking_monitor.cloud.ingestion import BASE_URL, IngestionClient
from parking_monitor.cloud.sample import Reason
from parking_monitor.cloud.sample_store import SampleStore
from parking_monitor.cloud.sample_uploader import SampleUploader, UploaderState
from parking_monitor.counting.merging import merge
from parking_monitor.jpeg import JpegError
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.health import Level
from parking_monitor.time_zone import to_time_zone
from parking_monitor.values import CountState, Detection, Detections, ModelType, View

_KEY_VARIABLE = 'EI_API_KEY_IMAGE'
# Pictures that wait for their detections; a slow model makes the older ones useless.
_MOST_WAITING = 10
# After so long without an answer of the model, its word is not waited for.
_NO_DETECTOR_S = 10.0
_SILENCE_S = 30.0
# Of cars that the model is at least so sure of the size is believed.
_SURE_OF_SIZE = 0.5
_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectingSettings:
    """Hold the parameters of the node; those of the rules are in `rules`."""

    cameras: tuple[str, ...]
    labels: frozenset[str]
    rules: CollectSettings
    privacy: str
    folder: str
    spool_mb: int
    testing_share: float
    suggest_labels: bool
    time_zone: str
    daily_limit: int
    label: str
    base_url: str


class _Camera:
    """Hold what the collector has of one camera."""

    def __init__(self, name: str, settings: CollectSettings) -> None:
        self.name = name
        self.rules = CollectRules(settings)
        self.subscriptions: list[Subscription] = []
        self.pictures: OrderedDict[int, CompressedImage] = OrderedDict()
        self.detections: Detections | None = None
        self.cars: tuple[Detection, ...] = ()
        self.seen_s = self.detected_s = time.monotonic()

    def forget(self) -> None:
        """Begin anew after a pause."""
        self.rules.forget()
        self.pictures.clear()
        self.detections = None
        self.seen_s = self.detected_s = time.monotonic()


class Collecting:
    """Put pictures, detections and counts to the rules, between `start` and `stop`.

    Args:
        node: subscribes; all happens on the thread of its executor.
        settings: what to collect, and what becomes of it.

    Raises:
        ValueError: when that cannot be.
    """

    def __init__(self, node: Node, settings: CollectingSettings) -> None:
        self._node = node
        self._labels = settings.labels
        self._limit = settings.daily_limit
        self._cameras = {name: _Camera(name, settings.rules) for name in settings.cameras}
        self._collected = 0
        self._problem = ''
        self._privacy = Privacy(settings.privacy)
        self._folder = Path(settings.folder)
        self._open(settings)
        self._client: IngestionClient | None = None
        self._uploader: SampleUploader | None = None
        self._key_problem = ''
        if self._privacy is not Privacy.LOCAL:
            self._make_uploader(settings)

    @property
    def values(self) -> dict[str, object]:
        """Return what /diagnostics shows."""
        state = self._uploader.state if self._uploader else UploaderState()
        return {
            'collected': self._collected,
            'waiting' if self._privacy is not Privacy.LOCAL else 'kept': len(self._store),
            'size_mb': self._store.size / _BYTES_PER_MB,
            'dropped': self._store.dropped,
            'uploaded_today': f'{self._memory.uploaded_today} of {self._limit}',
            'duplicates': state.duplicates,
            'refused': state.refused,
            'last_refusal': state.last_refusal,
            'last_error': state.last_error,
        }

    def start(self) -> None:
        """Collect and upload from now on."""
        if self._uploader:
            self._uploader.enable(True)
        for camera in self._cameras.values():
            if not camera.subscriptions:
                camera.forget()
                camera.subscriptions = self._subscribe(camera)

    def stop(self) -> None:
        """Collect and upload nothing; what is kept waits."""
        if self._uploader:
            self._uploader.enable(False)
        for camera in self._cameras.values():
            for subscription in camera.subscriptions:
                self._node.destroy_subscription(subscription)
            camera.subscriptions = []
            camera.forget()

    def close(self) -> None:
        """Upload nothing more."""
        if self._uploader:
            self._uploader.stop()
        if self._client:
            self._client.close()

    def ask(self, name: str) -> str:
        """Ask for the next picture of a camera, or of all by an empty name, and return which they are.

        Raises:
            ValueError: when there is no such camera.
        """
        asked = [camera for camera in self._cameras.values() if name in {'', camera.name}]
        if not asked:
            raise ValueError(f'no camera {name!r}; there are: {", ".join(self._cameras) or "none"}')
        for camera in asked:
            camera.rules.ask()
        return ', '.join(camera.name for camera in asked)

    def check(self) -> None:
        """End this process when a fault of our own ended the uploader, so that it is started again."""
        if self._uploader and not self._uploader.is_alive:
            raise RuntimeError('the uploading thread died; see its traceback above')

    def judgement(self) -> tuple[Level, str]:
        """Return how bad it is and why, the worst first."""
        state = self._uploader.state if self._uploader else UploaderState()
        silent = [camera.name for camera in self._cameras.values() if _is_silent(camera)]
        problems = (
            self._problem,
            self._key_problem,
            state.last_error and f'pictures wait: {state.last_error}',
            state.last_refusal and f'pictures were refused and set aside, the last one: {state.last_refusal}',
            silent and f'no pictures of {", ".join(silent)}; usb_cam on /diagnostics says why',
        )
        for problem in problems:
            if problem:
                return Level.WARN, problem
        if state.is_limited:
            return Level.OK, f'collecting; {self._limit} were uploaded today, the others wait for tomorrow'
        return Level.OK, 'collecting' if self._uploader else f'collecting; pictures stay in {self._folder}'

    def _open(self, settings: CollectingSettings) -> None:
        is_local = self._privacy is Privacy.LOCAL
        zone = to_time_zone(settings.time_zone)
        if not settings.folder:
            raise ValueError('folder is empty; name where pictures wait')
        try:
            self._store = SampleStore(
                self._folder / ('kept' if is_local else 'outgoing'),
                settings.spool_mb * _BYTES_PER_MB,
                keeps_labels=is_local,
            )
        except StoreError as error:
            raise ValueError(str(error)) from None
        self._memory = CollectMemory(self._folder / FILE_NAME, lambda: dt.datetime.now(zone).date())
        if self._memory.problem:
            self._node.get_logger().warning(self._memory.problem)
        self._collector = Collector(
            self._store,
            self._memory,
            hides=self._privacy,
            testing_share=settings.testing_share,
            suggests_labels=settings.suggest_labels,
        )

    def _make_uploader(self, settings: CollectingSettings) -> None:
        key = os.environ.get(_KEY_VARIABLE, '').strip()
        if not key:
            self._key_problem = (
                'EI_API_KEY_IMAGE is not set: pictures wait on the device; it is on the Dashboard of your '
                'Edge Impulse project, under Keys'
            )
            return
        try:
            self._client = IngestionClient(
                SecretStr(key), label=settings.label, base_url=settings.base_url or BASE_URL
            )
        except ValueError as error:
            self._key_problem = f'{error}; pictures wait on the device'
            return
        self._uploader = SampleUploader(
            self._client, self._store, self._memory, daily_limit=self._limit, enabled=False
        )
        self._uploader.start()

    def _subscribe(self, camera: _Camera) -> list[Subscription]:
        inputs = (
            (CompressedImage, 'image_raw/compressed', self._on_picture, qos.COMPRESSED_IMAGE),
            (DetectionsMessage, 'detections', self._on_detections, qos.DETECTIONS),
            (CarCount, 'car_count', self._on_count, qos.CAR_COUNT),
        )
        return [
            self._node.create_subscription(kind, f'{camera.name}/{topic}', partial(callback, camera), profile)
            for kind, topic, callback, profile in inputs
        ]

    def _on_picture(self, camera: _Camera, message: CompressedImage) -> None:
        now_s = time.monotonic()
        camera.seen_s = now_s
        camera.pictures[convert.to_stamp_ns(message.header.stamp)] = message
        while len(camera.pictures) > _MOST_WAITING:
            camera.pictures.popitem(last=False)
        if reason := camera.rules.of_picture(now_s):
            self._take(camera, message, reason)
        elif now_s - camera.detected_s > _NO_DETECTOR_S:
            self._look_at_scene(camera, message)

    def _on_detections(self, camera: _Camera, message: DetectionsMessage) -> None:
        try:
            detections = convert.to_detections(message)
        except ValueError as error:
            self._node.get_logger().warning(
                f'{camera.name}: detections left out: {error}', throttle_duration_sec=10
            )
            return
        now_s = camera.detected_s = time.monotonic()
        camera.detections = detections
        camera.cars = tuple(car for car in merge(detections) if not self._labels or car.label in self._labels)
        self._note_sizes(camera)
        picture = self._picture_of(camera, detections.stamp_ns)
        if picture is None or detections.view is not View.CLEAR:
            return
        if reason := camera.rules.of_cars(camera.cars, now_s):
            self._take(camera, picture, reason)
        else:
            self._look_at_scene(camera, picture)

    def _on_count(self, camera: _Camera, message: CarCount) -> None:
        detections, stamp_ns = camera.detections, convert.to_stamp_ns(message.header.stamp)
        if (
            detections is None
            or detections.stamp_ns != stamp_ns
            or message.state != CountState.OK
            # Cells are not cars: only the counter knows how many of them one has.
            or detections.model_type is not ModelType.BOXES
        ):
            return
        reason = camera.rules.of_numbers(len(camera.cars), message.cars, time.monotonic())
        picture = self._picture_of(camera, stamp_ns)
        if reason and picture is not None:
            self._take(camera, picture, reason)

    def _note_sizes(self, camera: _Camera) -> None:
        """Remember how large cars are: it tells how large plates and faces can be."""
        if camera.detections and camera.detections.model_type is ModelType.BOXES:
            for car in camera.cars:
                if car.confidence >= _SURE_OF_SIZE:
                    self._memory.note_car(camera.name, min(car.box.width, car.box.height))

    @staticmethod
    def _picture_of(camera: _Camera, stamp_ns: int) -> CompressedImage | None:
        for older in [stamp for stamp in camera.pictures if stamp < stamp_ns]:
            del camera.pictures[older]
        return camera.pictures.get(stamp_ns)

    def _look_at_scene(self, camera: _Camera, message: CompressedImage) -> None:
        if not camera.rules.wants_to_look(time.monotonic()):
            return
        try:
            is_new = self._collector.is_new_scene(_to_picture(camera, message))
        except JpegError as error:
            self._warn(camera, error)
            return
        if is_new:
            self._take(camera, message, Reason.NEW_SCENE)

    def _take(self, camera: _Camera, message: CompressedImage, reason: Reason) -> None:
        camera.rules.take(reason, time.monotonic())
        picture = _to_picture(camera, message)
        cars: tuple[Detection, ...] | None = None
        model = ''
        seen = camera.detections
        if seen and seen.stamp_ns == picture.stamp_ns:
            model = f'{seen.model_name} {seen.model_version}'.strip()
            # A cell does not tell how large its car is, so it is no label.
            cars = camera.cars if seen.model_type is ModelType.BOXES else None
        try:
            sample = self._collector.take(picture, reason, cars, model)
        except JpegError as error:
            self._warn(camera, error)
            return
        except StoreError as error:
            self._problem = f'pictures are not kept: {error}'
            return
        self._problem = ''
        if sample is None:
            return
        self._collected += 1
        self._node.get_logger().info(f'{camera.name}: collected for {sample.category}: {reason}')
        if self._uploader:
            self._uploader.wake()

    def _warn(self, camera: _Camera, error: Exception) -> None:
        self._node.get_logger().warning(f'{camera.name}: picture left out: {error}', throttle_duration_sec=10)


def _to_picture(camera: _Camera, message: CompressedImage) -> Picture:
    return Picture(camera.name, convert.to_stamp_ns(message.header.stamp), bytes(message.data))


def _is_silent(camera: _Camera) -> bool:
    return time.monotonic() - camera.seen_s > _SILENCE_S
