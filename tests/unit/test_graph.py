"""From fleet.yaml to the nodes to start."""

import json

from parking_monitor import config, graph

CLOUD = 'cloud: {endpoint: broker, certificate: a, private_key: b, ca: c}\n'


def built(text: str, **environment: str) -> graph.Graph:
    return graph.build(config.parse(text, {'BALENA_DEVICE_UUID': 'abcdef1234', **environment}))


def test_a_camera_has_a_node_for_each_step_in_its_own_namespace() -> None:
    nodes = built('cameras: [{name: lane}]').nodes
    assert [node.full_name for node in nodes] == [
        '/device_abcdef1/lane/usb_cam',
        '/device_abcdef1/lane/ei_detector',
        '/device_abcdef1/lane/car_counter',
        '/device_abcdef1/lane/annotator',
    ]


def test_a_device_has_one_bridge_for_all_its_cameras() -> None:
    nodes = built('cameras: [{name: a, floor: P1}, {name: b, floor: P2}]\n' + CLOUD).nodes
    bridges = [node for node in nodes if node.executable == 'aws_iot_bridge']
    assert [node.full_name for node in bridges] == ['/device_abcdef1/aws_iot_bridge']
    assert bridges[0].parameters['cameras'] == ['a', 'b']
    assert bridges[0].parameters['floors'] == ['P1', 'P2']


def test_a_bridge_knows_what_holds_when_the_cloud_sets_nothing() -> None:
    cameras = 'cameras: [{name: a, confidence: 0.3}, {name: b, model: /srv/lot-v1.eim}]\n'
    nodes = built(f'state_folder: /srv/state\n{cameras}{CLOUD}', TG_TOKEN='123:hush', TG_CHAT_ID='5').nodes
    parameters = next(node for node in nodes if node.executable == 'aws_iot_bridge').parameters
    assert parameters['confidences'] == ['0.3', '0.5']
    assert parameters['models'] == ['default', '/srv/lot-v1.eim']
    assert parameters['models_folder'] == '/srv/state/models'
    assert parameters['telegram'] is True


def test_a_device_that_collects_runs_no_counters() -> None:
    executables = {node.executable for node in built('cameras: [{name: a}]\nmode: collect\n' + CLOUD).nodes}
    assert executables == {'usb_cam', 'ei_detector', 'sample_collector'}


def test_only_the_notifier_is_given_the_token_and_nobody_as_a_parameter() -> None:
    nodes = built('cameras: [{name: a}]', TG_TOKEN='123:hush', TG_CHAT_ID='5').nodes
    assert {node.executable for node in nodes if 'TG_TOKEN' in node.secrets} == {'telegram_notifier'}
    assert 'hush' not in repr(nodes)


def test_zones_travel_as_json() -> None:
    nodes = built(
        'cameras: [{name: a, zones: [{name: z, polygon: [[0, 0], [1, 0], [1, 1]], capacity: 3}]}]'
    ).nodes
    counter = next(node for node in nodes if node.executable == 'car_counter')
    zones = counter.parameters['zones']
    assert isinstance(zones, list)
    assert json.loads(zones[0]) == {'name': 'z', 'polygon': [[0, 0], [1, 0], [1, 1]], 'capacity': 3}


def test_bays_and_gates_travel_as_json_to_who_counts_and_who_draws() -> None:
    nodes = built(
        'cameras: [{name: a, bays: [{name: A1, polygon: [[0, 0], [1, 0], [1, 1]]}], '
        'gates: [{name: in, line: [[0, 0.5], [1, 0.5]], inside: [0.5, 1]}]}]'
    ).nodes
    for executable in ('car_counter', 'annotator'):
        parameters = next(node for node in nodes if node.executable == executable).parameters
        bays, gates = parameters['bays'], parameters['gates']
        assert isinstance(bays, list)
        assert isinstance(gates, list)
        assert json.loads(bays[0]) == {'name': 'A1', 'polygon': [[0, 0], [1, 0], [1, 1]]}
        assert json.loads(gates[0]) == {'name': 'in', 'line': [[0, 0.5], [1, 0.5]], 'inside': [0.5, 1]}


def test_a_counter_keeps_its_totals_in_a_file_of_its_device_and_camera() -> None:
    nodes = built('state_folder: /srv/state\ntime_zone: Asia/Tokyo\ncameras: [{name: a}]').nodes
    parameters = next(node for node in nodes if node.executable == 'car_counter').parameters
    assert parameters['state_file'] == '/srv/state/device_abcdef1/a.json'
    assert parameters['time_zone'] == 'Asia/Tokyo'


ZONE = 'zones: [{name: z, polygon: [[0, 0], [1, 0], [1, 1]]}]'


def test_two_cameras_with_places_are_seen_as_one_lot() -> None:
    nodes = built(f'cameras: [{{name: a}}, {{name: b, {ZONE}}}]').nodes
    lots = [node for node in nodes if node.executable == 'lot_counter']
    assert [node.full_name for node in lots] == ['/device_abcdef1/lot_counter']
    assert lots[0].parameters == {'cameras': ['a', 'b'], 'stale_after_s': 30.0}


def test_a_lot_waits_for_the_counter_of_a_slow_camera() -> None:
    nodes = built(f'cameras: [{{name: a, stale_after_s: 3600}}, {{name: b, {ZONE}}}]').nodes
    (lot,) = (node for node in nodes if node.executable == 'lot_counter')
    assert lot.parameters['stale_after_s'] == 7200.0


def test_one_camera_or_cameras_without_places_need_no_lot() -> None:
    for cameras in (f'[{{name: a, {ZONE}}}]', '[{name: a}, {name: b}]'):
        assert 'lot_counter' not in {node.executable for node in built(f'cameras: {cameras}').nodes}


def test_the_graph_keeps_to_the_machine() -> None:
    assert built('cameras: [{name: a}]').environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
