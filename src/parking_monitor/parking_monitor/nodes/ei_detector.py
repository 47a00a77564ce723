"""Find cars in pictures with the operator's model: CompressedImage in, Detections out."""

import threading
from concurrent.futures import Future as SwapResult
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetModel
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage

from parking_monitor.detection import model_file
from parking_monitor.detection.errors import DetectionError
from parking_monitor.detection.model_info import ModelInfo
from parking_monitor.detection.supervised import DetectorState, DetectorStatus, SupervisedDetector
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
        self._detector = SupervisedDetector(_path_of(model), labels, confidence)
        self._newest: CompressedImage | None = None
        self._received = 0
        self._closing = False
        self._arrival = threading.Condition()
        self._worker = threading.Thread(target=self._work, name='detection', daemon=True)
        self.create_subscription(
            CompressedImage, 'image_raw/compressed', self._on_picture, qos.COMPRESSED_IMAGE
        )
        self._swapper = ThreadPoolExecutor(1, 'model-swap')
        self._swapping = ''
        # In a group of its own: while a model is tried out, the callbacks of the node's group go on.
        self.create_service(
            SetModel, '~/set_model', self._on_set_model, callback_group=ReentrantCallbackGroup()
        )
        on_change(self, {'labels': self._set_labels, 'confidence': self._set_confidence})
        self._last_state = DetectorState.STARTING
        self._last_labels = ''
        self._health = Health(self, self._report)
        self.create_timer(0.2, self._tell_change)
        self._worker.start()

    def close(self) -> None:
        """End the worker and the model."""
        with self._arrival:
            self._closing = True
            self._arrival.notify()
        self._detector.close()  # which ends a swap
        self._swapper.shutdown()
        self._worker.join(1.0)

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

    async def _on_set_model(
        self, request: SetModel.Request, response: SetModel.Response
    ) -> SetModel.Response:
        if self._swapping:
            response.success = False
            response.message = f'refused: {self._swapping} is being tried out; ask again after it'
            return response
        self._swapping = request.path
        try:
            info = (await self._swap(_path_of(request.path))).result()
        except DetectionError as error:
            response.success = False
            response.message = f'refused, the present model stays: {error}'
        else:
            response.success = True
            response.message = f'{info.name} version {info.version}'
        finally:
            self._swapping = ''
        self.get_logger().info(f'set_model {request.path}: {response.message}')
        return response

    def _swap(self, model: Path) -> Future:
        """Begin a swap in a thread; the ROS future's result is its outcome, once it is over."""
        executor = self.executor
        outcome = Future(executor=executor)

        def tell(done: SwapResult[ModelInfo]) -> None:
            outcome.set_result(done)
            if not self._closing:
                executor.wake()

        self._swapper.submit(self._detector.swap, model).add_done_callback(tell)
        return outcome

    def _set_labels(self, labels: list[str]) -> None:
        self._detector.labels = labels

    def _set_confidence(self, confidence: float) -> None:
        self._detector.confidence = confidence

    def _tell_change(self) -> None:
        if not self._worker.is_alive():
            raise RuntimeError('the detection thread died; see its traceback above')
        if not self._detector.is_kept:
            raise RuntimeError('the thread that restarts the model died; see its traceback above')
        status = self._detector.status
        self._tell_labels(status)
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

    def _tell_labels(self, status: DetectorStatus) -> None:
        """Warn of labels that never come, once for each model and each choice of labels."""
        missing = _missing_labels(status)
        if status.state is not DetectorState.RUNNING or missing == self._last_labels:
            return
        self._last_labels = missing
        if missing:
            self.get_logger().warning(missing)
        self._health.publish()

    def _report(self) -> Report:
        status = self._detector.status
        level, message = Level.OK, 'detecting'
        if status.state is not DetectorState.RUNNING:
            level, message = Level.ERROR, f'model {status.state}: {status.last_error or "no answer yet"}'
        elif missing := _missing_labels(status):
            level, message = Level.WARN, f'detecting; {missing}'
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
            'unknown_labels': ', '.join(status.unknown_labels),
            'last_error': status.last_error,
        }
        return Report(level, message, values)


def _path_of(model: str) -> Path:
    """Return the file of the model that the operator named."""
    if model == model_file.DEFAULT_MODEL:
        return Path(get_package_share_directory('parking_monitor')) / 'models' / 'default.onnx'
    return Path(model)


def _missing_labels(status: DetectorStatus) -> str:
    """Say which labels are wanted in vain of the model, and which it has; empty when none."""
    if status.info is None or not status.unknown_labels:
        return ''
    verb = 'comes' if len(status.unknown_labels) == 1 else 'come'
    return (
        f'model {status.info.name} answers {", ".join(status.info.labels)}; '
        f'{", ".join(status.unknown_labels)} never {verb}'
    )


def main() -> None:
    """Run the node."""
    run(EiDetector)
