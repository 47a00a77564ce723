"""Publish the frames of one camera: V4L2, a file, stills, a stream or a simulated scene."""

import logging
from functools import partial
from pathlib import Path

from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from parking_monitor import jpeg
from parking_monitor.camera.address import parse_source
from parking_monitor.camera.calibration import Calibration, read_calibration
from parking_monitor.camera.capture import CameraEvent, Capture, Ended, Opened, Retrying
from parking_monitor.camera.errors import CameraError
from parking_monitor.camera.source import FrameSource, Pace, SourceSpec
from parking_monitor.camera.sources import open_source
from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare
from parking_monitor.nodes.running import run
from parking_monitor.values import Detections, Frame

_SIMULATION = 'sim'
# At the pace of the graph the next picture is given when the last one was counted; one that got lost,
# or came before the model was ready, is sent again.
_SEND_AGAIN_AFTER_S = 1.0
_GIVE_UP_AFTER_S = 60.0


class UsbCam(Node):
    """Keep frames coming, and say when they do not."""

    def __init__(self) -> None:
        super().__init__('usb_cam')
        source = declare(
            self,
            'source',
            'auto',
            'auto, a port number, /dev/..., a video, a folder of stills, a URL, sim:<scene>',
        )
        width = declare(self, 'width', 640, 'Wanted width, pixels', limits=(32, 7680))
        height = declare(self, 'height', 480, 'Wanted height, pixels', limits=(32, 4320))
        rate_hz = declare(
            self, 'rate_hz', 10.0, 'Wanted frames a second; more is thinned out', limits=(0.001, 120)
        )
        pace = declare(
            self, 'pace', 'clock', 'Of recordings: their own clock, or graph: as fast as it is processed'
        )
        loop = declare(self, 'loop', True, 'Begin a recording again at its end')
        calibration = declare(
            self, 'calibration', '', 'YAML of camera_calibration; none publishes no camera_info'
        )
        self._frame_id = declare(self, 'frame_id', 'camera', 'frame_id of every message')
        self._quality = declare(
            self, 'jpeg_quality', 85, 'Of frames that are not JPEG yet, 1 to 100', limits=(1, 100)
        )
        self._ended = False
        self._unanswered: CompressedImage | None = None
        self._last_event = 'starting'
        spec = SourceSpec(
            source=source,
            width=width,
            height=height,
            rate_hz=rate_hz,
            pace=Pace(pace),
            loop=loop,
            acknowledge_deadline_s=_GIVE_UP_AFTER_S,
            report=self._log,
        )
        self._make_publishers(source, calibration)
        self._capture = Capture(partial(self._open, spec), self._on_frame, self._on_event)
        if spec.pace is Pace.GRAPH:
            self.create_subscription(CarCount, 'car_count', self._on_count, qos.CAR_COUNT)
            self.create_timer(_SEND_AGAIN_AFTER_S, self._send_again)
        self._health = Health(self, self._report)
        self._capture.start()
        self.create_timer(1.0, self._end_without_capture)

    def close(self) -> None:
        """Stop capturing and give the camera back."""
        self._capture.stop()

    def _make_publishers(self, source: str, calibration: str) -> None:
        self._compressed = self.create_publisher(
            CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE
        )
        self._raw = self.create_publisher(Image, 'image_raw', qos.RAW_IMAGE)
        self._calibration = _read(calibration)
        self._camera_info = (
            self.create_publisher(CameraInfo, 'camera_info', qos.CAMERA_INFO) if self._calibration else None
        )
        is_simulated = _is_simulated(source)
        self._truth = (
            self.create_publisher(DetectionsMessage, 'truth', qos.DETECTIONS) if is_simulated else None
        )

    def _open(self, spec: SourceSpec) -> FrameSource:
        return open_source(spec, {_SIMULATION: self._simulate})

    def _simulate(self, scene: str, spec: SourceSpec) -> FrameSource:
        # Only a simulated camera pays for the simulator's memory.
        from parking_monitor.simulation.frame_source import SimulatedSource  # noqa: PLC0415

        return SimulatedSource(scene, spec, self._publish_truth)

    def _on_frame(self, frame: Frame) -> None:
        header = convert.to_header(frame.stamp_ns, self._frame_id)
        picture = jpeg.encoded(frame, self._quality)
        self._unanswered = convert_images.to_compressed_image(picture, header)
        self._compressed.publish(self._unanswered)
        if self._raw.get_subscription_count():
            self._publish_raw(frame, header)
        if self._camera_info is not None and self._calibration is not None:
            self._camera_info.publish(convert_images.to_camera_info(self._calibration, header))

    def _publish_raw(self, frame: Frame, header: Header) -> None:
        try:
            self._raw.publish(convert_images.to_image(jpeg.decoded(frame), header))
        except jpeg.JpegError as error:
            self.get_logger().warning(f'raw image left out: {error}', throttle_duration_sec=10)

    def _publish_truth(self, truth: Detections) -> None:
        if self._truth is not None:
            header = convert.to_header(truth.stamp_ns, self._frame_id)
            self._truth.publish(convert.to_detections_message(truth, header))

    def _on_count(self, message: CarCount) -> None:
        if self._unanswered is not None and message.header.stamp == self._unanswered.header.stamp:
            self._unanswered = None
            self._capture.acknowledge(convert.to_stamp_ns(message.header.stamp))

    def _send_again(self) -> None:
        if self._unanswered is not None:
            self._compressed.publish(self._unanswered)

    def _on_event(self, event: CameraEvent) -> None:
        level = logging.INFO if isinstance(event, Opened | Ended) else logging.ERROR
        self._log(level, str(event))
        self._ended = isinstance(event, Ended)
        if not isinstance(event, Retrying):
            self._last_event = str(event)
        self._health.publish()

    def _end_without_capture(self) -> None:
        """End this process when a fault of our own ended the capture, so that it is started again."""
        if not self._capture.running and not self._ended:
            raise RuntimeError('the capture thread died; see its traceback above')

    def _log(self, level: int, text: str) -> None:
        logger = self.get_logger()
        if level >= logging.ERROR:
            logger.error(text)
        elif level >= logging.WARNING:
            logger.warning(text)
        else:
            logger.info(text)

    def _report(self) -> Report:
        statistics = self._capture.statistics()
        values = {
            'frames': statistics.frames,
            'rate_hz': statistics.rate_hz,
            'lost': statistics.lost,
            'failures': statistics.failures,
            'last_frame_age_s': statistics.last_frame_age_s,
            'source': statistics.info or '',
        }
        if statistics.info is not None:
            return Report(Level.OK, 'capturing', values)
        if self._ended:
            return Report(Level.OK, self._last_event, values)
        return Report(Level.ERROR, self._last_event, values)


def _is_simulated(source: str) -> bool:
    try:
        return parse_source(source, {_SIMULATION}).scheme == _SIMULATION
    except CameraError as error:
        raise ValueError(str(error)) from error


def _read(calibration: str) -> Calibration | None:
    try:
        return read_calibration(Path(calibration)) if calibration else None
    except CameraError as error:
        raise ValueError(str(error)) from error


def main() -> None:
    """Run the node."""
    run(UsbCam)
