"""The entry point of the image, run for real in a folder laid out like the image."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from parking_monitor import shared_memory
from tests.support.laid_out_image import LaidOutImage, Running
from tests.support.models import Script
from tests.support.patience import PATIENCE_S
from tests.support.pictures import write_clip, write_square_finder
from tests.support.ros_graph import Domain

KEY = 'ei_0123456789abcdef-the-key'


@pytest.fixture
def image(tmp_path: Path) -> LaidOutImage:
    return LaidOutImage(tmp_path / 'root')


@pytest.fixture
def domain() -> Iterator[str]:
    segments = shared_memory.segments()
    with Domain() as number:
        yield str(number)
    shared_memory.remove_orphans(segments)


def write_fleet(image: LaidOutImage, **fields: object) -> None:
    content = {
        'device': {'name': 'device'},
        'cameras': [{'name': 'camera', 'source': '/dev/video99'}],
        **fields,
    }
    (image.data / 'fleet.yaml').write_text(yaml.safe_dump(content))


def first_start(image: LaidOutImage, device: Running) -> dict[str, dict[str, str]]:
    """Return how the stand-in for the client was started."""
    device.wait_for('Edge Impulse Linux client')
    start: dict[str, dict[str, str]] = json.loads(image.client_starts.read_text().splitlines()[0])
    return start


def health(image: LaidOutImage, environment: dict[str, str]) -> tuple[int, str]:
    """Return the exit code and the line of the health check."""
    check = image.switch_on(environment, 'graph_health')
    return check.wait(), check.said


def health_once_well(image: LaidOutImage, environment: dict[str, str]) -> str:
    """Return the line of the health check, once it is well: Docker asks again and again too."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        code, line = health(image, environment)
        if code == 0:
            return line
        assert time.monotonic() < deadline_s, line


def write_claim(image: LaidOutImage) -> None:
    """Put a claim into the image whose broker nobody is."""
    settings = {'endpoint': 'localhost', 'port': 9, 'template': 'fleet', 'topic': 'EI_TOPIC'}
    (image.claim / 'first-boot.json').write_text(json.dumps(settings))
    for name in ('certificate.pem.crt', 'private.pem.key', 'AmazonRootCA.pem'):
        (image.claim / name).write_text('')


def test_a_device_counts_while_it_asks_for_its_identity(
    image: LaidOutImage, domain: str, tmp_path: Path
) -> None:
    write_claim(image)
    clip, model = write_clip(tmp_path / 'clip.mp4', [2] * 8), tmp_path / 'model.eim'
    write_square_finder(model, Script(blobs=True))
    camera = {
        'name': 'camera',
        'source': str(clip),
        'model': str(model),
        'watch_view': False,
        'annotate': False,
    }
    write_fleet(image, cameras=[camera])
    environment = image.environment(ROS_DOMAIN_ID=domain, EI_COLLECT_MODE_IMAGE='N', BALENA_DEVICE_UUID='abc')
    with image.switch_on(environment) as device:
        device.wait_for('COLLECTION MODE N')
        device.wait_for('first boot: ')
        device.wait_for('UNKNOWN -> OK')
        (boot,) = [line for line in device.command_lines() if 'provisioning.first_boot' in line]
        assert '--serial abc' in boot
        assert health_once_well(image, environment) == 'healthy: camera: 2 cars\n'
        assert device.stop() == 0
    assert 'fleet: stopped' in device.said


def test_a_device_without_anything_stays_up_and_says_what_it_waits_for(
    image: LaidOutImage, domain: str
) -> None:
    """It has no fleet.yaml, no claim, no certificate and perhaps no camera: as flashed, and switched on."""
    environment = image.environment(ROS_DOMAIN_ID=domain, FACILITY='Garage', FLOOR='2')
    with image.switch_on(environment) as device:
        device.wait_for('first boot: there is no claim in this image')
        device.wait_for('COLLECTION MODE N')
        device.wait_for('camera: ')
        device.wait_for('waiting for the identity: ')
        line = health_once_well(image, environment)
        assert ('waits, UNKNOWN' in line, 'identity' in line) == (True, True), line
        assert device.stop() == 0


def test_a_broken_fleet_yaml_is_waited_for_until_it_is_mended(image: LaidOutImage) -> None:
    (image.data / 'fleet.yaml').write_text('cameras: [{name: camera, sauce: auto}]\n')
    image.install_client()
    environment = image.environment(EI_COLLECT_MODE_IMAGE='Y', EI_API_KEY_IMAGE=KEY)
    with image.switch_on(environment) as device:
        device.wait_for('cameras[0].sauce: is not a field; did you mean source?')
        device.wait_for('is mended')
        code, line = health(image, environment)
        assert (code, 'sauce' in line) == (0, True)
        (image.data / 'fleet.yaml').write_text('cameras: [{name: camera, source: [}]\n')
        device.wait_for('not valid YAML')
        (image.data / 'fleet.yaml').write_text('cameras: [{name: camera}]\n')
        device.wait_for('Edge Impulse Linux client')
        assert device.stop() == 0
    assert device.said.count('sauce') == 1, 'a problem is told once'


def test_collection_runs_the_client_and_tells_its_key_to_it_alone(image: LaidOutImage) -> None:
    image.install_client()
    write_fleet(image, device={'uuid': '0123456789abcdef'})
    environment = image.environment(
        EI_COLLECT_MODE_IMAGE='Y', EI_API_KEY_IMAGE=KEY, TG_TOKEN='secret', TG_CHAT_ID='1'
    )
    with image.switch_on(environment) as device:
        device.wait_for('COLLECTION MODE Y')
        start = first_start(image, device)
        assert not [line for line in device.command_lines() if KEY in line]
        assert health(image, environment) == (0, 'healthy: runs studio\n')
        assert device.stop() == 0
    assert start['environment']['EI_API_KEY_IMAGE'] == KEY
    assert start['environment']['PARKING_DEVICE_UUID'] == '0123456789abcdef'
    assert 'TG_TOKEN' not in start['environment']
    arguments = ' '.join(start['arguments'])
    assert arguments.endswith(
        '--disable-microphone --dont-prompt-for-device-name --width 640 --height 480 --camera /dev/video99'
    )
    assert KEY not in arguments + device.said


def test_a_client_without_a_camera_is_started_again_and_not_at_once(image: LaidOutImage) -> None:
    image.install_client(ends=True)
    with image.switch_on(image.environment(EI_COLLECT_MODE_IMAGE='Y', EI_API_KEY_IMAGE=KEY)) as device:
        device.wait_for('edge-impulse-linux ended with exit code 1; it is started again in 5 s')
        assert device.stop() == 0


def test_a_client_without_a_key_is_waited_for(image: LaidOutImage) -> None:
    image.install_client()
    environment = image.environment(EI_COLLECT_MODE_IMAGE='Y', EI_COLLECT_WAY='studio')
    with image.switch_on(environment) as device:
        device.wait_for('edge-impulse-linux waits: EI_API_KEY_IMAGE is not set')
        code, line = health(image, environment)
        assert (code, line.startswith('healthy: waits: EI_API_KEY_IMAGE')) == (0, True)
        assert device.stop() == 0
