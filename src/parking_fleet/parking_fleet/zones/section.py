"""Write a drawing as the camera's section of fleet.yaml, and read such sections."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from parking_fleet.zones.drawing import MOST, Drawing, DrawingError, Shape
from parking_fleet.zones.geometry import DECIMALS

MOST_CHARACTERS = 1_000_000

_PLACES = ('zones', 'bays', 'gates')
_ROWS = ('polygon', 'line')


def layout_of(drawing: Drawing) -> dict[str, list[dict[str, Any]]]:
    """Return the zones, bays and gates as fleet.yaml has them; what there is none of is left out."""
    content = {
        'zones': [
            {'name': zone.name, **({'capacity': zone.capacity} if zone.capacity else {}), **_polygon(zone)}
            for zone in drawing.of_kind('zone')
        ],
        'bays': [{'name': bay.name, **_polygon(bay)} for bay in drawing.of_kind('bay')],
        'gates': [
            {'name': gate.name, 'line': [list(point) for point in gate.line], 'inside': list(gate.inside)}
            for gate in drawing.of_kind('gate')
        ],
    }
    return {name: items for name, items in content.items() if items}


def compact_layout(drawing: Drawing) -> dict[str, list[dict[str, Any]]]:
    """Return the same for a device shadow, which holds 8 KB: the points in one row, x and y in turn."""
    return {
        name: [
            {key: _row(value) if key in (*_ROWS, 'inside') else value for key, value in item.items()}
            for item in items
        ]
        for name, items in layout_of(drawing).items()
    }


def section_text(drawing: Drawing) -> str:
    """Return the section of the camera as YAML; the same text for the same drawing."""
    lines = ['cameras:', f'  - name: {_scalar(drawing.camera)}']
    if drawing.rest:
        rest = yaml.safe_dump(dict(drawing.rest), sort_keys=False, allow_unicode=True, width=100)
        lines += [f'    {line}' if line else '' for line in rest.splitlines()]
    for name, items in layout_of(drawing).items():
        lines.append(f'    {name}:')
        lines += [f'      - {_one_line(item)}' for item in items]
    return '\n'.join(lines) + '\n'


def read_sections(text: str) -> list[Drawing]:
    """Return the drawing of each camera in a fleet.yaml, in one camera's section, or in its places alone.

    What fleet.yaml refuses for where it lies is read nevertheless, so that it can be put right.

    Raises:
        DrawingError: when it is not such text; says where, and what is allowed.
    """
    if len(text) > MOST_CHARACTERS:
        raise DrawingError(f'longer than {MOST_CHARACTERS:,} characters, which no fleet.yaml is')
    try:
        content = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = f'line {error.problem_mark.line + 1}: ' if error.problem_mark else ''
        raise DrawingError(f'{line}not valid YAML: {error.problem}') from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise DrawingError('not valid YAML') from None
    return [read_camera(camera) for camera in _cameras_in(content)]


def read_camera(content: object) -> Drawing:
    """Return the drawing of a camera's section; its name may be missing.

    Raises:
        DrawingError: as `read_sections`.
    """
    if not isinstance(content, dict):
        raise DrawingError('a camera is a section with name, zones, bays and gates')
    places = {name: _in_pairs(content[name]) for name in _PLACES if content.get(name) is not None}
    try:
        read = _Camera.model_validate({'name': content.get('name', 'camera'), **places})
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ''.join(f'[{part}]' if isinstance(part, int) else f'.{part}' for part in details['loc'])
        message = {'missing': 'is missing', 'extra_forbidden': 'is not a field'}.get(
            details['type'], details['msg']
        )
        raise DrawingError(f'{where.lstrip(".")}: {message.replace("tuple", "list")}') from None
    rest = {key: value for key, value in content.items() if key not in ('name', *_PLACES)}
    drawing = Drawing(camera=read.name, rest=rest)
    for zone in read.zones:
        drawing = drawing.add('zone', zone.polygon, zone.name, zone.capacity)
    for bay in read.bays:
        drawing = drawing.add('bay', bay.polygon, bay.name)
    for gate in read.gates:
        drawing = drawing.add('gate', (*gate.line, gate.inside), gate.name)
    return drawing


def _number_or_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Text = Annotated[str, BeforeValidator(_number_or_text)]
_Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
_Pair = tuple[_Number, _Number]


class _Section(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class _Bay(_Section):
    name: _Text
    polygon: Annotated[tuple[_Pair, ...], Field(min_length=1, max_length=100)]


class _Zone(_Bay):
    capacity: int = 0


class _Gate(_Section):
    name: _Text
    line: tuple[_Pair, _Pair]
    inside: _Pair


class _Camera(_Section):
    name: str
    zones: Annotated[tuple[_Zone, ...], Field(max_length=MOST['zone'])] = ()
    bays: Annotated[tuple[_Bay, ...], Field(max_length=MOST['bay'])] = ()
    gates: Annotated[tuple[_Gate, ...], Field(max_length=MOST['gate'])] = ()


class _Loader(yaml.SafeLoader):
    """Load plain YAML, and refuse a key that stands twice, as the device does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                if key_node.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f'{key_node.value} stands twice', key_node.start_mark
                    )
                seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


def _cameras_in(content: object) -> Iterable[object]:
    if isinstance(content, Mapping) and 'cameras' in content:
        content = content['cameras']
    if isinstance(content, list) and content:
        return content
    if isinstance(content, dict) and content.keys() & {'name', *_PLACES}:
        return [content]
    raise DrawingError(
        'no camera is in this text; give a fleet.yaml, or the section of a camera with zones, bays or gates'
    )


def _in_pairs(items: Any) -> Any:
    """Return what a device reports in rows of numbers with its points in pairs."""
    if not isinstance(items, list):
        return items
    return [
        {key: _pairs(value) if key in _ROWS else value for key, value in item.items()}
        if isinstance(item, dict)
        else item
        for item in items
    ]


def _pairs(row: Any) -> Any:
    if isinstance(row, list) and len(row) % 2 == 0 and not any(isinstance(each, list) for each in row):
        return [row[index : index + 2] for index in range(0, len(row), 2)]
    return row


def _polygon(shape: Shape) -> dict[str, Any]:
    return {'polygon': [list(point) for point in shape.points]}


def _row(points: Any) -> list[float]:
    numbers = [value for point in points for value in (point if isinstance(point, list) else [point])]
    return [int(value) if value in (0.0, 1.0) else value for value in numbers]


def _one_line(item: Mapping[str, Any]) -> str:
    return '{' + ', '.join(f'{key}: {_value(value)}' for key, value in item.items()) + '}'


def _value(value: Any) -> str:
    if isinstance(value, list):
        return '[' + ', '.join(_value(each) for each in value) + ']'
    if isinstance(value, float):
        return f'{value:.{DECIMALS}f}'
    return _scalar(value)


def _scalar(value: str | int) -> str:
    """Return a scalar as it stands within braces, in quotes where YAML needs them."""
    # What cannot be seen, such as another kind of line break, is written as an escape.
    is_plain = str(value).isprintable()
    listed = yaml.safe_dump([value], default_flow_style=True, allow_unicode=is_plain, width=100_000)
    return listed.strip()[1:-1]
