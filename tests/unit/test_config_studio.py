"""Where new models come from: the section `studio` of fleet.yaml, and what it makes run."""

import pytest

from parking_monitor import config, graph
from parking_monitor.config import ConfigError
from parking_monitor.fleet import notes

CAMERAS = 'cameras: [{name: a}, {name: b, model: /srv/own.eim}]\n'
KEY = {'EI_API_KEY_IMAGE': 'ei_hush0123'}


def parsed(text: str, **environment: str) -> config.Fleet:
    return config.parse(text, {'BALENA_DEVICE_UUID': 'abcdef1234', **environment})


def keepers(fleet: config.Fleet) -> list[graph.NodeSpec]:
    return [node for node in graph.build(fleet).nodes if node.executable == 'model_keeper']


def test_with_a_key_one_node_of_the_device_fetches_models_and_alone_has_the_key() -> None:
    fleet = parsed(f'state_folder: /srv/state\n{CAMERAS}studio: {{project: 763965, interval_s: 600}}', **KEY)
    (keeper,) = keepers(fleet)
    assert keeper.full_name == '/device_abcdef1/model_keeper'
    assert keeper.parameters == {
        'uuid': 'abcdef1234',
        'models_folder': '/srv/state/models',
        'project': '763965',
        'interval_s': 600.0,
        'api': 'https://studio.edgeimpulse.com/v1',
        'follow': True,
    }
    plan = graph.build(fleet)
    assert [node.executable for node in plan.nodes if 'EI_API_KEY_IMAGE' in node.secrets] == ['model_keeper']
    assert 'hush' not in repr(plan)


def test_without_a_key_or_while_pictures_are_collected_nothing_is_fetched() -> None:
    assert keepers(parsed(CAMERAS)) == []
    assert keepers(parsed(CAMERAS, **KEY, EI_COLLECT_MODE_IMAGE='Y')) == []


def test_detectors_know_where_models_are_without_a_key_too() -> None:
    nodes = graph.build(parsed(f'state_folder: /srv/state\n{CAMERAS}')).nodes
    detectors = [node for node in nodes if node.executable == 'ei_detector']
    assert [node.parameters['models_folder'] for node in detectors] == ['/srv/state/models'] * 2
    assert [node.parameters['model'] for node in detectors] == ['default', '/srv/own.eim']


def test_where_each_camera_names_its_model_only_what_is_asked_for_is_fetched() -> None:
    (keeper,) = keepers(parsed('cameras: [{name: b, model: /srv/own.eim}]', **KEY))
    assert keeper.parameters['follow'] is False


@pytest.mark.parametrize(
    ('section', 'expected'),
    [
        ('{projekt: lot}', 'studio.projekt: is not a field; did you mean project?'),
        ('{interval_s: 5}', 'studio.interval_s: 5 is not valid: Input should be greater than or equal to 60'),
        ('{project: ""}', "studio.project: '' is not valid: must be one line of text"),
        ('{api: "http://studio.example/v1"}', 'with https: the key is sent there'),
        ('{api: "https://user:hush@studio.example/v1"}', 'must be an address such as https://studio'),
        ('{api: studio.example}', 'must be an address such as https://studio'),
        ('{key: ei_1}', 'studio.key: is not a field; '),
    ],
)
def test_a_malformed_section_is_refused_with_its_place(section: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(f'{CAMERAS}studio: {section}')
    assert expected in str(caught.value)
    assert 'fleet.yaml:2: studio' in str(caught.value)
    assert 'hush' not in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'environment', 'expected'),
    [
        (CAMERAS, KEY, 'the newest model of Edge Impulse Studio is fetched, for a'),
        ('cameras: [{name: b, model: /srv/own.eim}]', KEY, 'EI_API_KEY_IMAGE is set, but each camera names'),
        (f'{CAMERAS}studio: {{project: lot}}', {}, 'studio: EI_API_KEY_IMAGE is not set, so no model'),
    ],
)
def test_a_check_says_what_comes_of_it(text: str, environment: dict[str, str], expected: str) -> None:
    assert any(note.startswith(expected) for note in notes(parsed(text, **environment), {}))
