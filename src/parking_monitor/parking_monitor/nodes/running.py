"""Run a node until it is interrupted, and let it put its things away."""

import sys
from collections.abc import Callable
from typing import Protocol

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node


class ClosableNode(Protocol):
    """A node that holds something to put away: a thread, a process, a connection."""

    def close(self) -> None:
        """Put it away, within a second."""


def run(make_node: Callable[[], Node]) -> None:
    """Make a node, spin it until SIGINT or SIGTERM, and close it.

    Exits with code 2, and the reason on standard error, when a parameter given
    at the start is refused.
    """
    rclpy.init()
    try:
        node = make_node()
    except (InvalidParameterValueException, InvalidParameterTypeException, ValueError) as error:
        sys.stderr.write(f'{error}\n')
        rclpy.try_shutdown()
        sys.exit(2)
    except (KeyboardInterrupt, ExternalShutdownException):
        return
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
        # Without this, Fast DDS leaves the node's segments in /dev/shm.
        node.destroy_node()
        rclpy.try_shutdown()
