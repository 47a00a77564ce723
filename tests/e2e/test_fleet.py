"""`fleet my.yaml`, as an operator starts it: the four nodes as processes, a clip, a broker."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import yaml
from parking_msgs.msg import CarCount

from demo.broker import LocalBroker
from demo.broker_tap import BrokerTap, Message
from parking_monitor import graph, shared_memory
from parking_monitor.cloud.messages import utc_text
from parking_monitor.nodes import convert, qos
from tests.support.models import Script
from tests.support.patience import PATIENCE_S
from tests.support.pictures import write_clip, write_square_finder
from tests.support.ros_graph import Inbox, RosGraph
from tests.support.workspace import program, run


@dataclass
class Running:
    """Hold a fleet that runs, and a log of what it said."""

    process: subprocess.Popen[bytes]
    log: Path

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def find(self, node: str) -> psutil.Process:
        return next(child for child in self.descendants() if any(node in part for part in child.cmdline()))

    def stop(self, number: signal.Signals) -> None:
        """Send a signal and wait until the fleet has ended."""
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)


@contextmanager
def running(fleet_yaml: Path, ros: RosGraph) -> Iterator[Running]:
    log = fleet_yaml.with_suffix('.log')
    with log.open('wb') as output:
        process = subprocess.Popen(
            [program('fleet'), str(fleet_yaml)], env=ros.environment(), stdout=output, stderr=output
        )
        ros.watch(process, 'fleet')
        try:
            yield Running(process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(PATIENCE_S)
            print(log.read_text())  # shown when the test fails


def write_fleet(folder: Path, cars: list[int], broker: LocalBroker | None = None, **camera: object) -> Path:
    """Write a fleet.yaml of one camera that plays a clip with so many cars in each frame."""
    content: dict[str, object] = {
        'facility': 'test garage',
        'state_folder': str(folder / 'state'),
        'device': {'uuid': 'thing1', 'name': 'device'},
        'cameras': [
            {
                'name': 'camera',
                'floor': 'P1',
                'source': str(write_clip(folder / 'clip.mp4', cars)),
                'model': str(write_square_finder(folder / 'model.eim', Script(blobs=True, slow_s=0.2))),
                # The clip shows the same for seconds, which is what a frozen camera does.
                'watch_view': False,
                'zones': [{'name': 'left', 'polygon': [[0, 0], [0.25, 0], [0.25, 1], [0, 1]], 'capacity': 1}],
                **camera,
            }
        ],
    }
    if broker:
        identity = broker.identity('thing1')
        content['cloud'] = {
            'endpoint': broker.host,
            'port': broker.port,
            'certificate': str(identity.certificate),
            'private_key': str(identity.private_key),
            'ca': str(identity.ca),
        }
    path = folder / 'fleet.yaml'
    path.write_text(yaml.safe_dump(content))
    return path


def counts_of(ros: RosGraph) -> Inbox:
    return ros.listen(CarCount, 'car_count', qos.CAR_COUNT)


def test_four_nodes_count_every_frame_of_a_clip_and_the_broker_receives_it(tmp_path: Path) -> None:
    cars = [0] * 2 + [1] * 8 + [3] * 8
    with LocalBroker(tmp_path / 'broker') as broker, BrokerTap(broker) as tap, RosGraph() as ros:
        counts = counts_of(ros)
        # At the pace of the graph no frame is lost, and the model is slow enough that no count is
        # overtaken by the next, so that every one can be demanded, once the counter is heard.
        fleet_yaml = write_fleet(tmp_path, cars, broker, pace='graph', loop=False)
        clip = tmp_path / 'clip.mp4'
        clip.rename(tmp_path / 'later.mp4')
        with running(fleet_yaml, ros) as fleet:
            counts.wait_for(lambda message: message.state == CarCount.UNKNOWN)
            (tmp_path / 'later.mp4').rename(clip)
            seen: dict[int, CarCount] = {}
            while len(seen) < len(cars):
                count = counts.wait_for(lambda message: message.state == CarCount.OK)
                seen[convert.to_stamp_ns(count.header.stamp)] = count
            in_order = [seen[stamp] for stamp in sorted(seen)]
            # A car is counted once it was seen a few times, so each number is there at the end of its run.
            ends = [
                count for count, now, then in zip(in_order, cars, [*cars[1:], -1], strict=True) if now != then
            ]
            assert [(count.cars, count.zones[0].cars) for count in ends] == [(0, 0), (1, 1), (3, 1)]
            last = tap.wait_for(is_count(cars=3, at=set(seen)), PATIENCE_S)
            fleet.stop(signal.SIGINT)
        goodbye = tap.wait_for(
            lambda message: message.topic == 'parking/thing1/status' and b'offline' in message.payload,
            PATIENCE_S,
        )
    message = json.loads(last.payload)
    assert list(message)[:2] == ['uuid', 'cars']  # the reference's payload, with keys added behind
    assert (message['uuid'], message['facility'], message['floor']) == ('thing1', 'test garage', 'P1')
    assert message['zones'] == [
        {'name': 'left', 'cars': 1, 'capacity': 1, 'occupied': 1, 'free': 0, 'unknown': 0}
    ]
    assert json.loads(goodbye.payload)['status'] == 'offline'


def is_count(cars: int, at: set[int]) -> Callable[[Message], bool]:
    """Return a condition on a message: so many cars at one of these stamps, on the shared topic."""
    observed_at = {utc_text(stamp_ns) for stamp_ns in at}

    def matches(message: Message) -> bool:
        if message.topic != 'EI_TOPIC':
            return False
        content = json.loads(message.payload)
        return bool(content['cars'] == cars and content['observed_at'] in observed_at)

    return matches


def segments_of(processes: list[psutil.Process]) -> set[str]:
    """Name the shared memory that processes of one graph have open; other graphs have their own."""
    files = [Path(region.path).name for process in processes for region in process.memory_maps()]
    return {name for name in files if name in shared_memory.segments()}


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_without_orphans_and_leftovers(
    tmp_path: Path, number: signal.Signals
) -> None:
    with RosGraph() as ros:
        counts = counts_of(ros)
        before = shared_memory.segments()
        with running(write_fleet(tmp_path, [1] * 10), ros) as fleet:
            counts.wait_for(lambda message: message.state == CarCount.OK)
            descendants = fleet.descendants()
            assert len(descendants) >= 5  # four nodes and a model
            own = segments_of(descendants) - before
            assert own
            fleet.stop(number)
        _, alive = psutil.wait_procs(descendants, timeout=PATIENCE_S)
        assert not alive
        assert fleet.process.returncode == 0
        # Of a node that was killed on a slow machine, the observer may still hold what it writes to.
        assert not own & set(shared_memory.orphans(before))


def test_a_killed_node_is_started_again_and_counting_goes_on(tmp_path: Path) -> None:
    with RosGraph() as ros:
        counts = counts_of(ros)
        diagnostics = ros.diagnostics()
        with running(write_fleet(tmp_path, [2] * 10), ros) as fleet:
            counts.wait_for(lambda message: message.cars == 2)
            detector = next(
                child for child in fleet.descendants() if 'ei_detector' in ' '.join(child.cmdline())
            )
            detector.kill()
            status = diagnostics.wait_for(
                lambda status: (
                    status.name.endswith('ei_detector')
                    and any((pair.key, pair.value) == ('restarts', '1') for pair in status.values)
                )
            )
            assert status.name == '/device/camera/ei_detector'
            counts.drain()
            counts.wait_for(lambda message: message.cars == 2)
        assert 'ei_detector was ended by SIGKILL; it is started again' in fleet.log.read_text()


def test_a_second_fleet_of_the_same_device_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    with RosGraph() as ros:
        counts = counts_of(ros)
        fleet_yaml = write_fleet(tmp_path, [1] * 10)
        with running(fleet_yaml, ros) as fleet:
            counts.wait_for(lambda message: message.state == CarCount.OK)
            second = run(program('fleet'), str(fleet_yaml), environment=ros.environment())
            assert second.returncode == 2
            assert f'runs already, as process {fleet.process.pid}' in second.stderr


def test_a_fleet_that_is_killed_takes_its_nodes_with_it(tmp_path: Path) -> None:
    with RosGraph() as ros:
        counts = counts_of(ros)
        with running(write_fleet(tmp_path, [1] * 10), ros) as fleet:
            counts.wait_for(lambda message: message.state == CarCount.OK)
            descendants = fleet.descendants()
            fleet.process.kill()
            _, alive = psutil.wait_procs(descendants, timeout=PATIENCE_S)
            assert not alive


def test_two_graphs_side_by_side_do_not_hear_each_other(tmp_path: Path) -> None:
    for name in ('one', 'two'):
        (tmp_path / name).mkdir()
    with RosGraph() as one, RosGraph() as two:
        counts_one, counts_two = counts_of(one), counts_of(two)
        with (
            running(write_fleet(tmp_path / 'one', [1] * 10), one),
            running(write_fleet(tmp_path / 'two', [3] * 10), two),
        ):
            counts_one.wait_for(lambda message: message.cars == 1)
            counts_two.wait_for(lambda message: message.cars == 3)
            heard_one = {counts_one.wait_for().cars for _ in range(20)}
            heard_two = {counts_two.wait_for().cars for _ in range(20)}
    assert (heard_one, heard_two) == ({1}, {3})


def test_the_graph_cannot_be_heard_from_another_host_unless_the_operator_says_so(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in graph.ENVIRONMENT}
    fleet_yaml = write_fleet(tmp_path, [1])
    code = (
        'import os\nfrom pathlib import Path\nfrom parking_monitor import config, fleet, graph\n'
        f'plan = graph.build(config.load(Path({str(fleet_yaml)!r})))\n'
        f'command = fleet.node_command(plan.nodes[0], plan, os.environ, Path({str(tmp_path)!r}))\n'
        'print(command.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"])'
    )

    def reach(**more: str) -> str:
        command = ['python3', '-c', code]
        return subprocess.run(
            command, env={**environment, **more}, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert reach() == 'LOCALHOST'
    assert reach(ROS_AUTOMATIC_DISCOVERY_RANGE='SUBNET') == 'SUBNET'


def test_check_prints_the_resolved_graph_and_starts_nothing(tmp_path: Path) -> None:
    result = run(program('fleet'), '--check', str(write_fleet(tmp_path, [1])))
    assert result.returncode == 0
    for node in ('usb_cam', 'ei_detector', 'car_counter', 'annotator'):
        assert f'/device/camera/{node}' in result.stdout
    assert '4 nodes; the configuration is valid' in result.stdout


def test_check_does_not_show_the_password_of_a_camera(tmp_path: Path) -> None:
    path = write_fleet(tmp_path, [1], source='rtsp://joe:hush@192.0.2.1/stream')
    result = run(program('fleet'), '--check', str(path))
    assert result.returncode == 0
    assert 'rtsp://joe:***@192.0.2.1/stream' in result.stdout
    assert 'hush' not in result.stdout + result.stderr


def test_a_mistake_ends_fleet_with_code_2_and_every_problem(tmp_path: Path) -> None:
    path = write_fleet(tmp_path, [1], confidence=3, rate_hz=0)
    result = run(program('fleet'), str(path))
    assert result.returncode == 2
    assert [line.split(': ')[1] for line in result.stderr.splitlines()] == [
        'cameras[0].rate_hz',
        'cameras[0].confidence',
    ]


def test_the_example_can_be_written_and_checked(tmp_path: Path) -> None:
    example = run(program('fleet'), '--example')
    (tmp_path / 'fleet.yaml').write_text(example.stdout)
    assert run(program('fleet'), '--check', str(tmp_path / 'fleet.yaml')).returncode == 0


def test_without_a_file_fleet_says_how_to_begin() -> None:
    result = run(program('fleet'))
    assert result.returncode == 2
    assert 'fleet --example > fleet.yaml' in result.stderr
