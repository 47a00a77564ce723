"""Start real nodes in real processes, on a ROS domain of their own, and listen to them."""

import fcntl
import os
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

# Before any rclpy.init: the tests' own nodes keep to this machine too.
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'

import rclpy
import yaml
from ament_index_python.packages import get_package_prefix
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import QoSProfile

from parking_monitor import graph, shared_memory
from parking_monitor.supervisor import die_with_parent
from tests.support.patience import PATIENCE_S, giving_up, patiently

NAMESPACE = '/device/camera'
_DOMAINS = range(1, 100)
_KEPT = 100


class Domain:
    """Hold a ROS domain that no other test on this machine uses."""

    def __init__(self) -> None:
        self._lock: IO[str] | None = None
        self.id = 0

    def __enter__(self) -> int:
        for number in _DOMAINS:
            lock = Path(tempfile.gettempdir(), f'parking_monitor-ros-domain-{number}').open('w')
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self._lock, self.id = lock, number
            return number
        raise RuntimeError(f'all ROS domains from {_DOMAINS[0]} to {_DOMAINS[-1]} are in use')

    def __exit__(self, *_: object) -> None:
        assert self._lock is not None
        Path(self._lock.name).unlink(missing_ok=True)
        self._lock.close()


class Inbox:
    """Collect the messages of one topic, and wait for the one that is meant."""

    def __init__(self) -> None:
        self._messages: deque[Any] = deque()
        self._changed = threading.Condition()

    def put(self, message: Any) -> None:
        with self._changed:
            self._messages.append(message)
            self._changed.notify_all()

    def wait_for(
        self, condition: Callable[[Any], bool] = lambda _message: True, deadline_s: float = PATIENCE_S
    ) -> Any:
        """Return the first message not yet looked at that meets a condition."""
        last = None

        def is_there() -> bool:
            nonlocal last
            while self._messages:
                last = self._messages.popleft()
                if condition(last):
                    return True
            return False

        with self._changed:
            came = patiently(partial(self._changed.wait_for, is_there), deadline_s)
        assert came, f'no such message within {deadline_s} s; the last one was {last}'
        return last

    def drain(self) -> list[Any]:
        """Return what has come and was not looked at."""
        with self._changed:
            messages = list(self._messages)
            self._messages.clear()
        return messages


