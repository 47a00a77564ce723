"""Find cars in pictures with the operator's model: CompressedImage in, Detections out."""

import dataclasses
import hashlib
import threading
import time
from concurrent.futures import Future as SwapResult
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetModel
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import Trigger

from parking_monitor.counting.view_guard import ViewGuard
from parking_monitor.detection import model_file
from parking_monitor.detection.choice import ModelChoice
from parking_monitor.detection.errors import DetectionError
from parking_monitor.detection.model_info import ModelInfo
from parking_monitor.detection.studio.errors import StoreError
from parking_monitor.detection.studio.store import FOLDER, StudioStore
from parking_monitor.detection.supervised import DetectorState, DetectorStatus, SupervisedDetector
from parking_monitor.jpeg import JpegError
from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.places import to_places
from parking_monitor.nodes.running import run
from parking_monitor.nodes.vision_output import make_vision_output
from parking_monitor.values import Detections, Frame, View

_FOLLOW_S = 1.0

_VIEW_TEXTS = {
    View.CLEAR: 'the view is clear',
    View.FROZEN: 'the picture is frozen, the same comes again and again: look at the camera and its cable',
    View.COVERED: 'nothing can be seen: look whether the lens is covered, or all lamps are off',
    View.MOVED: (
        'the camera was moved, or something stands before it: put it back; or accept the new view with '
        "'ros2 service call {service} std_srvs/srv/Trigger', and draw zones, bays and gates again"
    ),
}


