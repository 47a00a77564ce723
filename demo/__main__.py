"""Show the whole product on this machine: camera, model, count, broker, in one command."""

import json
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from demo.broker import OPERATOR, BrokerError, LocalBroker
from demo.broker_tap import BrokerTap, Message
from demo.dashboard import RECEIVER, Dashboard, running_dashboard
from demo.fleet_process import running_fleet
from demo.measurements import Measurements, Report
from demo.observer import Observer
from parking_monitor.camera.address import AddressKind, parse_source
from parking_monitor.camera.errors import CameraError
from parking_monitor.camera.stills import list_pictures
from parking_monitor.config import SOURCE_SCHEMES
from parking_monitor.detection.model_file import DEFAULT_MODEL
from parking_monitor.simulation.errors import SimulationError
from parking_monitor.simulation.fleet_section import places
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator

FOLDER = Path('build/demo')
DEVICE, CAMERA, THING = 'demo', 'lane', 'demo-device'
SCENE = 'sim:oblique_lot'
DEFAULT_SECONDS = 30.0
# A whole clip or folder is played, but not for ever.
LONGEST_SECONDS = 3600.0
LONGEST_LINE = 240

console = Console(highlight=False, soft_wrap=True)


def demo(
    *,
    seconds: Annotated[
        float | None,
        typer.Option(
            envvar='DEMO_SECONDS', min=0, help='How long to run; 0 until Ctrl-C. Default: 30, or to the end.'
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            envvar='SOURCE', help='A video, a folder of pictures, /dev/video0, rtsp://..., sim:<scene>.'
        ),
    ] = SCENE,
    model: Annotated[
        str, typer.Option(envvar='MODEL', help='An .eim or .onnx; `default` is the one that ships.')
    ] = 'default',
    confidence: Annotated[
        float | None, typer.Option(envvar='CONFIDENCE', min=0, max=1, help='From which on to count, 0 to 1.')
    ] = None,
    dashboard: Annotated[
        bool,
        typer.Option(envvar='DASHBOARD', help='Serve the dashboard of the fleet beside the graph.'),
    ] = True,
    first_count_within: Annotated[
        float,
        typer.Option(
            min=1,
            help='Seconds after which a graph without a count is given up; sooner if its model fails.',
        ),
    ] = 60.0,
) -> None:
    """Count cars, deliver the counts to an MQTT broker of its own, and show them on a dashboard.

    Prints a line whenever the count changes and the broker's copy of each message; at the end
    a table, which also goes to build/demo/report.json. The exit code is 0 only if counts came
    all the way from the camera to the broker and the dashboard.
    """
    is_recording = Path(source).expanduser().exists() and not source.startswith('/dev/')
    if seconds is None:
        seconds = LONGEST_SECONDS if is_recording else DEFAULT_SECONDS
    _refuse_what_is_not_there(source, model)
    FOLDER.mkdir(parents=True, exist_ok=True)
    measurements = Measurements()
    try:
        with _broker() as broker, BrokerTap(broker, lambda message: _on_message(message, measurements)):
            _say(f'broker: mosquitto on {broker.host}:{broker.port}, mutual TLS, this device is {THING}')
            fleet_yaml = _write_configuration(broker, source, model, confidence, play_once=is_recording)
            with _dashboard(broker) if dashboard else nullcontext() as shown:
                completed = _watch(fleet_yaml, measurements, seconds, first_count_within)
                measurements.counts_stored = shown.counts() if shown else None
    except BrokerError as error:
        console.print(f'demo: {error}', style='red')
        raise typer.Exit(1) from None
    report = measurements.report()
    report.write(FOLDER / 'report.json')
    _print_table(report)
    if not (report.flowed and completed):
        console.print(
            'Counts did not flow from the camera to the broker. The end of build/demo/fleet.log:', style='red'
        )
        console.print(_tail(FOLDER / 'fleet.log'), markup=False)
        raise typer.Exit(1)


def _refuse_what_is_not_there(source: str, model: str) -> None:
    """Say at once what the graph would patiently wait for."""
    try:
        address = parse_source(source, SOURCE_SCHEMES)
        if address.kind is AddressKind.PATH:
            path = Path(address.target).expanduser()
            if path.is_dir():
                list_pictures(path)
            elif not path.is_file():
                raise typer.BadParameter(f'SOURCE: there is no file or folder {path}')
        elif address.scheme == 'sim':
            load_scene(address.target)
    except (CameraError, SimulationError) as error:
        raise typer.BadParameter(f'SOURCE: {error}') from None
    if model != DEFAULT_MODEL and not Path(model).expanduser().is_file():
        raise typer.BadParameter(f'MODEL: there is no file {model}; give an .eim or .onnx')


def _broker() -> LocalBroker:
    return LocalBroker(FOLDER / 'broker', operators=(OPERATOR, RECEIVER))


@contextmanager
def _dashboard(broker: LocalBroker) -> Iterator[Dashboard]:
    with running_dashboard(FOLDER / 'dashboard', broker) as running:
        _say(f'dashboard: {running.url} in a browser on this machine')
        yield running


