"""Run the real graph for a while and take its numbers: delay, loss, CPU, memory, first count."""

import signal
import subprocess
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import yaml
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage

from demo.broker import LocalBroker
from demo.fleet_process import running_fleet
from demo.listening import ListeningNode
from demo.measurements import percentile
from parking_monitor import jpeg
from parking_monitor.nodes import convert, qos
from parking_monitor.values import Image

DEVICE, CAMERA, THING = 'bench', 'lane', 'bench-device'
SETTLE_S = 3.0
FIRST_COUNT_WITHIN_S = 60.0
STOP_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessCost:
    """Hold what one process of the graph costs.

    Attributes:
        cpu_s_per_1000_frames: seconds of CPU, user and system.
        rss_mb: resident, with what it shares with others counted in full.
        pss_mb: resident, with each shared page divided among those that share it.
    """

    name: str
    cpu_s_per_1000_frames: float
    rss_mb: float
    pss_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRun:
    """Hold the numbers of one run.

    Attributes:
        first_count_s: from the start of `fleet` to the arrival of the first fresh count.
        latency_ms: from the stamp of an image to its count, each of them.
        beyond_model_ms: the same less the time that the model took for it.
        frames: that the camera gave between the first and the last that was answered.
        answered: of these.
        stop_s: from Ctrl-C until `fleet` and all that it started have ended.
    """

    first_count_s: float
    latency_ms: list[float]
    beyond_model_ms: list[float]
    frames: int
    answered: int
    processes: list[ProcessCost]
    stop_s: float = 0.0

    @property
    def lost_share(self) -> float:
        """Return the share of frames that were not answered."""
        return 1 - self.answered / self.frames


class _Stopwatch:
    """Note when the detections and the count of each frame came."""

    def __init__(self) -> None:
        self.first_count = threading.Event()
        self.inference_ms: dict[int, float] = {}
        self.latency_ms: dict[int, float] = {}
        self._node = ListeningNode('stopwatch')
        namespace = f'/{DEVICE}/{CAMERA}'
        self._node.listen(
            [
                (DetectionsMessage, f'{namespace}/detections', self._on_detections, qos.DETECTIONS),
                (CarCount, f'{namespace}/car_count', self._on_count, qos.CAR_COUNT),
            ]
        )

    def close(self) -> None:
        self._node.close()

    def _on_detections(self, message: DetectionsMessage) -> None:
        self.inference_ms[convert.to_stamp_ns(message.header.stamp)] = message.inference_ms

    def _on_count(self, message: CarCount) -> None:
        now_ns = time.time_ns()
        if message.state == CarCount.OK:
            stamp_ns = convert.to_stamp_ns(message.header.stamp)
            self.latency_ms[stamp_ns] = (now_ns - stamp_ns) / 1e6
            self.first_count.set()


def run(frames: list[Image], folder: Path, *, rate_hz: float, seconds: float) -> GraphRun:
    """Run the default graph, bridge and broker included, on pictures at a rate.

    Raises:
        TimeoutError: when no count comes within a minute.
    """
    pictures = folder / 'pictures'
    pictures.mkdir(parents=True)
    for number, frame in enumerate(frames):
        (pictures / f'{number:04d}.jpg').write_bytes(jpeg.encode(frame, 85))
    stopwatch = _Stopwatch()
    try:
        with LocalBroker(folder / 'broker') as broker:
            fleet_yaml = _write_configuration(folder, pictures, broker, rate_hz)
            started_s = time.monotonic()
            with running_fleet(fleet_yaml, folder / 'fleet.log') as fleet:
                if not stopwatch.first_count.wait(FIRST_COUNT_WITHIN_S):
                    raise TimeoutError(f'no count within {FIRST_COUNT_WITHIN_S} s; see {folder}/fleet.log')
                first_count_s = time.monotonic() - started_s
                result = _measure(fleet, stopwatch, first_count_s, rate_hz=rate_hz, seconds=seconds)
                return replace(result, stop_s=_stop(fleet))
    finally:
        stopwatch.close()


def _stop(fleet: subprocess.Popen[bytes]) -> float:
    """Interrupt the graph and return how many seconds it took until all of it had ended."""
    children = psutil.Process(fleet.pid).children(recursive=True)
    started_s = time.monotonic()
    fleet.send_signal(signal.SIGINT)
    fleet.wait(STOP_WITHIN_S)
    psutil.wait_procs(children, STOP_WITHIN_S)
    return time.monotonic() - started_s


def _measure(
    fleet: subprocess.Popen[bytes],
    stopwatch: _Stopwatch,
    first_count_s: float,
    *,
    rate_hz: float,
    seconds: float,
) -> GraphRun:
    time.sleep(SETTLE_S)  # what a start costs is not what running costs
    root = psutil.Process(fleet.pid)
    processes = {process: _name(process) for process in (root, *root.children(recursive=True))}
    cpu_before_s = {process: _cpu_s(process) for process in processes}
    begin_ns = time.time_ns()
    time.sleep(seconds)
    stamps_ns = sorted(stamp for stamp in list(stopwatch.latency_ms) if stamp >= begin_ns)
    # The pictures come by the clock and none is skipped, so that their number follows from the time.
    frames = round((stamps_ns[-1] - stamps_ns[0]) / 1e9 * rate_hz) + 1
    costs = [
        ProcessCost(
            name=name,
            cpu_s_per_1000_frames=(_cpu_s(process) - cpu_before_s[process]) / len(stamps_ns) * 1000,
            rss_mb=process.memory_info().rss / 1e6,
            pss_mb=process.memory_full_info().pss / 1e6,
        )
        for process, name in processes.items()
        if name
    ]
    latency_ms = [stopwatch.latency_ms[stamp] for stamp in stamps_ns]
    both = [stamp for stamp in stamps_ns if stamp in stopwatch.inference_ms]
    return GraphRun(
        first_count_s=first_count_s,
        latency_ms=latency_ms,
        beyond_model_ms=[stopwatch.latency_ms[stamp] - stopwatch.inference_ms[stamp] for stamp in both],
        frames=frames,
        answered=len(stamps_ns),
        processes=costs,
    )


def share_below(values: list[float], share: float) -> float:
    """Return the value that `share` percent do not exceed; there must be some."""
    found = percentile(values, share)
    if found is None:
        raise ValueError('nothing was measured')
    return found


def _name(process: psutil.Process) -> str:
    """Name a process of the graph; the shell that guards a model has none."""
    parts = process.cmdline()
    for part in parts[:2]:
        if part.endswith('.eim'):
            return 'model'
        if '/lib/parking_monitor/' in part:
            return Path(part).name
    return ''


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _write_configuration(folder: Path, pictures: Path, broker: LocalBroker, rate_hz: float) -> Path:
    identity = broker.identity(THING)
    configuration = {
        'device': {'uuid': THING, 'name': DEVICE},
        'state_folder': str(folder / 'state'),
        'cameras': [{'name': CAMERA, 'source': str(pictures.resolve()), 'rate_hz': rate_hz}],
        'cloud': {
            'endpoint': broker.host,
            'port': broker.port,
            'certificate': str(identity.certificate),
            'private_key': str(identity.private_key),
            'ca': str(identity.ca),
        },
    }
    path = folder / 'fleet.yaml'
    path.write_text(yaml.safe_dump(configuration))
    return path
