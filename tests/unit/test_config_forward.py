"""Other ROS topics to forward are read whole, or refused with what is allowed."""

import json

import pytest

from parking_monitor import config, graph
from parking_monitor.cloud.topics import ros_topic
from parking_monitor.config import ConfigError
from parking_monitor.config_forward import Forward

CLOUD = 'cameras: [{name: a}]\ncloud: {endpoint: x, certificate: a, private_key: b, ca: c, forward: %s}\n'


def forwarded(text: str) -> tuple[Forward, ...]:
    cloud = config.parse(CLOUD % text, {}).cloud
    assert cloud is not None
    return cloud.forward


def test_a_topic_goes_below_the_thing_under_its_own_name_or_the_given_one() -> None:
    topics = forwarded('[{topic: /lidar/scan}, {topic: a/detections}, {topic: /x, mqtt: y/z}]')
    assert [one.name for one in topics] == ['lidar/scan', 'a/detections', 'y/z']
    assert ros_topic('garage', topics[0].name) == 'parking/garage/ros/lidar/scan'


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('[{topic: "lidar scan"}]', "cloud.forward[0].topic: 'lidar scan' is not valid: must be a ROS topic"),
        ('[{topic: /a/b/c/d/e/f}]', 'topic cannot be an MQTT topic as it is; give mqtt, one to five levels'),
        (
            '[{topic: /a, mqtt: "a/#"}]',
            "cloud.forward[0].mqtt: 'a/#' is not valid: must be one to five levels",
        ),
        ('[{topic: /a, type: LaserScan}]', 'must be a type such as sensor_msgs/msg/LaserScan'),
        ('[{topic: /a, rate_hz: 50}]', 'cloud.forward[0].rate_hz: 50 is not valid'),
        ('[{topic: /a}, {topic: a}]', "must have different names; 'a' stands 2 times"),
        ('[{name: /a}]', 'cloud.forward[0].topic: is missing'),
    ],
)
def test_what_cannot_be_forwarded_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        forwarded(text)
    assert expected in str(refused.value)


def test_every_name_that_is_allowed_makes_a_topic_that_aws_takes() -> None:
    longest = '/'.join(['x' * 23] * 4 + ['x' * 19])
    assert len(longest) == 115
    (one,) = forwarded(f'[{{topic: /a, mqtt: {longest}}}]')
    assert ros_topic('t' * 128, one.name).endswith(longest)
    with pytest.raises(ConfigError, match='at most 115 characters'):
        forwarded(f'[{{topic: /a, mqtt: {longest}x}}]')


def test_the_bridge_is_given_them_as_json() -> None:
    fleet = config.parse(CLOUD % '[{topic: /scan, rate_hz: 0.5}]', {})
    node = next(node for node in graph.build(fleet).nodes if node.executable == 'aws_iot_bridge')
    texts = node.parameters['forward']
    assert isinstance(texts, list)
    assert json.loads(texts[0]) == {'topic': '/scan', 'type': None, 'mqtt': None, 'rate_hz': 0.5}
    assert fleet.cloud is not None
    assert tuple(Forward.model_validate_json(text) for text in texts) == fleet.cloud.forward
