"""Find cars in pictures with the operator's model: CompressedImage in, Detections out."""

import threading
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetModel
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from parking_monitor.detection import model_file
from parking_monitor.detection.errors import DetectionError
from parking_monitor.detection.supervised import DetectorState, SupervisedDetector
from parking_monitor.jpeg import JpegError
from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run
from parking_monitor.nodes.vision_output import make_vision_output
from parking_monitor.values import Detections


class EiDetector(Node):
    """Give the newest picture to the model, always; pictures that come meanwhile are left out."""

    def __init__(self) -> None:
        super().__init__('ei_detector')
        model = declare(
            self, 'model', model_file.DEFAULT_MODEL, "Path of an .eim or .onnx, or 'default'; see ~/set_model"
        )
        labels = declare(self, 'labels', ['car'], 'Labels to publish; none stands for all', fixed=False)
        confidence = declare(
            self, 'confidence', 0.5, 'Confidence from which on to publish', limits=(0, 1), fixed=False
        )
        self._publisher = self.create_publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        self._vision_output = make_vision_output(self)
        self._detector = SupervisedDetector(self._first_model(model), labels, confidence)
        self._newest: CompressedImage | None = None
        self._received = 0
        self._closing = False
        self._arrival = threading.Condition()
        self._worker = threading.Thread(target=self._work, name='detection', daemon=True)
        self.create_subscription(
            CompressedImage, 'image_raw/compressed', self._on_picture, qos.COMPRESSED_IMAGE
        )
        self.create_service(SetModel, '~/set_model', self._on_set_model)
        on_change(self, {'labels': self._set_labels, 'confidence': self._set_confidence})
        self._last_state = DetectorState.STARTING
        self._health = Health(self, self._report)
        self.create_timer(0.2, self._tell_change)
        self._worker.start()

    def close(self) -> None:
        """End the worker and the model."""
        with self._arrival:
            self._closing = True
            self._arrival.notify()
        self._detector.close()
        self._worker.join(1.0)

    def _first_model(self, model: str) -> Path:
        """Return the .eim to begin with; one that cannot be made is told, and waited for as it is."""
        try:
            return _eim_of(model)
        except DetectionError as error:
            self.get_logger().error(str(error))
            return Path(model)

    def _on_picture(self, message: CompressedImage) -> None:
        with self._arrival:
            self._newest = message
            self._received += 1
            self._arrival.notify()

    def _work(self) -> None:
        while (message := self._next_picture()) is not None:
            try:
                frame = convert_images.to_frame(message)
            except JpegError as error:
                self.get_logger().warning(f'picture left out: {error}', throttle_duration_sec=10)
                continue
            detections = self._detector.detect(frame)
            if detections is not None and not self._closing:
                self._publish(detections, message)

    def _next_picture(self) -> CompressedImage | None:
        with self._arrival:
            self._arrival.wait_for(lambda: self._newest is not None or self._closing)
            message, self._newest = self._newest, None
            return None if self._closing else message

    def _publish(self, detections: Detections, message: CompressedImage) -> None:
        answer = convert.to_detections_message(detections, message.header)
        self._publisher.publish(answer)
        if self._vision_output is not None:
            self._vision_output(answer)

    def _on_set_model(self, request: SetModel.Request, response: SetModel.Response) -> SetModel.Response:
        try:
            info = self._detector.swap(_eim_of(request.path))
        except DetectionError as error:
            response.success = False
            response.message = f'refused, the present model stays: {error}'
        else:
            response.success = True
            response.message = f'{info.name} version {info.version}'
        self.get_logger().info(f'set_model {request.path}: {response.message}')
        return response

    def _set_labels(self, labels: list[str]) -> None:
        self._detector.labels = labels

    def _set_confidence(self, confidence: float) -> None:
        self._detector.confidence = confidence

    def _tell_change(self) -> None:
        if not self._worker.is_alive():
            raise RuntimeError('the detection thread died; see its traceback above')
        status = self._detector.status
        if status.state is self._last_state:
            return
        self._last_state = status.state
        if status.state is DetectorState.RUNNING and status.info is not None:
            info = status.info
            self.get_logger().info(
                f'model {info.name} version {info.version}: {info.width}x{info.height}, '
                f'{info.model_type}, labels {", ".join(info.labels)}'
            )
        elif status.last_error:
            self.get_logger().error(f'model {status.state}: {status.last_error}')
        self._health.publish()

    def _report(self) -> Report:
        status = self._detector.status
        is_running = status.state is DetectorState.RUNNING
        message = (
            'detecting' if is_running else f'model {status.state}: {status.last_error or "no answer yet"}'
        )
        values = {
            'model': status.info.name if status.info else status.model_path,
            'version': status.info.version if status.info else '',
            'inference_ms': status.inference_ms,
            'received': self._received,
            'detected': status.frames_detected,
            'missed': status.frames_missed,
            'refused': status.frames_refused,
            'model_restarts': status.restarts,
            'model_pid': status.pid,
            'last_error': status.last_error,
        }
        return Report(Level.OK if is_running else Level.ERROR, message, values)


def _eim_of(model: str) -> Path:
    """Return the .eim to run for what the operator named."""
    if model == model_file.DEFAULT_MODEL:
        share = Path(get_package_share_directory('parking_monitor'))
        return model_file.as_eim(share / 'models' / 'default.onnx')
    return model_file.as_eim(Path(model))


def main() -> None:
    """Run the node."""
    run(EiDetector)
