"""Start real nodes in real processes, on a ROS domain of their own, and listen to them."""

import fcntl
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
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

from parking_monitor import graph, shared_memory
from parking_monitor.supervisor import die_with_parent
from tests.support.patience import PATIENCE_S

NAMESPACE = '/device/camera'
_DOMAINS = range(1, 100)


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
        self._messages: queue.Queue[Any] = queue.Queue()

    def put(self, message: Any) -> None:
        self._messages.put(message)

    def wait_for(
        self, condition: Callable[[Any], bool] = lambda _message: True, deadline_s: float = PATIENCE_S
    ) -> Any:
        """Return the first message not yet looked at that meets a condition."""
        end_s = time.monotonic() + deadline_s
        last = None
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                last = self._messages.get(timeout=left_s)
            except queue.Empty:
                break
            if condition(last):
                return last
        raise AssertionError(f'no such message within {deadline_s} s; the last one was {last}')

    def drain(self) -> list[Any]:
        """Return what has come and was not looked at."""
        messages = []
        while not self._messages.empty():
            messages.append(self._messages.get_nowait())
        return messages


class RosGraph:
    """Hold nodes under test, and a node of the test's own that talks to them."""

    def __init__(self) -> None:
        self._domain = Domain()
        self._context = Context()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = tempfile.TemporaryDirectory(prefix='ros-graph-')

    def __enter__(self) -> Self:
        self._segments = shared_memory.segments()
        self.domain_id = self._domain.__enter__()
        rclpy.init(context=self._context, domain_id=self.domain_id)
        self.node: Node = rclpy.create_node('observer', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._spinner = threading.Thread(target=self._executor.spin, daemon=True)
        self._spinner.start()
        return self

    def __exit__(self, *_: object) -> None:
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
        self._processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], deadline_s: float = 20.0) -> int:
        """Interrupt a node and return its exit code; one that does not end in time is killed."""
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def listen(self, message_type: Any, topic: str, profile: Any) -> Inbox:
        """Subscribe to a topic; relative names are in the test namespace."""
        inbox = Inbox()
        self.node.create_subscription(message_type, self._absolute(topic), inbox.put, profile)
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
        assert matched.wait(PATIENCE_S), f'nobody subscribes to {topic}'
        return publisher

    def diagnostics(self) -> Inbox:
        """Subscribe to /diagnostics; the inbox gets each status."""
        inbox = Inbox()

        def unpack(message: DiagnosticArray) -> None:
            for status in message.status:
                inbox.put(status)

        self.node.create_subscription(DiagnosticArray, '/diagnostics', unpack, 10)
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
            if not client.wait_for_service(within_s):
                return None
            future = client.call_async(service_type.Request(**fields))
            future.add_done_callback(lambda _future: answered.set())
            return future.result() if answered.wait(within_s) else None
        finally:
            self.node.destroy_client(client)

    def set_parameter(self, node: str, name: str, value: object) -> Any:
        """Set a parameter of a node and return the result: `successful` and `reason`."""
        client = AsyncParameterClient(self.node, self._absolute(node))
        assert client.wait_for_services(PATIENCE_S), f'no parameters of {node}'
        response = wait_for_future(client.set_parameters([Parameter(name, value=value)]), PATIENCE_S)
        return response.results[0]

    def _absolute(self, name: str) -> str:
        return name if name.startswith('/') else f'{NAMESPACE}/{name}'


def wait_for_future(future: Any, deadline_s: float) -> Any:
    """Return the result of an rclpy future that the graph's own thread completes."""
    done = threading.Event()
    future.add_done_callback(lambda _future: done.set())
    assert done.wait(deadline_s), f'no answer within {deadline_s} s'
    return future.result()


def is_about(node: str, level: bytes | None = None, text: str = '') -> Callable[[DiagnosticStatus], bool]:
    """Return a condition on a status: of this node, at this level, with this text in its message."""
    return lambda status: (
        status.name.endswith(node) and (level is None or status.level == level) and text in status.message
    )


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    """Return the key-value pairs of a status."""
    return {pair.key: pair.value for pair in status.values}
