"""Say where each value of a configuration came from: the environment, the file, the identity, a default."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel

from parking_monitor.config_errors import dotted, value_at
from parking_monitor.yaml_source import FieldPath, YamlSource

_FIELDS: tuple[FieldPath, ...] = (
    ('facility',),
    ('mode',),
    ('time_zone',),
    ('state_folder',),
    ('device', 'uuid'),
    ('device', 'name'),
    ('device', 'thing'),
    ('cloud', 'endpoint'),
    ('cloud', 'port'),
    ('cloud', 'certificate'),
    ('cloud', 'private_key'),
    ('cloud', 'ca'),
    ('cloud', 'topic'),
    ('cloud', 'interval_s'),
    ('telegram', 'chat_id'),
    ('collect', 'way'),
    ('collect', 'privacy'),
)


# What an identity may still say while it is waited for, and the floors of cameras too.
_OPEN: frozenset[FieldPath] = frozenset(
    {('facility',), ('device', 'thing'), ('cloud', 'endpoint'), ('cloud', 'port'), ('cloud', 'topic')}
)


class Setting(NamedTuple):
    """Hold one value of a configuration, in words, and where it came from."""

    field: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Origins:
    """Know where the values of one configuration came from.

    Attributes:
        source: the file.
        overridden: fields that the environment set, with the variable's name.
        identified: fields that the device's own identity set.
    """

    source: YamlSource
    overridden: Mapping[FieldPath, str]
    identified: frozenset[FieldPath]

    def of(self, path: FieldPath) -> str:
        """Return where the value of a field came from."""
        written = value_at(self.source.content, path) if _has(self.source.content, path) else None
        place = f'{self.source.name}:{self.source.line_of(path)}'
        if variable := self.overridden.get(path):
            return f'environment {variable}' + (f', instead of {written!r} in {place}' if written else '')
        if path in self.identified:
            return 'identity'
        return 'default' if written is None else place

    def settings(self, fleet: BaseModel) -> Iterator[Setting]:
        """Yield the values that can come from several places."""
        cameras = getattr(fleet, 'cameras', ())
        waits = getattr(fleet, 'waits_for_identity', False)
        floors: list[FieldPath] = [('cameras', index, 'floor') for index in range(len(cameras))]
        for path in (*_FIELDS, *floors):
            if getattr(fleet, str(path[0])) is None:
                continue
            value: object = fleet
            for part in path:
                value = (
                    value[part]
                    if isinstance(part, int) and isinstance(value, tuple)
                    else getattr(value, str(part), None)
                )
            text = 'not known yet' if value in (None, '') else str(value)
            origin = self.of(path)
            is_open = waits and (path in _OPEN or path[-1] == 'floor')
            if is_open and origin in ('default', 'identity'):
                origin = 'the identity, when it is there'
            yield Setting(dotted(path), text, origin)


def _has(content: object, path: FieldPath) -> bool:
    for part in path[:-1]:
        content = value_at(content, (part,))
    return isinstance(content, dict) and path[-1] in content
