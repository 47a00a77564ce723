"""Run a node until it is interrupted, and let it put its things away."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Protocol

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions


class ClosableNode(Protocol):
    """A node that holds something to put away: a thread, a process, a connection."""

    def close(self) -> None:
        """Put it away, within a second."""

    def destroy_node(self) -> None:
        """Give back what ROS holds."""


def run(make_node: Callable[[], ClosableNode]) -> None:
    """Make a node, spin it until SIGINT or SIGTERM, and close it while ROS still works.

    Exits with code 2, and the reason on standard error, when a parameter given
    at the start is refused.
    """
    stopping = threading.Event()
    # rclpy's own handlers would end ROS below the feet of threads that publish.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor()

    def stop() -> None:
        stopping.set()
        # Something to do ends spin_once at once; to be woken alone would let it wait for the next timer.
        executor.create_task(lambda: None)

    _on_signals((signal.SIGINT, signal.SIGTERM), stop)
    try:
        node = make_node()
    except (InvalidParameterValueException, InvalidParameterTypeException, ValueError) as error:
        sys.stderr.write(f'{error}\n')
        rclpy.shutdown()
        sys.exit(2)
    executor.add_node(node)
    try:
        while not stopping.is_set():
            executor.spin_once()
    finally:
        node.close()
        # Without this, Fast DDS leaves the node's segments in /dev/shm.
        node.destroy_node()
        rclpy.shutdown()


def _on_signals(numbers: tuple[signal.Signals, ...], act: Callable[[], None]) -> None:
    """Call a function from a thread when a signal comes, even while the main thread waits in C."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)

    def watch() -> None:
        while os.read(reader, 1):
            act()

    threading.Thread(target=watch, name='signals', daemon=True).start()