class RosGraph:
    """Hold nodes under test, and a node of the test's own that talks to them."""

    def __init__(self) -> None:
        self._domain = Domain()
        self._context = Context()
        self._processes: dict[subprocess.Popen[bytes], str] = {}
        self._folder = tempfile.TemporaryDirectory(prefix='ros-graph-')
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._segments = shared_memory.segments()
        self.domain_id = self._domain.__enter__()
        rclpy.init(context=self._context, domain_id=self.domain_id)
        self.node: Node = rclpy.create_node('observer', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._spinner = threading.Thread(target=self._executor.spin, daemon=True)
        self._spinner.start()
        self._stack.enter_context(giving_up(self._check_nodes))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()
        fallen = self._fallen()
        self._end()
        if error is not None:
            for text in fallen:
                error.add_note(text)
        elif fallen:
            raise AssertionError('; '.join(fallen))

    def _end(self) -> None:
        for process in self._processes:
            self._interrupt(process)
        for process in self._processes:
            self.stop(process)
        self._executor.shutdown(timeout_sec=PATIENCE_S)
        # What the executor still looks at must not be destroyed under it.
        self._spinner.join(PATIENCE_S)
        self.node.destroy_node()
        self._context.try_shutdown()
        self._domain.__exit__()
        self._folder.cleanup()
        shared_memory.remove_orphans(self._segments)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a process that belongs to this graph."""
        return {**os.environ, **graph.ENVIRONMENT, 'ROS_DOMAIN_ID': str(self.domain_id), **more}

    def start(
        self,
        executable: str,
        parameters: Mapping[str, object] | None = None,
        *,
        below: str = '',
        **environment: str,
    ) -> subprocess.Popen[bytes]:
        """Start a node of this package in the test namespace, or below it."""
        namespace = f'{NAMESPACE}/{below}'.rstrip('/')
        name = f'{namespace}/{executable}'
        file = Path(self._folder.name, f'{executable}-{len(self._processes)}.yaml')
        file.write_text(yaml.safe_dump({name: {'ros__parameters': dict(parameters or {})}}))
        program = Path(get_package_prefix('parking_monitor'), 'lib', 'parking_monitor', executable)
        arguments = ['--ros-args', '-r', f'__ns:={namespace}', '--params-file', str(file)]
        process = subprocess.Popen(
            [str(program), *arguments],
            env=self.environment(**environment),
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls prctl and nothing that locks
        )
        self._processes[process] = name
        return process

    def watch(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Let the test fail at once when this process ends without being waited for, as nodes do."""
        self._processes[process] = name

    def stop(self, process: subprocess.Popen[bytes], deadline_s: float = 20.0) -> int:
        """Interrupt a node and return its exit code; one that does not end in time is killed."""
        self._interrupt(process)
        try:
            return process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _interrupt(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)

    def _check_nodes(self) -> None:
        if fallen := self._fallen():
            raise AssertionError('; '.join(fallen))

    def _fallen(self) -> list[str]:
        """Return which processes ended though nobody waited for that, each of them once."""
        return [
            f'{name} ended by itself with code {process.returncode}; its last words are in the output'
            for process, name in self._processes.items()
            if process.returncode is None and process.poll() is not None
        ]

    def listen(self, message_type: Any, topic: str, profile: Any) -> Inbox:
        """Subscribe to a topic; relative names are in the test namespace.

        However slow this machine is, no message is replaced by the next before the test has it.
        """
        inbox = Inbox()
        patient = QoSProfile(depth=_KEPT, reliability=profile.reliability, durability=profile.durability)
        self.node.create_subscription(message_type, self._absolute(topic), inbox.put, patient)
        return inbox

    def publisher(self, message_type: Any, topic: str, profile: Any) -> Any:
        """Return a publisher that somebody listens to already."""
        matched = threading.Event()
        from rclpy.event_handler import PublisherEventCallbacks  # noqa: PLC0415

        publisher = self.node.create_publisher(
            message_type,
            self._absolute(topic),
            profile,
            event_callbacks=PublisherEventCallbacks(matched=lambda _info: matched.set()),
        )
        assert patiently(matched.wait), f'nobody subscribes to {topic}'
        return publisher

    def diagnostics(self) -> Inbox:
        """Subscribe to /diagnostics; the inbox gets each status."""
        inbox = Inbox()

        def unpack(message: DiagnosticArray) -> None:
            for status in message.status:
                inbox.put(status)

        self.node.create_subscription(DiagnosticArray, '/diagnostics', unpack, _KEPT)
        return inbox

    def call(self, service_type: Any, name: str, /, deadline_s: float = PATIENCE_S, **fields: object) -> Any:
        """Call a service and return its response."""
        response = self.ask(service_type, name, deadline_s, **fields)
        assert response is not None, f'no answer of {name} within {deadline_s} s'
        return response

    def ask(self, service_type: Any, name: str, /, within_s: float, **fields: object) -> Any:
        """Call a service and return its response; None when there is none in time."""
        client = self.node.create_client(service_type, self._absolute(name))
        answered = threading.Event()
        try:
            if not patiently(client.wait_for_service, within_s):
                return None
            future = client.call_async(service_type.Request(**fields))
            future.add_done_callback(lambda _future: answered.set())
            return future.result() if patiently(answered.wait, within_s) else None
        finally:
            self.node.destroy_client(client)

    def set_parameter(self, node: str, name: str, value: object) -> Any:
        """Set a parameter of a node and return the result: `successful` and `reason`."""
        client = AsyncParameterClient(self.node, self._absolute(node))
        assert patiently(client.wait_for_services), f'no parameters of {node}'
        response = wait_for_future(client.set_parameters([Parameter(name, value=value)]), PATIENCE_S)
        return response.results[0]

    def _absolute(self, name: str) -> str:
        return name if name.startswith('/') else f'{NAMESPACE}/{name}'


def wait_for_future(future: Any, deadline_s: float) -> Any:
    """Return the result of an rclpy future that the graph's own thread completes."""
    done = threading.Event()
    future.add_done_callback(lambda _future: done.set())
    assert patiently(done.wait, deadline_s), f'no answer within {deadline_s} s'
    return future.result()


def is_about(node: str, level: bytes | None = None, text: str = '') -> Callable[[DiagnosticStatus], bool]:
    """Return a condition on a status: of this node, at this level, with this text in its message."""
    return lambda status: (
        status.name.endswith(node) and (level is None or status.level == level) and text in status.message
    )


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    """Return the key-value pairs of a status."""
    return {pair.key: pair.value for pair in status.values}
