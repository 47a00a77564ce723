"""Read which pictures are collected to train a model with: the section `collect` of fleet.yaml."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from parking_monitor.config_fields import Fraction, RosName, Section, Text
from parking_monitor.config_places import Problem

STUDIO_CLIENT = 'edge-impulse-linux'
"""The program that shows a camera in Studio under "Record new data"."""

Way = Literal['studio', 'ros']
Privacy = Literal['local', 'blur', 'none']


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Collect(Section):
    """How pictures are collected, which ones, and what leaves the device.

    Attributes:
        way: `studio` is Edge Impulse's own client, `ros` the node `sample_collector`.
        privacy: `local`: no picture leaves the device; `blur`: without the detail of faces and
            plates; `none`: as they are.
        while_counting: collect in the mode `count` too, without the cloud asking for it.
    """

    way: Annotated[Way, BeforeValidator(_lower)] = 'ros'
    privacy: Privacy = 'blur'
    while_counting: bool = False
    cameras: Annotated[tuple[RosName, ...], Field(max_length=16)] = ()
    every_s: Annotated[float, Field(ge=1, le=604_800)] | None = 600.0
    unsure: bool = True
    unsure_confidence: tuple[Fraction, Fraction] = (0.3, 0.7)
    min_spacing_s: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    suggest_labels: bool = True
    label: Text | None = None
    testing_share: Fraction = 0.2
    daily_limit: Annotated[int, Field(ge=1, le=100_000)] = 200
    spool_mb: Annotated[int, Field(ge=1, le=100_000)] = 500

    @model_validator(mode='after')
    def _makes_sense(self) -> Self:
        low, high = self.unsure_confidence
        if low >= high:
            raise ValueError(f'unsure_confidence {low:g} to {high:g} holds nothing; give the lower one first')
        if self.way == 'studio' and 'privacy' in self.model_fields_set and self.privacy != 'none':
            raise ValueError(
                f'way studio shows the picture as it is to Edge Impulse, which privacy: {self.privacy} '
                'forbids; give way: ros, or privacy: none'
            )
        return self


def with_default_way(
    section: object, content: Mapping[str, object], environment: Mapping[str, str]
) -> object:
    """Say in a section how pictures are collected where nobody else does.

    As in the walk-through of the reference system, a device with the official client and a key shows
    its camera in Studio; one whose file has a section `collect` has rules for the collector.

    Args:
        section: with what the environment has put over it.
        content: of the file.
        environment: of this process.
    """
    if section is not None and not isinstance(section, dict):
        return section
    has_client = shutil.which(STUDIO_CLIENT, path=environment.get('PATH', '')) is not None
    has_key = bool(environment.get('EI_API_KEY_IMAGE', '').strip())
    way: Way = 'studio' if has_client and has_key and not content.get('collect') else 'ros'
    return {'way': way, **(section or {})}


def collect_problems(collect: Collect, cameras: Sequence[str]) -> Iterator[Problem]:
    """Yield cameras that are named and not there."""
    for index, name in enumerate(collect.cameras):
        if name not in cameras:
            reason = f'{name} is no camera; there are: {", ".join(cameras)}'
            yield Problem(('collect', 'cameras', index), name, reason)
