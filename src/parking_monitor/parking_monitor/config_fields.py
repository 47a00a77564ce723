"""Hold the kinds of fields that fleet.yaml is made of."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_ROS_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*')


def matching(pattern: str, what: str) -> AfterValidator:
    """Demand a pattern, and say in words what it stands for."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f'must be {what}')
        return value

    return AfterValidator(check)


def number_or_text(value: object) -> object:
    """Let a number stand without quotes: `floor: 1`, `source: 0`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def refuse_repeated(names: list[str]) -> None:
    """Demand that names differ.

    Raises:
        ValueError: when one stands twice.
    """
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'must have different names; {name!r} stands {names.count(name)} times')


def _ros_name(value: str) -> str:
    if not _ROS_NAME.fullmatch(value) or value.endswith('_') or '__' in value:
        raise ValueError(
            'must be a ROS name: a letter, then letters, digits and single underscores, as in north_gate'
        )
    return value


def _plain_text(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 for character in value):
        raise ValueError('must be one line of text that is not empty')
    return value


RosName = Annotated[str, Field(max_length=64), AfterValidator(_ros_name)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_plain_text), BeforeValidator(number_or_text)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Section(BaseModel):
    """A part of fleet.yaml with fields of its own."""

    model_config = ConfigDict(frozen=True, extra='forbid', hide_input_in_errors=True)
