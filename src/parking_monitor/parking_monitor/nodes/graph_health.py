"""Ask the graph of this device whether it does its work: the health check of its container.

Exits 0 when healthy and 1 when not, with the reason in one line. `parking_monitor.device.health` says
what that means: unhealthy is what a restart may mend, and a device that waits for a camera, a model or
a certificate is healthy.

Nothing restarts an unhealthy container by itself: not Docker (its restart policy looks at exit codes),
not balena. The state is for people (`docker ps`, `docker inspect`) and for what watches them. Inside,
`fleet` restarts each node that dies, and each node restarts what it owns.
"""

import os
import sys
import time
from functools import partial

from parking_monitor import graph
from parking_monitor.device.health import Heard, HeardCount, HeardNode, Verdict, all_said, judge
from parking_monitor.device.layout import Layout
from parking_monitor.device.status import NoStatusError, Status, read_status

# Nodes speak once a second; discovery takes about one more, on a busy Raspberry Pi several.
_LISTEN_S = 20.0
_ASK_AGAIN_S = 0.2


def main() -> None:
    """Ask, say what came out, and end."""
    try:
        status = read_status(Layout.of(os.environ).status_file)
    except NoStatusError as error:
        verdict = Verdict(False, str(error))
    else:
        verdict = judge(status, _listen(status) if status.nodes else Heard({}, {}))
    sys.stdout.write(f'{"healthy" if verdict.healthy else "unhealthy"}: {verdict.reason}\n')
    sys.exit(not verdict.healthy)


def _listen(status: Status) -> Heard:
    """Listen to /diagnostics and the counts until all have spoken, or for long enough."""
    for name, value in graph.ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # Only here: a device without a graph is judged without ROS, which takes a second to import.
    import rclpy  # noqa: PLC0415
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: PLC0415
    from parking_msgs.msg import CarCount  # noqa: PLC0415

    from parking_monitor.nodes import qos  # noqa: PLC0415
    from parking_monitor.values import CountState  # noqa: PLC0415

    nodes: dict[str, HeardNode] = {}
    counts: dict[str, HeardCount] = {}
    heard = Heard(nodes, counts)

    def on_diagnostics(message: DiagnosticArray) -> None:
        for one in message.status:
            nodes[one.name] = HeardNode(one.level == DiagnosticStatus.OK, one.message)

    def on_count(camera: str, message: CarCount) -> None:
        stamp = message.header.stamp
        age_s = time.time() - (stamp.sec + stamp.nanosec * 1e-9)
        counts[camera] = HeardCount(CountState(message.state).name, message.cars, age_s)

    rclpy.init(args=[])
    node = rclpy.create_node('graph_health', enable_rosout=False, start_parameter_services=False)
    try:
        node.create_subscription(DiagnosticArray, '/diagnostics', on_diagnostics, qos.DIAGNOSTICS)
        for camera in status.cameras:
            node.create_subscription(CarCount, camera.topic, partial(on_count, camera.name), qos.CAR_COUNT)
        end_s = time.monotonic() + _LISTEN_S
        while not all_said(status, heard) and time.monotonic() < end_s:
            rclpy.spin_once(node, timeout_sec=_ASK_AGAIN_S)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return heard
