"""Say the message of any other ROS topic in JSON."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORWARDED_SCHEMA: Literal['parking.ros/1'] = 'parking.ros/1'


class ForwardedMessage(BaseModel):
    """Hold a message of a ROS topic, as a receiver sees it."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    uuid: str = Field(description='The device that forwards it.')
    schema_: Literal['parking.ros/1'] = Field(alias='schema', description='Name and version of this form.')
    topic: str = Field(description='Name of the ROS topic.')
    type: str = Field(description='Its type, for example sensor_msgs/msg/LaserScan.')
    received_at: str = Field(description='UTC time when the device took it.')
    message: dict[str, Any] = Field(
        description='The fields of the message. Arrays of bytes (uint8, int8, byte) are base64; numbers that '
        'JSON does not have (NaN and infinity) are null.'
    )

    def payload(self) -> bytes:
        """Return it as compact JSON in UTF-8."""
        return self.model_dump_json(by_alias=True).encode()
