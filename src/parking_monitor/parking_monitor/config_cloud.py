"""Hold the part of fleet.yaml that says where counts go, and as whom."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.topics import check_topic
from parking_monitor.config_fields import Section, matching, refuse_repeated
from parking_monitor.config_forward import MOST_FORWARDED, Forward


class Cloud(Section):
    """The broker that counts go to, and the certificate that this device shows it.

    With `identity`, the folder of the device's own identity, the rest comes from there
    unless it is given. `endpoint` is None while neither says it. Only with `snapshots` does a
    picture leave the device, when an operator asks for it.
    """

    identity: Path | None = None
    endpoint: Annotated[str, matching(r'[A-Za-z0-9.-]{1,253}', 'a host name, without scheme and port')] | None
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    certificate: Path
    private_key: Path
    ca: Path
    topic: Annotated[str, Field(min_length=1, max_length=256)] = 'EI_TOPIC'
    interval_s: Annotated[float, Field(ge=1, le=86_400)] = 120.0
    snapshots: bool = False
    forward: Annotated[tuple[Forward, ...], Field(max_length=MOST_FORWARDED)] = ()

    @field_validator('topic')
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        try:
            return check_topic(value)
        except InvalidNameError:
            raise ValueError(
                'must be an MQTT topic: at most 256 bytes and 7 slashes, no + and no #, not beginning with $'
            ) from None

    @field_validator('forward')
    @classmethod
    def _targets_differ(cls, forward: tuple[Forward, ...]) -> tuple[Forward, ...]:
        refuse_repeated([one.name for one in forward])
        return forward

    @model_validator(mode='after')
    def _has_an_endpoint(self) -> Self:
        if self.endpoint is None and self.identity is None:
            raise ValueError('endpoint is missing; give it, or the folder of an identity')
        return self