def _write_configuration(
    broker: LocalBroker, source: str, model: str, confidence: float | None, *, play_once: bool
) -> Path:
    identity = broker.identity(THING)
    is_folder = Path(source).expanduser().is_dir()
    camera: dict[str, object] = {
        'name': CAMERA,
        'source': _absolute(source),
        'model': model if model == DEFAULT_MODEL else _absolute(model),
        'rate_hz': 1.0 if is_folder else 30.0 if play_once else 10.0,
        'loop': not play_once,
    }
    if confidence is not None:
        camera['confidence'] = confidence
    address = parse_source(source, SOURCE_SCHEMES)
    if address.scheme == 'sim':
        camera.update(places(Simulator(load_scene(address.target))))
    configuration = {
        'facility': 'demo car park',
        'state_folder': str(_fresh_folder(FOLDER / 'state')),
        'device': {'uuid': THING, 'name': DEVICE},
        'cameras': [camera],
        'cloud': {
            'endpoint': broker.host,
            'port': broker.port,
            'certificate': str(identity.certificate),
            'private_key': str(identity.private_key),
            'ca': str(identity.ca),
            # The dashboard is on this machine, as the pictures are.
            'snapshots': True,
        },
    }
    path = FOLDER / 'fleet.yaml'
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)  # the address of a camera may carry a password
    path.write_text(yaml.safe_dump(configuration, sort_keys=False))
    return path


def _fresh_folder(folder: Path) -> Path:
    """Return an empty folder, so that totals begin at nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder.resolve()


def _absolute(text: str) -> str:
    path = Path(text).expanduser()
    return str(path.resolve()) if path.exists() else text


def _watch(fleet_yaml: Path, measurements: Measurements, seconds: float, first_count_within: float) -> bool:
    """Run the graph for a time, or until its source ends; return whether it ran as it should."""
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: interrupted.set())
    started_s = time.monotonic()
    log = FOLDER / 'fleet.log'
    _say(f'starting the graph of {fleet_yaml}; its log is {log}')
    with running_fleet(fleet_yaml, log) as fleet:
        observer = Observer(DEVICE, CAMERA, measurements, _say)
        try:
            if not _wait(
                observer.first_count, interrupted, fleet, first_count_within, unless=observer.model_failed
            ):
                return interrupted.is_set()
            _say(f'first count {time.monotonic() - started_s:.1f} s after the start')
            _wait(observer.source_ended, interrupted, fleet, seconds or float('inf'))
            observer.finish(2.0)
            return fleet.poll() is None
        finally:
            observer.close()


def _wait(
    event: threading.Event,
    interrupted: threading.Event,
    fleet: subprocess.Popen[bytes],
    seconds: float,
    *,
    unless: threading.Event | None = None,
) -> bool:
    """Wait for an event, a Ctrl-C, the end of the graph or the time; return whether it was the event.

    `unless` is an event that makes waiting pointless.
    """
    end_s = time.monotonic() + seconds
    ends = [interrupted, *([unless] if unless else [])]
    while time.monotonic() < end_s and not any(end.is_set() for end in ends) and fleet.poll() is None:
        if event.wait(min(0.1, max(0.0, end_s - time.monotonic()))):
            return True
    return False


def _on_message(message: Message, measurements: Measurements) -> None:
    text = message.payload.decode(errors='replace')
    try:
        # Counts and crossings bear a number; presence and answers to settings do not.
        is_numbered = 'seq' in json.loads(text)
    except ValueError:
        is_numbered = False
    measurements.received_by_broker += is_numbered
    # A message names every bay; its beginning shows that it came.
    shown = text if len(text) <= LONGEST_LINE else f'{text[:LONGEST_LINE]}... ({len(message.payload)} bytes)'
    _say(f'broker {message.topic}: {shown}', style='dim')


def _say(text: str, style: str | None = None) -> None:
    console.print(f'{time.strftime("%H:%M:%S")} {text}', style=style, markup=False)


def _print_table(report: Report) -> None:
    table = Table('what', 'how much', title='What the demo saw', title_justify='left')
    exact = '' if report.exact_count_share is None else f'{report.exact_count_share:.1%}'
    rows: list[tuple[str, object]] = [
        ('frames from the camera', report.frames),
        ('frames answered by the model', report.detections),
        ('counts published', report.counts_published),
        ('messages acknowledged by the broker', report.messages_acknowledged),
        ('messages passed on by the broker', report.messages_received_by_broker),
        ('latency from image to count, p50', _ms(report.latency_ms_p50)),
        ('latency from image to count, p99', _ms(report.latency_ms_p99)),
        ('counts that agree with the truth', exact or 'the truth is known of simulated scenes alone'),
        ('state of the last count', report.state),
    ]
    if report.counts_stored is not None:
        rows.append(('counts that the dashboard has stored', report.counts_stored))
    if report.capacity:
        free, taken, unknown = report.free, report.occupied, report.unknown
        rows.append(('places at the end', f'{free} free, {taken} occupied, {unknown} unknown'))
    if report.entered or report.left:
        rows.append(('through the gates', f'{report.entered} in, {report.left} out'))
    for what, how_much in rows:
        table.add_row(what, str(how_much))
    console.print(table)
    console.print(f'The same as JSON: {FOLDER / "report.json"}')


def _ms(value: float | None) -> str:
    return '' if value is None else f'{value:.1f} ms'


def _tail(log: Path, lines: int = 15) -> str:
    return '\n'.join(log.read_text(errors='replace').splitlines()[-lines:]) if log.exists() else ''


if __name__ == '__main__':
    typer.run(demo)
