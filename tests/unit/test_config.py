"""A fleet.yaml is read whole or refused with file, line, field, value and what is allowed."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor import config, graph
from parking_monitor.config import ConfigError, Fleet
from parking_monitor.config_places import zone_of
from parking_monitor.fleet import notes
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator

EXAMPLE = Path(__file__).parents[2] / 'src/parking_monitor/config/fleet.yaml'
SMALLEST = 'cameras:\n  - name: lane\n'

CLOUD = """\
cloud:
  endpoint: broker.example.com
  certificate: certs/device.pem
  private_key: certs/device.key
  ca: certs/ca.pem
"""


def parsed(text: str, **environment: str) -> Fleet:
    return config.parse(text, environment)


def refusal(text: str, **environment: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parsed(text, **environment)
    return str(caught.value)


def test_the_smallest_file_is_a_camera_with_a_name() -> None:
    camera = parsed(SMALLEST).cameras[0]
    assert (camera.name, camera.source, camera.model, camera.labels) == ('lane', 'auto', 'default', ('car',))


def test_the_shipped_example_is_valid() -> None:
    camera = config.load(EXAMPLE, {}).cameras[0]
    assert [zone.capacity for zone in camera.zones] == [0, 8]
    assert {zone_of(bay, camera.zones) for bay in camera.bays} == {'front'}


def test_the_places_of_the_shipped_example_fit_the_scene_that_it_watches() -> None:
    camera = config.load(EXAMPLE, {}).cameras[0]
    simulator = Simulator(
        load_scene(camera.source.removeprefix('sim:')), width=camera.width, height=camera.height
    )
    drawn = {one.name: one.polygon for one in (*camera.zones, *camera.bays)}
    true = {**simulator.zones, **simulator.bays}
    assert {name: pytest.approx(np.array(true[name]), abs=1e-3) for name in drawn} == {
        name: np.array(polygon) for name, polygon in drawn.items()
    }
    for gate in camera.gates:
        assert np.array(gate.line) == pytest.approx(np.array(simulator.gates[gate.name]), abs=1e-3)
        assert np.array(gate.inside) == pytest.approx(np.array(simulator.gate_insides[gate.name]), abs=1e-3)


def test_the_cloud_section_of_the_shipped_example_is_valid_without_its_comment_signs() -> None:
    before, marker, cloud = EXAMPLE.read_text().partition('# cloud:')
    uncommented = '\n'.join(line.removeprefix('# ') for line in (marker + cloud).splitlines())
    assert parsed(before + uncommented).cloud is not None


def test_a_port_number_may_stand_without_quotes() -> None:
    assert parsed('cameras: [{name: lane, source: 2}]').cameras[0].source == '2'


def test_numbers_may_stand_without_quotes_where_text_is_meant() -> None:
    fleet = parsed('facility: 7\ndevice: {uuid: 1234567}\ncameras: [{name: lane, floor: 1}]')
    assert (fleet.facility, fleet.device.uuid, fleet.cameras[0].floor) == ('7', '1234567', '1')


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / 'fleet.yaml').write_text(
        'cameras: [{name: a, source: clips/lane.mp4, model: car.eim}, {name: b, source: "sim:day_lane"}]\n'
        + CLOUD
    )
    fleet = config.load(tmp_path / 'fleet.yaml', {})
    assert fleet.cameras[0].source == str(tmp_path / 'clips/lane.mp4')
    assert fleet.cameras[0].model == str(tmp_path / 'car.eim')
    assert (fleet.cameras[1].source, fleet.cameras[1].model) == ('sim:day_lane', 'default')
    assert fleet.cloud is not None
    assert fleet.cloud.ca == tmp_path / 'certs/ca.pem'


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', 'fleet.yaml:1: must be a mapping'),
        ('- a list', 'fleet.yaml:1: must be a mapping'),
        ('cameras: [', 'fleet.yaml:1: not valid YAML'),
        ('cameras:\n\t- name: lane', 'fleet.yaml:2: not valid YAML'),
        ('facility: A\nfacility: B\n' + SMALLEST, 'fleet.yaml:2: facility: stands twice, first on line 1'),
        ('facility: A', 'fleet.yaml:1: cameras: is missing'),
        ('cameras: []', 'fleet.yaml:1: cameras: [] is not valid'),
        ('cameras:\n  - floor: P1', 'fleet.yaml:2: cameras[0].name: is missing'),
        ('cameras: [{name: 9 lives}]', "cameras[0].name: '9 lives' is not valid: must be a ROS name"),
        (
            'cameras:\n- name: a\n- name: a',
            "fleet.yaml:1: cameras: [{'name': 'a'}, {'name': 'a'}] is not valid",
        ),
        (SMALLEST + '    confidense: 0.4', 'cameras[0].confidense: is not a field; did you mean confidence?'),
        (SMALLEST + '    confidence: 1.5', 'fleet.yaml:3: cameras[0].confidence: 1.5 is not valid'),
        (SMALLEST + '    confidence: .nan', 'fleet.yaml:3: cameras[0].confidence: nan is not valid'),
        (SMALLEST + '    rate_hz: fast', "fleet.yaml:3: cameras[0].rate_hz: 'fast' is not valid"),
        (SMALLEST + '    width: 5', 'fleet.yaml:3: cameras[0].width: 5 is not valid'),
        (SMALLEST + '    labels: []', 'fleet.yaml:3: cameras[0].labels: [] is not valid'),
        (
            SMALLEST + '    pace: slow',
            "cameras[0].pace: 'slow' is not valid: Input should be 'clock' or 'graph'",
        ),
        (
            SMALLEST + '    zones: [{name: z, polygon: [[0, 0], [1, 1]]}]',
            'fleet.yaml:3: cameras[0].zones[0].polygon: [[0, 0], [1, 1]] is not valid',
        ),
        (
            SMALLEST + '    zones:\n    - name: z\n      polygon: [[0, 0], [1, 1], [0.5, 0.5]]',
            'fleet.yaml:5: cameras[0].zones[0].polygon: [[0, 0], [1, 1], [0.5, 0.5]] is not valid: must',
        ),
        (
            SMALLEST
            + '    zones:\n    - name: z\n      polygon:\n      - [0, 0]\n      - [0, 640]\n      - [1, 1]',
            'fleet.yaml:7: cameras[0].zones[0].polygon[1][1]: 640 is not valid',
        ),
        (
            SMALLEST + '    gates: [{name: g, line: [[0, 0.5], [1, 0.5]], inside: [0.3, 0.5]}]',
            'inside must be a point beside the line, not on it',
        ),
        (
            SMALLEST + 'cloud: {endpoint: "https://x"}',
            "cloud.endpoint: 'https://x' is not valid: must be a host",
        ),
        (SMALLEST + 'cloud: {endpoint: x}', 'fleet.yaml:3: cloud.private_key: is missing'),
        (SMALLEST + CLOUD + '  topic: parking/+/count', 'must be an MQTT topic'),
        (SMALLEST + CLOUD + '  interval_s: 0', 'fleet.yaml:8: cloud.interval_s: 0 is not valid'),
        (SMALLEST + 'device: {uuid: "a b"}', "device.uuid: 'a b' is not valid: must be 1 to 128 letters"),
        (SMALLEST + '    source: gopher://camera', 'begins with the unknown scheme gopher:'),
        (
            SMALLEST + '    labels: car',
            "fleet.yaml:3: cameras[0].labels: 'car' is not valid: Input should be a list",
        ),
        (SMALLEST + 'device: 5', 'device: 5 is not valid: Input should be a section with fields'),
        (SMALLEST + 'telegram: {chat_idd: 5}', 'telegram.chat_idd: is not a field; did you mean chat_id?'),
        ('cameras: &x [{name: a}, *x]', 'fleet.yaml: nested too deeply, or an alias that holds itself'),
        (SMALLEST + 'mode: sleep', "mode: 'sleep' is not valid: Input should be 'count' or 'collect'"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place_and_what_is_allowed(text: str, expected: str) -> None:
    assert expected in refusal(text)


HALVES = """\
    zones:
    - {name: left, polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]%s}
    - {name: right, polygon: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
"""
TWO_BAYS = """\
    bays:
    - {name: A1, polygon: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2], [0.1, 0.2]]}
    - {name: A2, polygon: [[0.3, 0.1], [0.4, 0.1], [0.4, 0.2], [0.3, 0.2]]}