class EiDetector(Node):
    """Give the newest picture to the model, always; pictures that come meanwhile are left out."""

    def __init__(self) -> None:
        super().__init__('ei_detector')
        name = declare(
            self,
            'model',
            model_file.DEFAULT_MODEL,
            "Path of an .eim or .onnx, or 'default'; changed by ~/set_model alone",
            fixed=False,
        )
        models = declare(
            self,
            'models_folder',
            '',
            "Folder of models; 'default' is Studio's newest in it; empty: none",
        )
        store = StudioStore(Path(models) / FOLDER) if models else None
        self._model = ModelChoice(name, _shipped_model(), store, self.get_logger().error)
        labels = declare(self, 'labels', ['car'], 'Labels to publish; none stands for all', fixed=False)
        confidence = declare(
            self, 'confidence', 0.5, 'Confidence from which on to publish', limits=(0, 1), fixed=False
        )
        reference = declare(
            self, 'view_reference', '', 'File that keeps what the view should look like; empty for none'
        )
        watch_view = declare(
            self, 'watch_view', True, 'Whether to notice a frozen picture, a covered lens, a moved camera'
        )
        places = declare(
            self,
            'places',
            '',
            'Zones, bays and gates as the counter gets them: other ones were drawn on what is seen then, '
            'which becomes the view to watch for',
            fixed=False,
        )
        self._guard = ViewGuard(Path(reference) if reference else None) if watch_view else None
        self._set_places(places)
        self._last_view = View.CLEAR
        self._last_problem = ''
        self._publisher = self.create_publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        self._vision_output = make_vision_output(self)
        self._detector = SupervisedDetector(self._model.in_use, labels, confidence)
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
        self._is_following = False
        # In a group of its own: while a model is tried out, the callbacks of the node's group go on.
        self.create_service(
            SetModel, '~/set_model', self._on_set_model, callback_group=ReentrantCallbackGroup()
        )
        self.create_service(Trigger, '~/accept_view', self._on_accept_view)
        on_change(
            self,
            {
                'labels': self._set_labels,
                'confidence': self._set_confidence,
                'model': self._refuse_untried_model,
                'places': self._set_places,
            },
        )
        self._last_state = DetectorState.STARTING
        self._last_labels = ''
        self._health = Health(self, self._report)
        self.create_timer(0.2, self._tell_change)
        self.create_timer(_FOLLOW_S, self._follow)
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
                view = self._look(frame)
            except JpegError as error:
                self.get_logger().warning(f'picture left out: {error}', throttle_duration_sec=10)
                continue
            detections = self._detector.detect(frame)
            if detections is not None and not self._closing:
                self._publish(dataclasses.replace(detections, view=view), message)

    def _look(self, frame: Frame) -> View:
        if self._guard is None:
            return View.CLEAR
        try:
            return self._guard.look(frame)
        except JpegError:
            return self._guard.view  # the detector refuses this frame too, and counts it

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

    def _on_accept_view(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._guard is not None and self._guard.accept()
        if response.success:
            response.message = (
                'accepted; zones, bays and gates that were drawn for another view are wrong now'
            )
        elif self._guard is None:
            response.message = 'refused: the parameter watch_view is false'
        else:
            response.message = 'refused: too little is seen now; ask again by light'
        self.get_logger().info(f'accept_view: {response.message}')
        return response

    async def _on_set_model(
        self, request: SetModel.Request, response: SetModel.Response
    ) -> SetModel.Response:
        if self._swapping:
            response.success = False
            response.message = f'refused: {self._swapping} is being tried out; ask again after it'
            return response
        self._swapping = request.path
        path = self._model.path_of(request.path)
        try:
            info = (await self._swap(path)).result()
        except DetectionError as error:
            response.success = False
            response.message = f'refused, the present model stays: {error}'
        else:
            response.success = True
            response.message = f'{info.name} version {info.version}'
            self._model.is_used(request.path, path)
            self.set_parameters([Parameter('model', value=request.path)])
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

    def _follow(self) -> None:
        """Change to the model that 'default' stands for now, where it is another one."""
        if self._swapping or self._is_following or self._closing:
            return
        status = self._detector.status
        try:
            path = self._model.wanted(status.failures, status.last_error, time.monotonic())
        except StoreError as error:
            self.get_logger().error(str(error), throttle_duration_sec=60)
            return
        if path is not None:
            self._is_following = True
            self._swap(path).add_done_callback(partial(self._on_followed, path))

    def _on_followed(self, path: Path, outcome: Future) -> None:
        self._is_following = False
        if self._closing:
            return
        try:
            info = outcome.result().result()
        except DetectionError as error:
            self.get_logger().warning(f'the present model stays: {error}')
            self._refuse_followed(path, str(error))
        else:
            self._model.is_used(model_file.DEFAULT_MODEL, path)
            self.get_logger().info(f'model is {info.name} version {info.version} now ({path.name})')
            self._health.publish()

    def _refuse_followed(self, path: Path, reason: str) -> None:
        try:
            self._model.is_refused(path, reason, time.monotonic())
        except StoreError as error:
            self.get_logger().error(str(error), throttle_duration_sec=60)

    def _set_labels(self, labels: list[str]) -> None:
        self._detector.labels = labels

    def _set_places(self, text: str) -> None:
        if not text:
            return  # those of the start; what they were drawn on, nobody says
        found = to_places(text)
        name = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
        if self._guard is not None and self._guard.is_drawn_for(name):
            self.get_logger().info('other places were drawn: what is seen now is the view to watch for')

    def _refuse_untried_model(self, model: str) -> None:
        if model != self._model.name:
            raise ValueError('model: call the service ~/set_model, which tries a model before it is used')

    def _set_confidence(self, confidence: float) -> None:
        self._detector.confidence = confidence

    def _tell_change(self) -> None:
        if not self._worker.is_alive():
            raise RuntimeError('the detection thread died; see its traceback above')
        if not self._detector.is_kept:
            raise RuntimeError('the thread that restarts the model died; see its traceback above')
        status = self._detector.status
        self._tell_labels(status)
        self._tell_view()
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

    def _tell_view(self) -> None:
        """Log a change of the view, or of what is wrong with its file, once."""
        if self._guard is None:
            return
        view, problem = self._guard.view, self._guard.problem
        if problem != self._last_problem:
            self._last_problem = problem
            if problem:
                self.get_logger().warning(problem)
        if view is not self._last_view:
            self._last_view = view
            if view is View.CLEAR:  # rclpy refuses two severities from one line
                self.get_logger().info(self._view_text(view))
            else:
                self.get_logger().error(self._view_text(view))
            self._health.publish()

    def _view_text(self, view: View) -> str:
        return _VIEW_TEXTS[view].format(service=self.resolve_service_name('~/accept_view'))

    def _report(self) -> Report:
        status = self._detector.status
        level, message = Level.OK, 'detecting'
        if status.state is not DetectorState.RUNNING:
            level, message = Level.ERROR, f'model {status.state}: {status.last_error or "no answer yet"}'
        elif self._last_view is not View.CLEAR:
            level, message = Level.ERROR, self._view_text(self._last_view)
        elif self._last_problem:
            level, message = Level.WARN, f'detecting; {self._last_problem}'
        elif missing := _missing_labels(status):
            level, message = Level.WARN, f'detecting; {missing}'
        values = {
            'model': status.info.name if status.info else status.model_path,
            'version': status.info.version if status.info else '',
            'origin': self._model.origin_of(status.model_path),
            'file': status.model_path,
            'inference_ms': status.inference_ms,
            'received': self._received,
            'detected': status.frames_detected,
            'missed': status.frames_missed,
            'refused': status.frames_refused,
            'model_restarts': status.restarts,
            'model_pid': status.pid,
            'unknown_labels': ', '.join(status.unknown_labels),
            'last_error': status.last_error,
            **self._view_values(),
        }
        return Report(level, message, values)

    def _view_values(self) -> dict[str, object]:
        if self._guard is None:
            return {'view': 'not watched'}
        sight = self._guard.sight
        return {
            'view': self._last_view.name,
            'view_fits_elsewhere': sight.elsewhere,
            'view_detail': sight.detail,
        }


def _shipped_model() -> Path:
    return Path(get_package_share_directory('parking_monitor')) / 'models' / 'default.onnx'


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
