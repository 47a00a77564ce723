"""The section `collect` of fleet.yaml: what it means, what runs, and how a mistake in it is told."""

import re
from pathlib import Path

import pytest

from parking_monitor import config, graph
from parking_monitor.config import ConfigError
from parking_monitor.config_collect import Collect
from parking_monitor.fleet import notes

CAMERAS = 'cameras: [{name: lane, labels: [car]}, {name: gate, labels: [car, van], confidence: 0.2}]\n'
CLOUD = 'cloud: {endpoint: broker, certificate: a, private_key: b, ca: c}\n'
KEY = {'EI_API_KEY_IMAGE': 'ei_hush'}


def collect(text: str, **environment: str) -> Collect:
    return config.parse(f'{CAMERAS}collect: {text}', environment).collect


def nodes(text: str, **environment: str) -> dict[str, graph.NodeSpec]:
    plan = graph.build(config.parse(CAMERAS + text, {'BALENA_DEVICE_UUID': 'a', **environment}))
    return {node.full_name.removeprefix('/device_a/'): node for node in plan.nodes}


@pytest.fixture
def client_path(tmp_path: Path) -> str:
    """Return a PATH on which there is the official client."""
    (tmp_path / 'edge-impulse-linux').write_text('#!/bin/sh\n')
    (tmp_path / 'edge-impulse-linux').chmod(0o755)
    return str(tmp_path)


def test_nothing_said_is_the_collector_and_blurred_pictures() -> None:
    section = config.parse(CAMERAS, {}).collect
    assert (section.way, section.privacy, section.while_counting) == ('ros', 'blur', False)
    assert config.parse(f'{CAMERAS}collect:\n', {}).collect == section


def test_where_the_official_client_and_a_key_are_the_camera_shows_up_in_studio(client_path: str) -> None:
    assert config.parse(CAMERAS, {'PATH': client_path, **KEY}).collect.way == 'studio'
    assert config.parse(CAMERAS, {'PATH': client_path}).collect.way == 'ros'
    # Who gives rules wants them.
    assert collect('{every_s: 60}', PATH=client_path, **KEY).way == 'ros'


def test_the_environment_overrides_the_way() -> None:
    assert collect('{way: ros}', EI_COLLECT_WAY='Studio').way == 'studio'
    assert collect('{way: studio, every_s: 60}', EI_COLLECT_WAY='ros').way == 'ros'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('{privacy: blurred}', "collect.privacy: 'blurred' is not valid: Input should be 'local', 'blur' or"),
        ('{way: cloud}', "collect.way: 'cloud' is not valid: "),
        (
            '{cameras: [gate, lnae]}',
            "collect.cameras[1]: 'lnae' is not valid: lnae is no camera; there are: lane",
        ),
        ('{unsure_confidence: [0.7, 0.3]}', 'unsure_confidence 0.7 to 0.3 holds nothing; give the lower'),
        ('{testing_share: 1.5}', 'collect.testing_share: 1.5 is not valid: '),
        ('{every_s: 0}', 'collect.every_s: 0 is not valid: '),
        ('{daily_limit: 0}', 'collect.daily_limit: 0 is not valid: '),
        ('{every: 60}', 'collect.every: is not a field; did you mean every_s?'),
        ('[1]', 'collect: [1] is not valid: '),
        ('{way: studio, privacy: local}', 'which privacy: local forbids; give way: ros, or privacy: none'),
        ('{way: studio, privacy: blur}', 'which privacy: blur forbids'),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        collect(text)


def test_in_collection_mode_cameras_detectors_and_collector_run_and_nothing_is_counted() -> None:
    found = nodes('mode: collect\n' + CLOUD, **KEY)
    assert set(found) == {
        'lane/usb_cam',
        'lane/ei_detector',
        'gate/usb_cam',
        'gate/ei_detector',
        'sample_collector',
    }
    parameters = found['sample_collector'].parameters
    assert (parameters['mode'], parameters['cameras']) == ('collect', ['lane', 'gate'])
    assert parameters['labels'] == ['car', 'van']
    # What the model is unsure about is not cut off before anybody sees it.
    assert found['lane/ei_detector'].parameters['confidence'] == 0.3
    assert found['gate/ei_detector'].parameters['confidence'] == 0.2


def test_the_official_client_has_the_camera_for_itself() -> None:
    assert nodes('mode: collect\ncollect: {way: studio}\n' + CLOUD, **KEY) == {}


def test_while_counting_the_collector_waits_to_be_switched_on_where_the_cloud_can_do_so() -> None:
    found = nodes(CLOUD, **KEY)
    assert found['sample_collector'].parameters['mode'] == 'count'
    assert found['aws_iot_bridge'].parameters['collector'] == 'count'
    assert found['lane/ei_detector'].parameters['confidence'] == 0.5
    for text, environment in ((CLOUD, {}), ('', KEY)):
        assert 'sample_collector' not in nodes(text, **environment)
    assert nodes(CLOUD)['aws_iot_bridge'].parameters['collector'] == ''


def test_an_operator_can_collect_while_counting_without_a_cloud() -> None:
    found = nodes('collect: {while_counting: true, cameras: [gate]}')
    assert found['sample_collector'].parameters['mode'] == 'collect'
    assert found['sample_collector'].parameters['cameras'] == ['gate']
    assert 'gate/car_counter' in found


def test_the_key_goes_to_the_collector_as_no_parameter_and_not_at_all_where_nothing_is_to_leave() -> None:
    found = nodes(CLOUD, **KEY)
    assert found['sample_collector'].secrets == {'EI_API_KEY_IMAGE'}
    assert 'ei_hush' not in repr(found)
    local = nodes('collect: {privacy: local}\n' + CLOUD, **KEY)
    assert local['sample_collector'].secrets == frozenset()


def test_a_rule_that_is_switched_off_and_no_label_are_parameters_too() -> None:
    parameters = nodes('collect: {while_counting: true, every_s: null}')['sample_collector'].parameters
    assert (parameters['every_s'], parameters['label']) == (0.0, '')


@pytest.mark.parametrize(
    ('text', 'environment', 'words'),
    [
        ('mode: collect', {}, 'EI_API_KEY_IMAGE is not set: collected pictures wait on this device'),
        ('mode: collect', KEY, 'uploaded to Edge Impulse, blurred'),
        ('mode: collect\ncollect: {privacy: none}', KEY, 'uploaded to Edge Impulse, as they are'),
        ('mode: collect\ncollect: {privacy: local}', KEY, 'collected pictures stay on this device'),
        ('mode: collect\ncollect: {way: studio}', KEY, 'run `edge-impulse-linux`'),
    ],
)
def test_it_is_said_what_leaves_the_device(text: str, environment: dict[str, str], words: str) -> None:
    said = notes(config.parse(f'{CAMERAS}{text}\n', environment), environment)
    assert 'COLLECTION MODE Y: nothing is counted' in said
    assert any(words in note for note in said)