"""
SAME_BAY_RIGHT = '    bays: [{name: A1, polygon: [[0.6, 0.1], [0.7, 0.1], [0.7, 0.2], [0.6, 0.2]]}]\n'


def halves(capacity: str = '') -> str:
    return HALVES % capacity


def test_a_bay_belongs_to_the_zone_in_which_its_middle_lies_or_to_none() -> None:
    with_zones = parsed(SMALLEST + halves() + TWO_BAYS).cameras[0]
    without = parsed(SMALLEST + TWO_BAYS).cameras[0]
    assert [zone_of(bay, with_zones.zones) for bay in with_zones.bays] == ['left', 'left']
    assert [zone_of(bay, without.zones) for bay in without.bays] == ['', '']


def test_a_capacity_that_is_the_number_of_bays_may_be_given() -> None:
    assert parsed(SMALLEST + halves(', capacity: 2') + TWO_BAYS).cameras[0].zones[0].capacity == 2


def test_a_capacity_that_is_not_the_number_of_bays_is_refused_with_both_numbers() -> None:
    assert refusal(SMALLEST + halves(', capacity: 3') + TWO_BAYS) == (
        "fleet.yaml:4: cameras[0].zones[0].capacity: 3 is not valid: zone 'left' has 2 bays; "
        'leave capacity out, or draw the other bays'
    )


def test_a_zone_that_two_cameras_share_has_the_bays_of_both() -> None:
    other = (
        '  - name: b\n'
        '    zones: [{name: left, polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]}]\n'
        '    bays: [{name: A3, polygon: [[0, 0], [0.1, 0], [0.1, 0.1]]}]\n'
    )
    assert len(parsed(SMALLEST + halves(', capacity: 3') + TWO_BAYS + other).cameras) == 2
    assert "zone 'left' has 3 bays" in refusal(SMALLEST + halves(', capacity: 2') + TWO_BAYS + other)


def test_two_cameras_that_share_a_zone_without_bays_give_it_one_capacity() -> None:
    zone = '    zones: [{name: ramp, polygon: [[0, 0], [1, 0], [1, 1]], capacity: %d}]\n'
    assert len(parsed(SMALLEST + zone % 4 + '  - name: b\n' + zone % 4).cameras) == 2
    assert refusal(SMALLEST + zone % 4 + '  - name: b\n' + zone % 5) == (
        "fleet.yaml:5: cameras[1].zones[0].capacity: 5 is not valid: zone 'ramp' has capacity 4 in "
        'camera lane; give both the same'
    )


def test_a_bay_that_two_cameras_see_is_in_one_zone() -> None:
    text = SMALLEST + halves() + TWO_BAYS + '  - name: b\n' + halves() + SAME_BAY_RIGHT
    assert refusal(text).startswith(
        "fleet.yaml:13: cameras[1].bays[0].name: 'A1' is not valid: lies in zone 'right' here, "
        "but in zone 'left' of camera lane;"
    )


@pytest.mark.parametrize(
    ('bays', 'expected'),
    [
        ('[{name: a, polygon: [[0, 0], [1, 1]]}]', 'cameras[0].bays[0].polygon: [[0, 0], [1, 1]] is not'),
        ('[{name: a, polygon: [[0, 0], [0.5, 0.5], [1, 1]]}]', 'must enclose an area'),
        ('[{name: a, polygon: [[0, 0], [1, 0], [1, 1]], capacity: 2}]', 'bays[0].capacity: is not a field'),
        ('[{polygon: [[0, 0], [1, 0], [1, 1]]}]', 'cameras[0].bays[0].name: is missing'),
        (
            '[{name: a, polygon: [[0, 0], [1, 0], [1, 1]]}, {name: a, polygon: [[0, 0], [1, 0], [1, 1]]}]',
            "must have different names; 'a' stands 2 times",
        ),
    ],
)
def test_a_malformed_bay_is_refused(bays: str, expected: str) -> None:
    assert expected in refusal(SMALLEST + f'    bays: {bays}')


def many_bays(number: int, name: str = '') -> str:
    return '    bays:\n' + ''.join(
        f'    - {{name: "{index:04}{name}", polygon: [[0, 0], [1, 0], [1, 1]]}}\n' for index in range(number)
    )


def test_a_camera_has_at_most_five_hundred_bays() -> None:
    assert len(parsed(SMALLEST + many_bays(500)).cameras[0].bays) == 500
    assert 'at most 500 items' in refusal(SMALLEST + many_bays(501))


def test_what_makes_a_message_too_large_for_the_cloud_is_refused_with_its_size() -> None:
    bays = many_bays(500, 'ü' * 190)
    text = refusal(SMALLEST + bays + CLOUD)
    assert text.startswith(
        "fleet.yaml:2: cameras[0].name: 'lane' is not valid: a message of its 0 zones, 500 bays"
    )
    assert 'bytes, and the cloud takes 131072; give fewer of them, or shorter names' in text
    assert len(parsed(SMALLEST + bays).cameras[0].bays) == 500  # nothing is sent, so nothing is too large


def test_the_time_zone_is_that_of_the_file_or_of_the_machine() -> None:
    assert parsed(SMALLEST + 'time_zone: America/Lima', TZ='Asia/Tokyo').time_zone == 'America/Lima'
    assert parsed(SMALLEST, TZ='Asia/Tokyo').time_zone == 'Asia/Tokyo'


@pytest.mark.parametrize('name', ['Europe/Atlantis', '../etc/passwd', 'Europe', '+01:00', '/etc/localtime'])
def test_a_time_zone_that_is_none_is_refused(name: str) -> None:
    text = refusal(SMALLEST + f'time_zone: "{name}"')
    assert text.startswith(f"fleet.yaml:3: time_zone: '{name}' is not valid: ")
    assert 'give an IANA name such as Europe/Berlin or UTC' in text


def test_state_lies_where_the_file_or_the_environment_says(tmp_path: Path) -> None:
    (tmp_path / 'fleet.yaml').write_text(SMALLEST + 'state_folder: kept\n')
    assert config.load(tmp_path / 'fleet.yaml', {}).state_folder == tmp_path / 'kept'
    assert parsed(SMALLEST, PARKING_STATE='/srv/state').state_folder == Path('/srv/state')
    assert parsed(SMALLEST, XDG_STATE_HOME='/home/joe/s').state_folder == Path('/home/joe/s/parking_monitor')
    assert parsed(SMALLEST).state_folder == Path.home() / '.local/state/parking_monitor'


def test_all_problems_are_told_at_once() -> None:
    problems = refusal(SMALLEST + '    confidence: 2\n    rate_hz: 0\nmode: x').splitlines()
    assert len(problems) == 3


def test_a_wrong_item_does_not_also_make_its_list_too_short() -> None:
    assert len(refusal('cameras: [{name: "?"}]').splitlines()) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'none\.yaml: cannot be read: No such file'):
        config.load(tmp_path / 'none.yaml', {})


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / 'fleet.yaml').write_bytes(b'cameras: \xff\xfe')
    with pytest.raises(ConfigError, match='is not UTF-8'):
        config.load(tmp_path / 'fleet.yaml', {})


def test_the_environment_of_the_reference_overrides_the_file() -> None:
    fleet = parsed(
        SMALLEST + CLOUD + '  topic: from_file\ndevice: {uuid: abc}\n',
        BALENA_DEVICE_UUID='49418b480e408ef9c632fc6cb25ebfdc',
        AWS_TOPIC='EI_NEW',
        EI_TOPIC='EI_OLD',
        INTERVAL_IN_SECONDS='30',
        EI_COLLECT_MODE_IMAGE='Y',
        EI_API_KEY_IMAGE='ei_123',
        TG_TOKEN='123:abc',
        TG_CHAT_ID='-100200',
    )
    assert fleet.cloud is not None
    assert fleet.telegram is not None
    assert fleet.edge_impulse_api_key is not None
    assert fleet.device.uuid == fleet.device.thing == '49418b480e408ef9c632fc6cb25ebfdc'
    assert fleet.device.name == 'device_49418b4'
    assert (fleet.cloud.topic, fleet.cloud.interval_s, fleet.mode) == ('EI_NEW', 30.0, 'collect')
    assert fleet.telegram.token is not None
    assert fleet.telegram.token.get_secret_value() == '123:abc'


def test_the_older_name_of_the_topic_still_counts() -> None:
    cloud = parsed(SMALLEST + CLOUD, EI_TOPIC='EI_OLD').cloud
    assert cloud is not None
    assert cloud.topic == 'EI_OLD'


def test_an_empty_variable_is_as_good_as_none() -> None:
    fleet = parsed(SMALLEST + CLOUD, INTERVAL_IN_SECONDS='', TG_TOKEN='', TG_CHAT_ID='')
    assert fleet.cloud is not None
    assert (fleet.cloud.interval_s, fleet.telegram) == (120.0, None)


def test_a_chat_without_a_token_leaves_telegram_off() -> None:
    telegram = parsed(SMALLEST, TG_CHAT_ID='-100200').telegram
    assert telegram is not None
    assert telegram.token is None


def test_a_token_without_a_chat_leaves_telegram_off_and_the_rest_counting() -> None:
    fleet = parsed(SMALLEST, TG_TOKEN='123:abc')
    assert 'telegram: TG_TOKEN is set and TG_CHAT_ID is not, so nothing is sent' in notes(fleet, {})
    assert 'telegram_notifier' not in {node.executable for node in graph.build(fleet).nodes}


def test_a_wrong_variable_is_named_instead_of_a_line() -> None:
    assert "environment INTERVAL_IN_SECONDS: cloud.interval_s: 'soon' is not valid" in refusal(
        SMALLEST + CLOUD, INTERVAL_IN_SECONDS='soon'
    )


def test_a_secret_in_the_file_is_refused_without_repeating_it() -> None:
    text = refusal(SMALLEST + 'telegram: {token: "123:hush", chat_id: "5"}')
    assert 'set the environment variable TG_TOKEN' in text
    assert 'hush' not in text


@pytest.mark.parametrize(
    'camera',
    [
        '{name: lane, source: "rtsp://joe:hush@host/\\n"}',
        '{name: "rtsp://joe:hush@host"}',
        '{name: lane, zones: "http://joe:hush@host"}',
    ],
)
def test_a_password_in_an_address_does_not_show_in_a_refusal(camera: str) -> None:
    assert 'hush' not in refusal(f'cameras: [{camera}]')


def test_secrets_do_not_show_in_a_printed_configuration() -> None:
    fleet = parsed(SMALLEST, TG_TOKEN='123:hush', TG_CHAT_ID='5', EI_API_KEY_IMAGE='ei_hush')
    assert 'hush' not in repr(fleet)


def test_a_device_without_a_uuid_gets_one_that_stays() -> None:
    first, second = parsed(SMALLEST).device, parsed(SMALLEST).device
    assert first == second
    assert len(first.uuid) == 32


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_and_never_anything_else(text: str) -> None:
    try:
        parsed(text)
    except ConfigError as error:
        assert str(error).startswith('fleet.yaml')


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(sorted(config.Camera.model_fields)), values, max_size=6))
def test_any_values_of_a_camera_are_read_or_refused_and_never_anything_else(
    camera: dict[str, object],
) -> None:
    try:
        parsed(yaml.safe_dump({'cameras': [camera]}))
    except ConfigError as error:
        assert 'cameras' in str(error)
