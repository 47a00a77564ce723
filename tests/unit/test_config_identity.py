"""Who a device is comes from its variables, then fleet.yaml, then the identity of its first boot."""

import json
from pathlib import Path

import pytest

from parking_monitor import config, graph
from parking_monitor.cloud import own_identity
from parking_monitor.config import ConfigError, Fleet
from parking_monitor.fleet import notes
from provisioning import identity_folder
from provisioning.device_settings import DeviceSettings, balena_variables
from provisioning.first_boot.own_identity import OwnIdentity, Thing

THING = Thing(
    thing='garage-7',
    endpoint='a1b2c3-ats.iot.eu-west-1.amazonaws.com',
    port=443,
    topic='fleet/counts',
    facility='North Street',
    floor='2',
)
ROOT = b'root'
CAMERAS = 'cameras: [{name: a}, {name: b, floor: P1}]\n'
CLOUD = 'cloud: {identity: identity}\n'


def booted(folder: Path, thing: Thing = THING) -> Path:
    """Write what the first boot writes, by its own code, and return the folder of fleet.yaml."""
    own = OwnIdentity(folder / 'identity')
    own.keep_key(b'key')
    own.certificate.write_bytes(b'certificate')
    own.keep_thing(thing, ROOT)
    return folder


def loaded(folder: Path, text: str = CAMERAS + CLOUD, **environment: str) -> config.Loaded:
    (folder / 'fleet.yaml').write_text(text)
    return config.load_with_origins(
        folder / 'fleet.yaml', {'BALENA_DEVICE_UUID': 'abcdef1234', **environment}
    )


def bridge(fleet: Fleet) -> dict[str, object]:
    nodes = graph.build(fleet).nodes
    return dict(next(node.parameters for node in nodes if node.executable == 'aws_iot_bridge'))


def origins(found: config.Loaded) -> dict[str, tuple[str, str]]:
    return {one.field: (one.value, one.origin) for one in found.origins.settings(found.fleet)}


def test_what_the_first_boot_wrote_is_all_that_a_cloud_section_needs(tmp_path: Path) -> None:
    fleet = loaded(booted(tmp_path)).fleet
    assert fleet.cloud is not None
    assert fleet.device.thing == THING.thing
    assert (fleet.cloud.endpoint, fleet.cloud.port, fleet.cloud.topic) == (
        THING.endpoint,
        THING.port,
        THING.topic,
    )
    assert [fleet.cloud.ca.read_bytes(), fleet.cloud.private_key.read_bytes()] == [ROOT, b'key']
    assert fleet.cloud.certificate.read_bytes() == b'certificate'
    assert (fleet.facility, [camera.floor for camera in fleet.cameras]) == ('North Street', ['2', 'P1'])
    assert 'identity' not in bridge(fleet)


def test_the_file_wins_over_the_identity(tmp_path: Path) -> None:
    text = CAMERAS + 'facility: South\ndevice: {thing: other}\ncloud: {identity: identity, port: 8883}\n'
    fleet = loaded(booted(tmp_path), text).fleet
    assert fleet.cloud is not None
    assert (fleet.facility, fleet.device.thing, fleet.cloud.port) == ('South', 'other', 8883)
    assert fleet.cloud.endpoint == THING.endpoint


def test_every_variable_that_provisioning_writes_wins_over_file_and_identity(tmp_path: Path) -> None:
    settings = DeviceSettings(
        thing='own', endpoint='own.example.com', topic='own/topic', facility='Own', floor='9'
    )
    variables = dict(line.split('=', 1) for line in balena_variables(settings).splitlines())
    text = (
        CAMERAS + 'facility: South\ndevice: {thing: x}\ncloud: {identity: identity, endpoint: y, topic: z}\n'
    )
    found = loaded(booted(tmp_path), text, **variables)
    cloud = found.fleet.cloud
    assert cloud is not None
    assert (found.fleet.device.thing, cloud.endpoint, cloud.topic) == ('own', 'own.example.com', 'own/topic')
    assert found.fleet.facility == 'Own'
    assert {camera.floor for camera in found.fleet.cameras} == {'9'}
    told = ' '.join(origin for _, origin in origins(found).values())
    assert all(f'environment {name}' in told for name in variables)


def test_it_is_told_where_each_value_came_from(tmp_path: Path) -> None:
    found = origins(loaded(booted(tmp_path), AWS_TOPIC='t', FACILITY='North'))
    file = tmp_path / 'fleet.yaml'
    assert found['cloud.topic'] == ('t', 'environment AWS_TOPIC')
    assert found['facility'] == ('North', 'environment FACILITY')
    assert found['cloud.endpoint'] == (THING.endpoint, 'identity')
    assert found['cloud.private_key'] == (str(tmp_path / 'identity' / 'private.pem.key'), 'identity')
    assert found['cameras[0].floor'] == ('2', 'identity')
    assert found['cameras[1].floor'] == ('P1', f'{file}:1')
    assert found['cloud.interval_s'] == ('120.0', 'default')


