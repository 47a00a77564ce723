"""Hold the part of fleet.yaml that names other ROS topics to forward."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from parking_monitor.config_fields import Section, matching

_ROS_TOPIC = re.compile(r'/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*')
# Below parking/<thing>/ros/ there is room for five levels of the eight that AWS IoT Core takes, and with
# the longest name of a thing for 115 of its 256 bytes.
_MQTT_NAME = re.compile(r'[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,4}')
_MAX_NAME = 115
_ALLOWED_NAME = f'one to five levels of letters, digits, "_", "." and "-", at most {_MAX_NAME} characters'

MOST_FORWARDED = 20


def _is_mqtt_name(name: str) -> bool:
    return len(name) <= _MAX_NAME and bool(_MQTT_NAME.fullmatch(name))


def _mqtt_name(value: str) -> str:
    if not _is_mqtt_name(value):
        raise ValueError(f'must be {_ALLOWED_NAME}; it comes below parking/<thing>/ros/')
    return value


class Forward(Section):
    """A ROS topic whose newest message goes to `parking/<thing>/ros/<name>`.

    `topic` is absolute, or below `/<device>/`; `type`, such as sensor_msgs/msg/LaserScan, is found
    from who publishes it unless it is given.
    """

    topic: Annotated[
        str, Field(max_length=200), matching(_ROS_TOPIC.pattern, 'a ROS topic such as /lidar/scan')
    ]
    type: (
        Annotated[
            str,
            matching(r'[a-z][a-z0-9_]*/msg/[A-Z][A-Za-z0-9]*', 'a type such as sensor_msgs/msg/LaserScan'),
        ]
        | None
    ) = None
    mqtt: Annotated[str, AfterValidator(_mqtt_name)] | None = None
    rate_hz: Annotated[float, Field(ge=0.001, le=10, allow_inf_nan=False)] = 1.0

    @property
    def name(self) -> str:
        """Return what its MQTT topic has below parking/<thing>/ros/."""
        return self.mqtt or self.topic.strip('/')

    @model_validator(mode='after')
    def _has_a_name(self) -> Self:
        if not _is_mqtt_name(self.name):
            raise ValueError(f'topic cannot be an MQTT topic as it is; give mqtt, {_ALLOWED_NAME}')
        return self