def test_a_value_that_a_variable_replaces_is_told_too(tmp_path: Path) -> None:
    found = origins(loaded(booted(tmp_path), FLOOR='9'))
    assert found['cameras[0].floor'] == ('9', 'environment FLOOR')
    place = f'{tmp_path / "fleet.yaml"}:1'
    assert found['cameras[1].floor'] == ('9', f"environment FLOOR, instead of 'P1' in {place}")


def test_a_device_without_an_identity_counts_and_its_bridge_waits(tmp_path: Path) -> None:
    found = loaded(tmp_path, CAMERAS + 'cloud: {identity: identity, topic: mine}\n')
    parameters = bridge(found.fleet)
    assert parameters['identity'] == str(tmp_path / 'identity')
    assert (parameters['thing'], parameters['endpoint'], parameters['port']) == ('', '', 0)
    assert (parameters['topic'], parameters['facility'], parameters['floors']) == ('mine', '', ['', 'P1'])
    assert parameters['certificate'] == str(tmp_path / 'identity' / 'certificate.pem.crt')
    (note,) = (note for note in notes(found.fleet, {}) if note.startswith('cloud.identity'))
    assert f'{tmp_path}/identity/thing.json is not there yet; the first boot writes it' in note
    assert 'provisioning.first_boot' in note
    assert 'cars are counted' in note
    later = 'the identity, when it is there'
    assert origins(found)['cloud.endpoint'] == ('not known yet', later)
    assert origins(found)['cloud.port'] == ('8883', later)
    assert origins(found)['cameras[0].floor'] == ('0', later)
    assert origins(found)['cameras[1].floor'] == ('P1', f'{tmp_path / "fleet.yaml"}:1')


@pytest.mark.parametrize(
    'content',
    [
        '',
        '{',
        '[]',
        'null',
        '{"thing": "garage-7"}',
        json.dumps({'thing': 'a b', 'endpoint': 'x.example.com'}),
        json.dumps({'thing': 'a', 'endpoint': 'https://x.example.com'}),
        json.dumps({'thing': 'a', 'endpoint': 'x.example.com', 'port': 0}),
        json.dumps({'thing': 'a', 'endpoint': 'x.example.com', 'topic': '#'}),
        json.dumps({'thing': 'a', 'endpoint': 'x.example.com', 'floor': 'one\ntwo'}),
        '\xff',
    ],
)
def test_a_damaged_identity_does_not_keep_a_device_from_counting(tmp_path: Path, content: str) -> None:
    (tmp_path / 'identity').mkdir()
    (tmp_path / 'identity' / 'thing.json').write_text(content, encoding='latin-1')
    fleet = loaded(tmp_path).fleet
    assert bridge(fleet)['thing'] == ''
    assert any('delete the folder' in note for note in notes(fleet, {}))


def test_thing_and_endpoint_from_variables_need_no_first_boot(tmp_path: Path) -> None:
    fleet = loaded(tmp_path, AWS_THING_NAME='own', AWS_ENDPOINT='own.example.com').fleet
    parameters = bridge(fleet)
    assert 'identity' not in parameters
    assert (parameters['thing'], parameters['endpoint'], parameters['port']) == (
        'own',
        'own.example.com',
        8883,
    )
    assert parameters['floors'] == ['0', 'P1']


@pytest.mark.parametrize(
    ('variable', 'value', 'expected'),
    [
        ('AWS_ENDPOINT', 'https://x.example.com', "cloud.endpoint: 'https://x.example.com' is not valid"),
        ('AWS_THING_NAME', 'two words', "device.thing: 'two words' is not valid: must be an AWS thing name"),
        ('AWS_TOPIC', 'a/#', "cloud.topic: 'a/#' is not valid: must be an MQTT topic"),
        ('FACILITY', 'one\ntwo', 'facility: '),
        ('FLOOR', 'x' * 201, 'cameras[0].floor: '),
    ],
)
def test_a_variable_that_cannot_be_is_named(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(booted(tmp_path), **{variable: value})
    assert str(refused.value).startswith(f'environment {variable}: {expected}')


def test_the_folder_of_a_registered_device_has_the_same_files() -> None:
    names = (own_identity.CERTIFICATE, own_identity.PRIVATE_KEY, own_identity.ROOT_CA)
    assert names == (identity_folder.CERTIFICATE, identity_folder.PRIVATE_KEY, identity_folder.ROOT_CA)


def test_variables_without_a_cloud_section_are_told_to_have_no_effect() -> None:
    fleet = config.parse('cameras: [{name: a}]', {})
    assert any('AWS_ENDPOINT is set, but' in note for note in notes(fleet, {'AWS_ENDPOINT': 'x'}))


def test_an_endpoint_is_missing_where_no_identity_can_say_it() -> None:
    with pytest.raises(ConfigError, match='endpoint is missing; give it, or the folder of an identity'):
        config.parse(CAMERAS + 'cloud: {endpoint: null, certificate: a, private_key: b, ca: c}\n', {})
